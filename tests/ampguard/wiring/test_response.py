"""What the voltages answer tells import from export and one phase from another; it never decides alone."""

from __future__ import annotations

import cmath
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phases import Phases
from ampguard.wiring.finding import RIGHT
from ampguard.wiring.hypotheses import Connection, Look, Posterior, connections
from ampguard.wiring.response import GRIDS, MOST_WEIGHT, Answer, log_likelihoods

ALL = Phases.all_of(value=True)
EVERY = connections(ALL)
UNITS = tuple(cmath.rect(1.0, math.radians(angle)) for angle in (0.0, -120.0, 120.0))
PHASE = np.array([list(one.phase) for one in EVERY])
TURNED = np.array([list(one.reversed) for one in EVERY], dtype=int)
LINE_OHM, NEUTRAL_OHM = 0.3, 0.2


def answered(steps_a: tuple[complex, complex, complex], noise_v: tuple[float, float, float] = (0, 0, 0)) -> Answer:
    """By the physics of a grid with resistances."""
    change_v = [
        -((LINE_OHM * step + NEUTRAL_OHM * sum(steps_a)) * unit.conjugate()).real + noise
        for step, unit, noise in zip(steps_a, UNITS, noise_v, strict=True)
    ]
    return Answer((change_v[0], change_v[1], change_v[2]), 0.2)


def seen(steps_a: tuple[complex, complex, complex], wiring: Connection) -> Look:
    shown = [
        steps_a[place] * (-1 if turned else 1) for place, turned in zip(wiring.phase, wiring.reversed, strict=True)
    ]
    return Look((shown[0], shown[1], shown[2]), UNITS, 0.006, is_step=True)  # type: ignore[arg-type] # three of them


def weights(steps_a: tuple[complex, complex, complex], wiring: Connection, answer: Answer) -> dict[Connection, float]:
    found = log_likelihoods(PHASE, TURNED, seen(steps_a, wiring), answer)
    weighed = np.logaddexp.reduce(found + np.log([[usual] for _, _, usual in GRIDS]), axis=0)
    return dict(zip(EVERY, (float(one) for one in weighed), strict=True))


def one_phase(phase: int, size_a: float) -> tuple[complex, complex, complex]:
    steps = [size_a * unit if number == phase else 0j for number, unit in enumerate(UNITS)]
    return steps[0], steps[1], steps[2]


@given(
    st.integers(0, 2),
    st.floats(5.0, 30.0),
    st.sampled_from([1.0, -1.0]),
    st.tuples(*[st.floats(-0.15, 0.15)] * 3),
)
def test_whatever_was_switched_its_direction_is_told(
    phase: int, size_a: float, sign: float, noise_v: tuple[float, float, float]
) -> None:
    """On or off, load or generation: a clamp that seems to raise its own voltage is the wrong way round."""
    steps_a = one_phase(phase, sign * size_a)
    found = weights(steps_a, RIGHT, answered(steps_a, noise_v))
    turned = Connection(RIGHT.phase, Phases.of(number == phase for number in range(3)))
    assert found[RIGHT] - found[turned] > MOST_WEIGHT / 3


@pytest.mark.parametrize("phase", range(3))
def test_the_phase_is_told(phase: int) -> None:
    steps_a = one_phase(phase, 10.0)
    elsewhere = Connection(Phases.of((number + 1) % 3 for number in range(3)), Phases.all_of(value=False))
    assert weights(steps_a, RIGHT, answered(steps_a))[RIGHT] > weights(steps_a, RIGHT, answered(steps_a))[elsewhere] + 1


@given(st.tuples(*[st.complex_numbers(max_magnitude=60.0, allow_nan=False)] * 3), st.tuples(*[st.floats(-30, 30)] * 3))
def test_one_answer_never_says_more_than_it_may(
    steps_a: tuple[complex, complex, complex], change_v: tuple[float, float, float]
) -> None:
    found = list(weights(steps_a, RIGHT, Answer(change_v, 0.2)).values())
    assert max(found) - min(found) <= MOST_WEIGHT


@given(st.sampled_from(EVERY), st.tuples(*[st.complex_numbers(max_magnitude=60.0, allow_nan=False)] * 3))
def test_a_voltage_that_does_not_answer_tells_no_direction(
    wiring: Connection, steps_a: tuple[complex, complex, complex]
) -> None:
    found = weights(steps_a, wiring, Answer((0.0, 0.0, 0.0), 0.2))
    for one in EVERY:
        opposite = Connection(one.phase, Phases.of(not turned for turned in one.reversed))
        assert found[one] == pytest.approx(found[opposite])


def test_voltages_that_are_not_measured_say_nothing() -> None:
    found = list(weights(one_phase(0, 9.0), RIGHT, Answer((None, None, None), 0.2)).values())
    assert max(found) == pytest.approx(min(found))


def test_export_and_clamps_that_are_all_reversed_are_told_apart_by_some_appliances() -> None:
    flowing = [10.0 * -unit for unit in UNITS]
    for wiring in (RIGHT, Connection(RIGHT.phase, ALL)):
        really = [one * (1 if wiring == RIGHT else -1) for one in flowing]
        static = seen((really[0], really[1], really[2]), wiring)
        looks = [Look(static.current_a, UNITS, 0.006)]
        for number, size_a in itertools.product(range(3), (4.0, 9.0, -6.0)):
            steps_a = one_phase(number, size_a)
            step = seen(steps_a, wiring)
            looks.append(Look(step.current_a, UNITS, 0.006, (False,) * 3, is_step=True, answer=answered(steps_a)))
        posterior = Posterior(ALL)
        alone = posterior.of(looks[:1])
        found = posterior.of(looks)
        index = posterior.connections.index(wiring)
        assert alone[index] < 0.9
        assert found[index] > 0.99
