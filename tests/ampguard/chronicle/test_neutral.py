"""The neutral: broken, or moved by something else."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import TURN, WINDOW_S, grid, window

from ampguard.chronicle.neutral import LASTING_S, UNPROVEN_S, NeutralWatch
from ampguard.chronicle.starpoint import seen
from ampguard.events import NeutralFault, Turn
from ampguard.phases import Phases

ALL = Phases.all_of(value=True)
BALANCED = (1 + 0j, TURN**2, TURN)


def told(
    watch: NeutralWatch,
    volts: list[complex],
    amperes: tuple[complex, ...] = BALANCED,
    windows: int = 10,
    from_s: float = 0.0,
) -> list[NeutralFault]:
    """What so many windows bring."""
    made = [window(volts, amperes, from_s + n * WINDOW_S) for n in range(windows)]
    return [found.event for one in made if (found := watch.follow(one, seen(one, ALL))) is not None]


def settled(nominal_v: float | None = 230.0) -> NeutralWatch:
    """A watch that has seen a healthy grid."""
    watch = NeutralWatch(nominal_v)
    assert told(watch, grid(230.0)) == []
    return watch


@given(ohm=st.floats(0.0, 0.6), lag_deg=st.floats(-60.0, 60.0), load_a=st.floats(0.0, 100.0))
def test_what_a_load_over_a_sound_neutral_moves_is_no_fault(ohm: float, lag_deg: float, load_a: float) -> None:
    amperes = (1.0 + cmath.rect(load_a, -math.radians(lag_deg)), TURN**2, TURN)
    assert told(settled(), grid(230.0, shift=-ohm * sum(amperes)), amperes, windows=40) == []


@given(angle_deg=st.floats(-180.0, 180.0), size_v=st.floats(40.0, 150.0))
def test_a_short_circuit_on_the_feeder_is_none_as_long_as_a_fuse_takes(angle_deg: float, size_v: float) -> None:
    shift = cmath.rect(size_v, math.radians(angle_deg))
    hurt = grid(230.0 - size_v / 7.0, shift=shift, negative=-shift / 7.0)
    assert told(settled(), hurt, windows=int((LASTING_S - 1.0) / WINDOW_S)) == []


def test_what_is_there_from_the_start_is_told_when_it_outlasts_every_fuse() -> None:
    watch = NeutralWatch(230.0)
    moved = grid(230.0, shift=-60 + 0j)
    assert told(watch, moved, windows=int((LASTING_S - 0.5) / WINDOW_S)) == []
    assert [one.turn for one in told(watch, moved, windows=5)] == [Turn.BEGUN]


@pytest.mark.parametrize(("positive_v", "nominal_v"), [(133.0, 230.0), (133.0, None), (230.0, 120.0)])
def test_a_grid_that_is_not_the_one_that_is_set_is_not_judged(positive_v: float, nominal_v: float | None) -> None:
    watch = NeutralWatch(nominal_v)
    assert told(watch, grid(positive_v)) == []
    assert told(watch, grid(positive_v, shift=-positive_v / 2.0 + 0j), windows=60) == []


def test_without_load_a_broken_neutral_does_not_move_and_nothing_is_told() -> None:
    assert told(settled(), grid(230.0), windows=60) == []


def test_a_fault_that_is_proven_by_nothing_ends_after_ten_minutes_without_a_shift() -> None:
    watch = settled()
    assert [one.turn for one in told(watch, grid(230.0, shift=-60 + 0j))] == [Turn.BEGUN]
    until = int(UNPROVEN_S / WINDOW_S)
    assert told(watch, grid(230.0), windows=until - 2, from_s=4.0) == []
    (ended,) = told(watch, grid(230.0), windows=4, from_s=4.0 + (until - 2) * WINDOW_S)
    assert ended.turn is Turn.ENDED


def test_where_a_clamp_is_missing_only_a_huge_shift_is_a_fault() -> None:
    for shift_v, faults in ((40.0, 0), (80.0, 1)):
        watch = settled()
        made = [window(grid(230.0, shift=-shift_v + 0j), BALANCED, 2.0 + n * WINDOW_S) for n in range(10)]
        unclamped = [replace(one, current_rms_a=Phases(None, 0.0, 0.0)) for one in made]
        assert sum(watch.follow(one, seen(one, ALL)) is not None for one in unclamped) == faults


@pytest.mark.parametrize("flowing", [(0j, 3 * TURN**2, 3 * TURN), (3 + 0j, 0j, 0j)])
def test_a_clamp_that_shows_nothing_may_be_missing(flowing: tuple[complex, ...]) -> None:
    assert told(settled(), grid(230.0, shift=-36 + 0j), flowing, windows=60) == []
    assert len(told(settled(), grid(230.0, shift=-120 + 0j), flowing)) == 1


def test_terminals_on_phase_and_neutral_interchanged_are_no_broken_neutral() -> None:
    first, second, third = grid(230.0)
    assert told(NeutralWatch(230.0), [-first, second - first, third - first], windows=60) == []
    assert told(NeutralWatch(None), [first, first, TURN * first], windows=60) == []
