"""The neutral among the phases: shift and unbalance whatever the reference, and what the currents can add up to."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import TURN, grid, window

from ampguard.chronicle.starpoint import seen
from ampguard.phases import Phases

ALL = Phases.all_of(value=True)
volts = st.complex_numbers(max_magnitude=100.0, allow_nan=False, allow_infinity=False)
amperes = st.complex_numbers(min_magnitude=0.06, max_magnitude=100.0, allow_nan=False, allow_infinity=False)


@given(shift=volts, negative=volts, scale=st.floats(0.2, 2.0), turn=st.sampled_from([1.0, TURN, TURN**2]))
def test_shift_and_unbalance_are_those_the_grid_was_made_of(
    shift: complex, negative: complex, scale: float, turn: complex
) -> None:
    made = [scale * turn * one for one in grid(230.0, shift=shift, negative=negative)]
    assume(min(map(abs, made)) > 1.0)
    star = seen(window(made), ALL)
    assert star is not None
    assert star.positive_v == pytest.approx(scale * 230.0)
    assert abs(star.shift - shift / 230.0) < 1e-9
    assert abs(star.negative - negative / 230.0) < 1e-9
    assert star.shift_v == pytest.approx(scale * abs(shift), abs=1e-6)


@given(shift=volts, negative=volts, order=st.permutations(range(3)))
def test_which_terminal_is_which_changes_no_size(shift: complex, negative: complex, order: list[int]) -> None:
    made = grid(230.0, shift=shift, negative=negative)
    assume(min(map(abs, made)) > 1.0)
    one, other = seen(window(made), ALL), seen(window([made[n] for n in order]), ALL)
    assert one is not None
    assert other is not None
    assert abs(one.shift) == pytest.approx(abs(other.shift))
    assert abs(one.negative) == pytest.approx(abs(other.negative))


@given(flowing=st.tuples(amperes, amperes, amperes), signs=st.tuples(*[st.sampled_from([1.0, -1.0])] * 3))
def test_the_sum_lies_between_its_bounds_whichever_way_round_the_clamps_are(
    flowing: tuple[complex, complex, complex], signs: tuple[float, float, float]
) -> None:
    shown = [sign * one for sign, one in zip(signs, flowing, strict=True)]
    star = seen(window(grid(230.0), shown), ALL)
    assert star is not None
    assert star.highest_sum_a is not None
    assert star.least_sum_a is not None
    assert star.least_sum_a - 1e-6 <= abs(sum(flowing)) <= star.highest_sum_a + 1e-6
    assert star.sum_a is not None
    assert abs(star.sum_a) == pytest.approx(abs(sum(shown)), abs=1e-6)


def test_a_phase_at_the_neutral_leaves_the_sum_as_uncertain_as_its_current() -> None:
    star = seen(window(grid(230.0, shift=-230 + 0j), (3 + 0j, 4 * TURN**2, 4 * TURN)), ALL)
    assert star is not None
    assert star.sum_a is None
    assert star.highest_sum_a is not None
    assert star.highest_sum_a >= 7.0
    assert abs(star.shift) == pytest.approx(1.0)


@pytest.mark.parametrize("terminals", [Phases(l1=True, l2=False, l3=False), Phases(l1=True, l2=True, l3=False)])
def test_an_inferred_voltage_is_no_evidence(terminals: Phases[bool]) -> None:
    assert seen(window(grid(230.0)), terminals) is None


def test_of_one_voltage_there_is_no_star() -> None:
    assert seen(window([230 + 0j, 0j, 0j]), ALL) is None
