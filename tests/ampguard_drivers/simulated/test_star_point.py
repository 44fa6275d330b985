"""A neutral conductor that is broken or bad: laws that hold for any loads."""

from __future__ import annotations

import cmath
import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.integration.simulated import Rig

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.star_point import with_broken_neutral, with_neutral
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

passive = st.builds(Load, st.floats(0.1, 60.0), st.floats(-60.0, 60.0))
voltages_v = st.tuples(*[st.floats(200.0, 250.0)] * 3)
states = st.builds(
    State,
    voltage_v=voltages_v,
    angle_deg=st.tuples(st.floats(-5.0, 5.0), st.floats(-125.0, -115.0), st.floats(115.0, 125.0)),
    loads=st.tuples(passive, passive, passive),
)
resistances_ohm = st.floats(0.0, 1e6)


def voltages(state: State) -> list[complex]:
    pairs = zip(state.voltage_v, state.angle_deg, strict=True)
    return [cmath.rect(voltage_v, math.radians(angle_deg)) for voltage_v, angle_deg in pairs]


def currents(state: State) -> list[complex]:
    turned = [cmath.rect(load.current_a, -math.radians(load.lag_deg)) for load in state.loads]
    return [
        current * cmath.exp(1j * math.radians(angle)) for current, angle in zip(turned, state.angle_deg, strict=True)
    ]


def line_voltages(state: State) -> list[complex]:
    first, second, third = voltages(state)
    return [first - second, second - third, third - first]


@given(load=passive, angle_deg=st.floats(-180.0, 180.0))
@settings(deadline=None)
def test_balanced_loads_move_nothing(load: Load, angle_deg: float) -> None:
    angles_deg = (angle_deg, angle_deg - 120.0, angle_deg + 120.0)
    state = State(angle_deg=angles_deg, loads=(load, load, load))
    broken = with_broken_neutral(state)
    assert voltages(broken) == pytest.approx(voltages(state), abs=1e-9)
    assert currents(broken) == pytest.approx(currents(state), abs=1e-9)


@given(state=states)
@settings(deadline=None)
def test_without_a_neutral_the_currents_add_up_to_nothing(state: State) -> None:
    assert sum(currents(with_broken_neutral(state))) == pytest.approx(0.0, abs=1e-9)


@given(state=states, neutral_ohm=resistances_ohm)
@settings(deadline=None)
def test_the_voltages_between_the_lines_are_the_grids(state: State, neutral_ohm: float) -> None:
    for found in (with_broken_neutral(state), with_neutral(state, neutral_ohm)):
        assert line_voltages(found) == pytest.approx(line_voltages(state), abs=1e-9)


@given(state=states, neutral_ohm=resistances_ohm)
@settings(deadline=None)
def test_each_load_stays_what_it_is(state: State, neutral_ohm: float) -> None:
    for found in (with_broken_neutral(state), with_neutral(state, neutral_ohm)):
        for before, after, before_v, after_v in zip(
            state.loads, found.loads, state.voltage_v, found.voltage_v, strict=True
        ):
            assert after.current_a / after_v == pytest.approx(before.current_a / before_v)
            assert after.lag_deg == before.lag_deg


@given(state=states, neutral_ohm=st.floats(0.01, 1e6))
@settings(deadline=None)
def test_what_does_not_add_up_flows_through_the_neutral(state: State, neutral_ohm: float) -> None:
    found = with_neutral(state, neutral_ohm)
    displacement = voltages(state)[0] - voltages(found)[0]
    assert sum(currents(found)) * neutral_ohm == pytest.approx(displacement, abs=1e-6)


@given(state=states)
@settings(deadline=None)
def test_the_ends_are_a_whole_and_a_broken_neutral(state: State) -> None:
    whole = with_neutral(state, 0.0)
    assert voltages(whole) == pytest.approx(voltages(state))
    assert voltages(with_neutral(state, 1e12)) == pytest.approx(voltages(with_broken_neutral(state)), abs=1e-3)


