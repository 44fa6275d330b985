"""A wrong voltage: from the start at once, later only when no dip and no swell lasts so long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import WINDOW_S, grid, window

from ampguard.chronicle.nominal import LATER_HIGH_S, LATER_LOW_S, NominalWatch
from ampguard.chronicle.spell import Told
from ampguard.events import Turn, WrongVoltage
from ampguard.phases import Phases

ALL = Phases.all_of(value=True)


def told(watch: NominalWatch, *parts: tuple[float, int], judged: bool = True) -> list[Told[WrongVoltage]]:
    """What windows of these voltages bring, so many of each."""
    volts = [volt for volt, count in parts for _ in range(count)]
    made = [window(grid(one), start_s=n * WINDOW_S) for n, one in enumerate(volts)]
    return [found for one in made if (found := watch.follow(one, judged=judged)) is not None]


@given(ratio=st.floats(0.82, 1.18), nominal_v=st.sampled_from([120.0, 230.0]))
def test_what_en_50160_allows_and_a_brown_out_are_not_wrong(ratio: float, nominal_v: float) -> None:
    assert told(NominalWatch(ALL, nominal_v), (ratio * nominal_v, 60)) == []


@pytest.mark.parametrize(("ratio", "patience_s"), [(0.6, LATER_LOW_S), (1.25, LATER_HIGH_S)])
def test_where_it_was_right_a_dip_or_swell_is_waited_for(ratio: float, patience_s: float) -> None:
    enough = int(patience_s / WINDOW_S)
    assert told(NominalWatch(ALL, 230.0), (230.0, 10), (ratio * 230.0, enough - 2), (230.0, 20)) == []
    (found,) = told(NominalWatch(ALL, 230.0), (230.0, 10), (ratio * 230.0, enough + 2))
    assert found.event.turn is Turn.BEGUN
    assert found.start_s == pytest.approx(2.0 + WINDOW_S), "the first steady window"


def test_it_ends_with_a_second_of_right_voltages() -> None:
    begun, ended = told(NominalWatch(ALL, 230.0), (133.0, 10), (230.0, 10))
    assert (begun.event.turn, ended.event.turn, ended.start_s) == (Turn.BEGUN, Turn.ENDED, 2.0)
    assert ended.event.duration_s == 2.0


def test_the_same_of_one_wired_phase_alone() -> None:
    (found,) = told(NominalWatch(Phases(l1=True, l2=False, l3=False), 230.0), (400.0, 5))
    assert found.event.voltage_rms_v.l1 == 400.0


@pytest.mark.parametrize("volts", [[120 + 0j, 0j, 0j], [0j, 0j, 0j]])
def test_a_phase_without_voltage_is_no_wrong_one(volts: list[complex]) -> None:
    watch = NominalWatch(ALL, 230.0)
    assert [watch.follow(window(volts), judged=True) for _ in range(400)] == [None] * 400


def test_what_is_known_to_be_another_fault_is_not_judged() -> None:
    assert told(NominalWatch(ALL, 230.0), (133.0, 400), judged=False) == []


def test_voltages_that_waver_are_no_other_grid() -> None:
    parts = [(volt, 1) for _ in range(40) for volt in (120.0, 135.0)]
    assert told(NominalWatch(ALL, 230.0), *parts) == []
