"""A loose neutral: several steps of load agree on its ohms, and neighbours, dips and sound ones do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import TURN, WINDOW_S, grid, window

from ampguard.chronicle.loose import STEPS, Looseness, LooseNeutralWatch
from ampguard.chronicle.starpoint import seen
from ampguard.events import Turn
from ampguard.phases import Phases

ALL = Phases.all_of(value=True)
PHASE_OHM = 0.2


def switched(
    watch: LooseNeutralWatch, neutral_ohm: float, times: int, *, reversed_clamp: bool = False, from_s: float = 0.0
) -> list[Looseness]:
    """A load of 10 A on each phase after the other, on and off."""
    found: list[Looseness] = []
    for number in range(times):
        flowing = [10.0 * TURN**-n if number % 2 == 0 and n == number // 2 % 3 else 0.5 * TURN**-n for n in range(3)]
        shift = -neutral_ohm * sum(flowing)
        volts = [one - PHASE_OHM * each + shift for one, each in zip(grid(230.0), flowing, strict=True)]
        shown = [-one for one in flowing] if reversed_clamp else flowing
        for index in range(4):
            one = window(volts, shown, from_s + (4 * number + index) * WINDOW_S)
            if (told := watch.follow(one, seen(one, ALL))) is not None:
                found.append(told.event)
    return found


@given(neutral_ohm=st.floats(1.6, 10.0))
def test_a_loose_neutral_is_told_with_its_ohms(neutral_ohm: float) -> None:
    (found,) = switched(LooseNeutralWatch(), neutral_ohm, 3 * STEPS)
    assert found.turn is Turn.BEGUN
    assert found.neutral_ohm == pytest.approx(neutral_ohm + PHASE_OHM / 3.0, rel=0.1)


@given(neutral_ohm=st.floats(0.0, 1.2))
def test_a_sound_one_is_not(neutral_ohm: float) -> None:
    assert switched(LooseNeutralWatch(), neutral_ohm, 3 * STEPS) == []


def test_too_few_steps_prove_nothing() -> None:
    assert switched(LooseNeutralWatch(), 5.0, STEPS) == []


def test_clamps_the_wrong_way_round_lead_to_no_claim() -> None:
    assert switched(LooseNeutralWatch(), 5.0, 3 * STEPS, reversed_clamp=True) == []


def test_it_ends_when_it_was_tightened() -> None:
    watch = LooseNeutralWatch()
    switched(watch, 5.0, 3 * STEPS)
    (ended,) = switched(watch, 0.1, 3 * STEPS, from_s=100.0)
    assert ended.turn is Turn.ENDED
    assert ended.neutral_ohm < 0.3