@given(phase=st.integers(0, 2), lighter_a=st.floats(0.1, 20.0), more=st.floats(1.01, 20.0), lag=st.floats(-40.0, 40.0))
@settings(deadline=None)
def test_the_heavier_loaded_phase_sags_and_the_others_rise(
    phase: int, lighter_a: float, more: float, lag: float
) -> None:
    loads = [Load(lighter_a, lag)] * 3
    loads[phase] = Load(lighter_a * more, lag)
    broken = with_broken_neutral(State(loads=(loads[0], loads[1], loads[2])))
    for other, voltage_v in enumerate(broken.voltage_v):
        assert voltage_v < 230.0 if other == phase else voltage_v > 230.0


@given(state=states, phase=st.integers(0, 2))
@settings(deadline=None)
def test_two_loads_alone_share_the_voltage_between_their_lines(state: State, phase: int) -> None:
    loads = list(state.loads)
    loads[phase] = Load()
    found = with_broken_neutral(replace(state, loads=(loads[0], loads[1], loads[2])))
    one, other = (current for index, current in enumerate(currents(found)) if index != phase)
    assert one == pytest.approx(-other)
    assert currents(found)[phase] == 0.0


def test_without_any_load_nothing_moves() -> None:
    assert voltages(with_broken_neutral(State())) == pytest.approx(voltages(State()))


def test_what_would_return_through_the_neutral_is_gone_with_it() -> None:
    load = Load(5.0, 10.0, (Harmonic(3, 0.5),), dc_a=0.1)
    broken = with_broken_neutral(State(loads=(load, load, Load(2.0))))
    samples = Supply([(0.0, broken)]).sample(0, 1600, 8000.0)
    assert samples[:, 6] == pytest.approx(0.0, abs=1e-9)
    kept = with_neutral(State(loads=(load, load, Load(2.0))), 0.5)
    assert (kept.loads[0].harmonics, kept.loads[0].dc_a) == (load.harmonics, load.dc_a)


def test_a_current_without_a_voltage_is_refused() -> None:
    with pytest.raises(ValueError, match="5 A at 0 V"):
        with_broken_neutral(State(voltage_v=(230.0, 0.0, 230.0), loads=(Load(1.0), Load(5.0), Load(1.0))))


def test_loads_that_resonate_are_refused() -> None:
    with pytest.raises(ValueError, match="resonate"):
        with_broken_neutral(State(loads=(Load(5.0, 90.0), Load(5.0, -90.0), Load())))


def test_the_scenario_tells_what_its_story_says() -> None:
    supply = SCENARIOS["lost-neutral"]().supply
    before, after = supply.state_at(0.0), supply.state_at(7.0)
    assert line_voltages(after) == pytest.approx(line_voltages(before), abs=1e-9)
    assert sum(currents(after)) == pytest.approx(0.0, abs=1e-9)
    first_v, second_v, third_v = after.voltage_v
    assert 170.0 < first_v < 207.0, "sags"
    assert 235.0 < third_v < second_v < 300.0, "rise"
    assert supply.state_at(17.0) == before


def test_the_driver_sees_line_voltages_that_stay() -> None:
    rig = Rig()
    rig.chip.start()
    rig.blocks(0.1)
    healthy = State(loads=(Load(8.0, 5.0), Load(2.0, 20.0), Load(4.0)))
    found_v = []
    for state in (healthy, with_broken_neutral(healthy)):
        rig.board.supply = Supply([(0.0, state)])
        rig.blocks(0.2)  # what was sampled before
        physical = rig.physical(rig.blocks(0.32))[-2400:]  # whole cycles
        pairs = itertools.combinations((1, 3, 5), 2)
        found_v.append([float((physical[:, one] - physical[:, other]).std()) for one, other in pairs])
        told = Supply([(0.0, state)]).told(0.0).voltage_rms_v
        assert physical[:, [1, 3, 5]].std(axis=0) == pytest.approx(told, rel=2e-3)
    assert found_v[1] == pytest.approx(found_v[0], rel=1e-3)
