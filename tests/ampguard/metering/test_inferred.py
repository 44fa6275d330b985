"""A grid without a neutral of which the voltage between two phases alone is wired (IT, 003 §5.3): what is known of it.

The N terminal is open and floats halfway between both, so that each input sees half of that voltage.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.metering.pair import IDLE, STAR_V, floating, loaded, shown, unit
from tests.ampguard.metering.told import known

from ampguard.metering.inferred import from_pair, from_phases
from ampguard.phases import LinePairs, Phases
from ampguard.readings import EventKind, Quality
from ampguard_drivers.simulated.supply import Harmonic, Load, Supply

PAIRS = (("L1", "L2"), ("L2", "L3"), ("L1", "L3"))
AMPERES, LAGS_DEG = st.floats(0.5, 20.0), st.floats(-30.0, 60.0)
LOADS = st.tuples(*[st.tuples(AMPERES, LAGS_DEG)] * 3)


@pytest.mark.parametrize("wired", PAIRS)
@given(loads=LOADS)
@settings(max_examples=8, deadline=None)
def test_where_the_supply_is_symmetrical_all_powers_are_the_true_ones(
    wired: tuple[str, str], loads: tuple[tuple[float, float], ...]
) -> None:
    state = loaded(loads)
    truth = Supply([(0.0, state)]).told(0.0)
    apparent_va = sum(u * i for u, i in zip(truth.voltage_rms_v, truth.current_rms_a, strict=True))
    # the identity of two wattmeters: what the three loads draw, wherever the voltages are taken from
    drawn_w = sum(230.0 * amperes * math.cos(math.radians(lag_deg)) for amperes, lag_deg in loads)
    for one in unit(wired).push(shown(state, wired)):
        assert one.total_active_power_w == pytest.approx(drawn_w, abs=2e-4 * apparent_va)
        assert known(one.active_power_w) == pytest.approx(truth.active_power_w, abs=2e-4 * apparent_va)
        assert known(one.reactive_power_var) == pytest.approx(truth.reactive_power_var, abs=2e-4 * apparent_va)
        assert known(one.apparent_power_va) == pytest.approx([STAR_V * i for i in truth.current_rms_a], rel=1e-3)
        assert one.quality == {Quality.INFERRED}


def test_what_is_measured_is_the_voltage_between_the_two_and_no_more() -> None:
    state = replace(IDLE, voltage_v=(135.0, 130.0, 133.0), voltage_harmonics=(Harmonic(5, 0.03), Harmonic(3, 0.02)))
    line_v = abs(135.0 - cmath.rect(130.0, math.radians(-120.0)))
    whole = math.hypot(1.0, 0.03)  # the third is in all phases alike
    for one in unit().push(shown(loaded(((5.0, 0.0),) * 3, state))):
        assert one.line_voltage_rms_v == LinePairs(pytest.approx(whole * line_v, rel=2e-3), None, None)
        star_v = pytest.approx(whole * line_v / math.sqrt(3.0), rel=2e-3)
        assert one.voltage_rms_v == Phases(star_v, star_v, None)
        assert one.voltage_thd_percent.l1 == pytest.approx(3.0, abs=0.05)
        assert (one.voltage_angle_deg, one.voltage_order) == (Phases(None, None, None), None)
        assert (one.voltage_unbalance_percent, one.voltage_zero_sequence_v) == (None, None)
        assert one.frequency_hz == pytest.approx(50.0, abs=1e-3)


@given(
    unbalance=st.floats(0.0, 0.03),
    angle_deg=st.floats(-180.0, 180.0),
    loads=LOADS,
)
@settings(max_examples=25, deadline=None)
def test_an_unsymmetrical_supply_makes_powers_wrong_by_no_more_than_twice_its_unbalance(
    unbalance: float, angle_deg: float, loads: tuple[tuple[float, float], ...]
) -> None:
    forwards = [cmath.rect(STAR_V, math.radians(-120.0 * n)) for n in range(3)]
    backwards = [cmath.rect(unbalance * STAR_V, math.radians(120.0 * n + angle_deg)) for n in range(3)]
    phasors = [one + other for one, other in zip(forwards, backwards, strict=True)]
    one, two, three = (abs(each) for each in phasors)
    first, second, third = (math.degrees(cmath.phase(each)) for each in phasors)
    state = loaded(loads, replace(IDLE, voltage_v=(one, two, three), angle_deg=(first, second, third)))
    truth = Supply([(0.0, state)]).told(0.0)
    apparent_va = STAR_V * sum(truth.current_rms_a)
    for found in unit().push(shown(state)):
        assert found.total_active_power_w is not None
        assert abs(found.total_active_power_w - sum(truth.active_power_w)) <= (2.0 * unbalance + 5e-4) * apparent_va


def test_a_voltage_that_is_lost_is_not_inferred_and_one_that_dips_is_an_event() -> None:
    dark = replace(IDLE, voltage_v=(0.0, 0.0, 0.0), noise_v=0.02, loads=(Load(3.0), Load(3.0, 120.0), Load(3.0, 240.0)))
    for one in unit().push(shown(dark)):
        assert one.total_active_power_w is None
        assert Quality.MISSING_PHASE not in one.quality
    dip = Supply([(0.0, IDLE), (0.3, replace(IDLE, voltage_v=(0.8 * STAR_V,) * 3)), (0.5, IDLE)], seed=1)
    under_test = unit()
    under_test.push(floating(dip.sample(0, 8000, 8000.0)))
    (event,) = under_test.take_events()
    assert event.kind is EventKind.DIP
    assert event.duration_s == pytest.approx(0.2, abs=0.021)
    lowest_v = pytest.approx(0.8 * STAR_V, rel=1e-3)
    assert event.extreme_v == Phases(lowest_v, lowest_v, None)


def test_two_phases_that_are_measured_tell_which_way_round_they_run_and_two_that_are_one_voltage_do_not() -> None:
    for way in (-1.0, 1.0):
        three = [cmath.rect(230.0, math.radians(way * 120.0 * n + 7.0)) for n in range(3)]
        for missing in range(3):
            present = [None if n == missing else one for n, one in enumerate(three)]
            assert from_phases(present) == pytest.approx(three)
    star = [cmath.rect(STAR_V, math.radians(20.0 - 120.0 * n)) for n in range(3)]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert from_pair((star[one] - star[other]) / math.sqrt(3.0), (one, other)) == pytest.approx(star)
    assert from_pair(None, (0, 1)) == from_phases([None, None, None]) == [None, None, None]
