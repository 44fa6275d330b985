"""Any wiring that leaves a trace is found, and none is claimed wrongly."""

from __future__ import annotations

import cmath
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.finding import RIGHT
from ampguard.wiring.hypotheses import Connection, Look, Posterior, connections
from ampguard.wiring.judge import SURE_PROBABILITY
from ampguard.wiring.loads import GENERATES, NOBODY_KNOWS, ONLY_DRAWS, Generation

ordinary = st.tuples(*[st.floats(-8.0, 24.0)] * 3)
importing = st.tuples(*[st.floats(-88.0, 88.0)] * 3)
"""Filters of idle converters lead, compensated motors do either: anything that draws power."""
flowing = st.tuples(*[st.floats(0.2, 60.0)] * 3)
orders = st.sampled_from(PhaseOrder)
ALL = Phases.all_of(value=True)
USUAL_A = (5.0, 3.0, 8.0)
SINGLE = [one for one in connections(ALL) if one.faults == 1 and len(set(one.phase)) == 3]


def seen(
    connection: Connection,
    lag_deg: tuple[float, float, float],
    order: PhaseOrder = PhaseOrder.L1_L2_L3,
    current_a: tuple[float, float, float] = USUAL_A,
) -> Look:
    """What the clamps show of these loads."""
    turn = -2.0 * math.pi / 3.0 if order is PhaseOrder.L1_L2_L3 else 2.0 * math.pi / 3.0
    one, two, three = (cmath.rect(230.0, turn * phase) for phase in range(3))
    volts = (one, two, three)
    loads = [
        current_a[phase] * volts[phase] / 230.0 * cmath.rect(1.0, -math.radians(lag_deg[phase])) for phase in range(3)
    ]
    first, second, third = (
        -loads[place] if turned else loads[place]
        for place, turned in zip(connection.phase, connection.reversed, strict=True)
    )
    noise_a = 1e-3 * max(current_a)
    return Look((first, second, third), volts, noise_a)


def posterior(look: Look, generation: Generation = NOBODY_KNOWS) -> dict[Connection, float]:
    under_test = Posterior(ALL, generation)
    return dict(zip(under_test.connections, under_test.of([look]).tolist(), strict=True))


def claimed(found: dict[Connection, float]) -> Connection | None:
    likeliest = max(found, key=lambda each: found[each])
    return likeliest if found[likeliest] >= SURE_PROBABILITY else None


@given(lags=importing, current_a=flowing, order=orders)
def test_right_clamps_are_never_called_wrong(
    lags: tuple[float, float, float], current_a: tuple[float, float, float], order: PhaseOrder
) -> None:
    found = posterior(seen(RIGHT, lags, order, current_a))
    assert 1.0 - found[RIGHT] < SURE_PROBABILITY


@given(lags=ordinary, current_a=flowing, order=orders, connection=st.sampled_from(SINGLE))
def test_one_mistake_with_ordinary_loads_is_never_called_another(
    lags: tuple[float, float, float], current_a: tuple[float, float, float], order: PhaseOrder, connection: Connection
) -> None:
    assert claimed(posterior(seen(connection, lags, order, current_a))) in {connection, None}


@pytest.mark.parametrize("order", PhaseOrder)
@pytest.mark.parametrize("connection", SINGLE, ids=str)
def test_one_mistake_is_found(connection: Connection, order: PhaseOrder) -> None:
    look = seen(connection, (8.0, 2.0, 12.0), order)
    assert claimed(posterior(look, ONLY_DRAWS)) == connection
    seems_to_export = any(connection.reversed)
    assert claimed(posterior(look)) == (None if seems_to_export else connection), "where nobody told"


@given(lags=ordinary, current_a=flowing, order=orders, generation=st.sampled_from([NOBODY_KNOWS, GENERATES]))
def test_one_phase_that_exports_is_no_reversed_clamp(
    lags: tuple[float, float, float], current_a: tuple[float, float, float], order: PhaseOrder, generation: Generation
) -> None:
    """Unless somebody told that nothing generates: from one angle either is as likely."""
    found = posterior(seen(RIGHT, (lags[0], 180.0 + lags[1], lags[2]), order, current_a), generation)
    assert claimed(found) is None


@pytest.mark.parametrize("lag_deg", [0.0, 8.0, 30.0, -30.0])
def test_all_reversed_looks_like_export_and_is_left_open(lag_deg: float) -> None:
    reversed_ = Connection(Phases(0, 1, 2), Phases.all_of(value=True))
    found = posterior(seen(reversed_, (lag_deg,) * 3))
    assert claimed(found) is None
    assert found[reversed_] > 0.001 < found[RIGHT]


@given(first=st.integers(0, 2), second=st.integers(0, 2), turned=st.booleans())
def test_two_clamps_on_one_phase_are_found(first: int, second: int, turned: bool) -> None:  # noqa: FBT001 - drawn
    places, turns = [0, 1, 2], [False] * 3
    places[first] = second
    turns[first] = turned and first != second
    connection = Connection(Phases.of(places), Phases.of(turns))
    found = claimed(posterior(seen(connection, (6.0, 15.0, -4.0))))
    assert found == connection or (found is None and connection.faults > 1)


@given(lags=ordinary)
def test_with_generation_a_reversed_clamp_is_left_open(lags: tuple[float, float, float]) -> None:
    turned = Connection(Phases(0, 1, 2), Phases.of([True, False, False]))
    assert claimed(posterior(seen(turned, lags), GENERATES)) is None


def test_a_step_of_another_load_settles_two_mistakes_at_once() -> None:
    twice = Connection(Phases(1, 0, 2), Phases(True, False, False))  # noqa: FBT003 - of each clamp
    base = seen(twice, (25.0, -14.0, 20.0))
    step = seen(twice, (4.0, 2.0, 6.0), current_a=(6.0, 6.0, 6.0))
    under_test = Posterior(ALL)
    found = under_test.of([base, Look(step.current_a, step.voltage, step.noise_a, is_step=True)])
    assert under_test.connections[int(found.argmax())] == twice
    assert found.max() >= SURE_PROBABILITY > under_test.of([base]).max()


def test_probabilities_add_up_to_one() -> None:
    found = posterior(seen(RIGHT, (1.0, 2.0, 3.0)))
    assert len(found) == 27 * 8
    assert sum(found.values()) == pytest.approx(1.0)


def test_without_current_nothing_is_known() -> None:
    nothing = Look((0j, 0j, 0j), (1 + 0j, 1j, -1 + 0j), 1e-4)
    found = posterior(nothing)
    assert claimed(found) is None


@pytest.mark.parametrize("there", list(itertools.product([False, True], repeat=3)), ids=str)
def test_clamps_that_are_not_there_stand_on_their_own_phases(there: tuple[bool, bool, bool]) -> None:
    count = sum(there)
    assert len(connections(Phases.of(there))) == (2 * count) ** count
    assert RIGHT in connections(Phases.of(there))
