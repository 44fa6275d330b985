"""A group says at once what cannot be."""

from __future__ import annotations

import math

import pytest
from tests.ampguard.balancing.made import charger, group

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.grid import GridType


def test_the_manuals_parameters_make_a_group() -> None:
    made = group(
        charger("a", offline_a=6.0, offline_phase=Phase.L2), charger("b", offline_a=6.0, offline_phase=Phase.L3)
    )
    assert [one.name for one in made.chargers] == ["a", "b"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"supply_max_a": 0.0}, "the main fuse is set to 0.0 A: wanted is a number from 6.0 to 1000.0 A"),
        ({"supply_max_a": math.nan}, "the main fuse is set to nan A"),
        ({"max_online_a": 30.0}, "while the meter is online is set to 30.0 A: wanted is a number from 0.0 to 25.0 A"),
        ({"max_offline_a": -1.0}, "while the meter is offline is set to -1.0 A"),
        ({"min_a": 5.0}, "the least current of a charger is set to 5.0 A: wanted is a number from 6.0"),
    ],
)
def test_a_number_out_of_bounds_is_told_with_the_bounds(changed: dict[str, float], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        group(**changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"max_a": 5.0}, "the most current of charger a is set to 5.0 A"),
        ({"offline_a": 3.0}, "the offline current of charger a is set to 3.0 A: wanted is a number from 6.0 to 32.0 A"),
        ({"phases": ()}, "charger a is said to be on -"),
        ({"phases": (Phase.L1, Phase.L1)}, "charger a is said to be on L1 L1"),
        (
            {"phases": (Phase.L1,), "offline_phase": Phase.L2},
            "charger a is to use L2 while offline, and is not connected",
        ),
        ({"priority": 0}, "priority 0 of charger a: wanted is 1 or more"),
        ({"offline_a": 8.0}, "offline currents are 8.0 A together on L1; the group allows 7.5 A"),
    ],
)
def test_a_charger_that_cannot_be_is_told(changed: dict[str, object], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        group(charger("a", **changed))


def test_two_chargers_have_two_names() -> None:
    with pytest.raises(SetupError, match="two chargers of a group are both called a"):
        group(charger("a"), charger("a"))


def test_chargers_on_phases_of_their_own_may_all_have_an_offline_current() -> None:
    made = group(*(charger(phase.value, offline_a=7.0, offline_phase=phase) for phase in Phase))
    assert len(made.chargers) == 3


def test_currents_at_rotated_terminals_are_those_of_the_supply() -> None:
    one = charger(phases=(Phase.L3, Phase.L2, Phase.L1))
    assert one.currents_a((10.0, 0.0, 1.0), GridType.THREE_PHASE) == (1.0, 0.0, 10.0)


def test_without_neutral_a_charger_hangs_between_two_lines() -> None:
    one = charger(phases=(Phase.L3, Phase.L1))
    assert one.currents_a((10.0, 0.0, 0.0), GridType.IT) == (10.0, 0.0, 10.0)
    with pytest.raises(SetupError, match="the two lines it hangs between"):
        group(charger(phases=(Phase.L1,)), grid=GridType.IT)
