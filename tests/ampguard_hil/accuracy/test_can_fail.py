"""The check of accuracy goes red with each fault it is there for, and says which function at which point."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.simulated.front_end import RIGHT_CLAMPS, Clamp, Tolerances, Wiring
from ampguard_drivers.simulated.supply import Load
from ampguard_hil.accuracy.limits import Kind
from ampguard_hil.accuracy.points import Point, at_reference
from ampguard_hil.accuracy.run import ReadingsOf, Rig, measure
from ampguard_hil.accuracy.subject import subject
from ampguard_hil.accuracy.table import misses
from ampguard_hil.instruments.protocols import InstrumentError
from ampguard_hil.places.simulated import SimulatedPlace
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.full]

L1_CURRENT = 0
"""Its column among the seven inputs."""


@pytest.fixture(scope="module")
def place() -> Iterator[SimulatedPlace]:
    found = SimulatedPlace()
    try:
        for stage in list(Stage)[1:]:
            found.enter(stage, 60.0)
        yield found
    finally:
        found.close()


def half_load() -> Point:
    """Other currents on each phase, so that a clamp on another one shows."""
    point = at_reference(63.0, 0.2, Kind.HALF)
    loads = tuple(Load(current_a, Kind.HALF.lag_deg) for current_a in (12.6, 15.0, 18.0))
    return replace(point, state=replace(point.state, loads=(loads[0], loads[1], loads[2])))


def sentences(place: SimulatedPlace, wiring: Wiring = Wiring(), by: Tolerances = Tolerances()) -> list[str]:  # noqa: B008 - values
    stand = place.instruments
    assert stand.source is not None
    assert stand.reference is not None
    assert stand.wiring is not None
    assert stand.drift is not None
    stand.wiring.connect(wiring)
    stand.drift.deviate(by)
    return misses(list(measure([half_load()], Rig(stand.source, stand.reference, ReadingsOf(place)), 2)))


def of_functions(found: list[str]) -> set[str]:
    assert all(" at 20 % In, PF 0.5 inductive: wanted " in sentence for sentence in found)
    return {sentence.partition(" at ")[0] for sentence in found}


def on_l1(value: float, otherwise: float) -> tuple[float, ...]:
    return tuple(value if index == L1_CURRENT else otherwise for index in range(7))


def test_it_says_which_box_it_judges(place: SimulatedPlace) -> None:
    told = subject(place)
    assert (told.variant, told.rated_current_a, told.ct_set) == ("one_module", 63.0, "simulated one_module")


def test_a_box_that_is_right_passes(place: SimulatedPlace) -> None:
    assert sentences(place) == []


def test_a_gain_that_is_off_by_half_a_percent_is_found(place: SimulatedPlace) -> None:
    found = sentences(place, by=Tolerances(gain_ratio=on_l1(1.005, 1.0)))
    assert of_functions(found) == {"I L1", "P L1", "S L1"}
    assert "error +0.50" in next(sentence for sentence in found if sentence.startswith("I L1"))


def test_a_phase_error_of_one_degree_is_found(place: SimulatedPlace) -> None:
    # the clamp leads, so the lag seems less, and there seems to be more active power
    found = sentences(place, by=Tolerances(lead_deg=on_l1(1.0, 0.0)))
    assert of_functions(found) == {"P L1", "PF L1"}
    assert "error +3.0" in next(sentence for sentence in found if sentence.startswith("P L1"))


def test_two_swapped_clamps_are_found(place: SimulatedPlace) -> None:
    found = of_functions(sentences(place, Wiring(clamps=(Clamp(1), Clamp(0), Clamp(2)))))
    assert {"I L1", "I L2", "P L1", "P L2"} <= found
    assert not {"I L3", "P L3", "U L1"} & found


def test_a_dead_channel_is_found(place: SimulatedPlace) -> None:
    found = of_functions(sentences(place, Wiring(clamps=(RIGHT_CLAMPS[0], Clamp(None), RIGHT_CLAMPS[2]))))
    assert {"I L2", "P L2", "S L2"} <= found
    assert not {"I L1", "U L2"} & found


def test_an_instrument_refuses_in_plain_words_what_it_cannot_make(place: SimulatedPlace) -> None:
    source = place.instruments.source
    assert source is not None
    with pytest.raises(InstrumentError, match=r"simulated source: frequency_hz: wanted a number from 10 to 400, met 4"):
        source.apply(replace(half_load().state, frequency_hz=4.0))
