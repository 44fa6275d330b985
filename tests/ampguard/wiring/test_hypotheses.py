"""Any wiring that leaves a trace is found, and none is claimed wrongly."""

from __future__ import annotations

import cmath
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.hypotheses import CONNECTIONS, RIGHT, Connection, posterior

loads = st.tuples(*[st.floats(-18.0, 34.0)] * 3)
importing = st.tuples(*[st.floats(-90.0, 90.0)] * 3)
"""Filters of idle converters lead, compensated motors do either: anything that draws power."""
orders = st.sampled_from(PhaseOrder)


def seen(connection: Connection, loads_deg: tuple[float, float, float], order: PhaseOrder) -> Phases[float]:
    """The lags a meter measures, by drawing phasors rather than by the formula under test."""
    step = -2.0 * math.pi / 3.0 if order is PhaseOrder.L1_L2_L3 else 2.0 * math.pi / 3.0
    voltages = [cmath.rect(230.0, step * phase) for phase in range(3)]
    currents = [voltages[phase] * cmath.rect(0.02, -math.radians(loads_deg[phase])) for phase in range(3)]
    measured = [
        (-1.0 if turned else 1.0) * currents[place]
        for place, turned in zip(connection.phase, connection.reversed, strict=True)
    ]
    return Phases.of(math.degrees(cmath.phase(u / i)) for u, i in zip(voltages, measured, strict=True))


@pytest.mark.parametrize("order", PhaseOrder)
@pytest.mark.parametrize("connection", CONNECTIONS, ids=str)
def test_the_connection_of_an_ordinary_load_is_the_likeliest_of_its_kind(
    connection: Connection, order: PhaseOrder
) -> None:
    found = posterior(seen(connection, (8.0, 8.0, 8.0), order), order, generation_on_site=False)
    best = max(found, key=lambda each: found[each])
    # turning all clamps to the next phase and round looks like another load: fewer faults win
    assert best == connection or best.faults <= connection.faults


@given(loads=importing, order=orders)
def test_right_clamps_are_never_called_wrong(loads: tuple[float, float, float], order: PhaseOrder) -> None:
    found = posterior(seen(RIGHT, loads, order), order, generation_on_site=False)
    assert 1.0 - found[RIGHT] < 0.99


@given(loads=loads, order=orders, clamp=st.integers(0, 2))
def test_one_reversed_clamp_is_found(loads: tuple[float, float, float], order: PhaseOrder, clamp: int) -> None:
    turned = Connection(Phases(0, 1, 2), Phases.of(index == clamp for index in range(3)))
    found = posterior(seen(turned, loads, order), order, generation_on_site=False)
    assert found[RIGHT] < 0.01
    assert max(found, key=lambda each: found[each]) == turned


@given(loads=loads, order=orders, kept=st.integers(0, 2))
def test_two_interchanged_clamps_are_found(loads: tuple[float, float, float], order: PhaseOrder, kept: int) -> None:
    first, second = (index for index in range(3) if index != kept)
    places = [0, 1, 2]
    places[first], places[second] = second, first
    swapped = Connection(Phases.of(places), Phases.all_of(value=False))
    found = posterior(seen(swapped, loads, order), order, generation_on_site=False)
    assert found[RIGHT] < 0.01
    assert max(found, key=lambda each: found[each]) == swapped


@given(loads=loads)
def test_with_generation_a_reversed_clamp_is_left_open(loads: tuple[float, float, float]) -> None:
    turned = Connection(Phases(0, 1, 2), Phases.of([True, False, False]))
    found = posterior(seen(turned, loads, PhaseOrder.L1_L2_L3), PhaseOrder.L1_L2_L3, generation_on_site=True)
    assert 1.0 - found[RIGHT] < 0.99


@given(seen_deg=st.tuples(*[st.floats(-180.0, 180.0)] * 3), order=orders)
def test_with_generation_no_angles_alone_prove_a_fault(seen_deg: tuple[float, float, float], order: PhaseOrder) -> None:
    found = posterior(Phases.of(seen_deg), order, generation_on_site=True)
    assert found[RIGHT] > 0.001


def test_probabilities_add_up_to_one() -> None:
    found = posterior(Phases(1.0, 2.0, 3.0), PhaseOrder.L1_L2_L3, generation_on_site=False)
    assert len(found) == 48
    assert sum(found.values()) == pytest.approx(1.0)
