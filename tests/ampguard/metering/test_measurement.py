"""Reported = told: random supplies, straight into the processing."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.ampguard.metering.told import analyser, known, measured, samples, turn_deg

from ampguard.metering.calibration import columns
from ampguard.metering.setup import Columns
from ampguard.phases import LinePairs, Phase, PhaseOrder, Phases
from ampguard.readings import Measurement, Quality
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

FORWARDS, BACKWARDS = (0.0, -120.0, 120.0), (0.0, 120.0, -120.0)
angles = st.floats(-180.0, 180.0)
harmonics = st.lists(
    st.builds(Harmonic, st.integers(2, 25).map(float), st.floats(0.0, 0.08), angles),
    max_size=4,
    unique_by=lambda each: each.order,
).map(tuple)
loads = st.builds(Load, st.floats(0.5, 63.0), angles, harmonics)
voltages = st.floats(180.0, 260.0)
states = st.builds(
    State,
    voltage_v=st.tuples(voltages, voltages, voltages),
    angle_deg=st.tuples(angles, st.floats(-125.0, -115.0), st.floats(115.0, 125.0)).map(
        lambda three: (three[0], three[0] + three[1], three[0] + three[2])
    ),
    frequency_hz=st.floats(45.0, 65.0),
    voltage_harmonics=harmonics,
    loads=st.tuples(loads, loads, loads),
)
rates_hz = st.sampled_from([8000.0, 12_800.0, 30_707.2, 50_000.0])


@given(state=states, rate_hz=rates_hz)
@settings(max_examples=40, deadline=None)
def test_reported_is_told(state: State, rate_hz: float) -> None:
    found = measured(state, 0.7, rate_hz, nominal_hz=None)
    told = Supply([(0.0, state)]).told(0.0)
    assert len(found) >= 2
    for one in found:
        assert one.frequency_hz == pytest.approx(told.frequency_hz, abs=2e-6)
        assert known(one.voltage_rms_v) == pytest.approx(told.voltage_rms_v, rel=5e-6)
        assert known(one.voltage_fundamental_rms_v) == pytest.approx(told.voltage_fundamental_rms_v, rel=1e-5)
        assert known(one.current_rms_a) == pytest.approx(told.current_rms_a, rel=5e-6)
        apparent = [u * i for u, i in zip(told.voltage_rms_v, told.current_rms_a, strict=True)]
        for index in range(3):
            assert turn_deg(tuple(one.voltage_angle_deg)[index], told.voltage_angle_deg[index]) < 1e-3
            assert turn_deg(tuple(one.current_angle_deg)[index], told.current_lag_deg[index]) < 1e-3
            assert tuple(one.active_power_w)[index] == pytest.approx(
                told.active_power_w[index], abs=1e-5 * apparent[index]
            )
            assert tuple(one.reactive_power_var)[index] == pytest.approx(
                told.reactive_power_var[index], abs=2e-5 * apparent[index]
            )
        assert one.voltage_order is PhaseOrder.L1_L2_L3
        assert one.quality <= {Quality.EVENT}


@given(state=states, cuts=st.lists(st.integers(1, 900), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_the_pieces_in_which_samples_arrive_do_not_matter(state: State, cuts: list[int]) -> None:
    signal = samples(state, 0.7)
    whole = analyser().push(signal)
    pieces = analyser()
    found: list[Measurement] = []
    first = 0
    while first < len(signal):
        length = cuts[len(found) % len(cuts)]
        found += pieces.push(signal[first : first + length])
        first += length
    assert [one.start_s for one in found] == pytest.approx([one.start_s for one in whole], abs=1e-7)
    for one, other in zip(found, whole, strict=True):
        assert known(one.voltage_rms_v) == pytest.approx(known(other.voltage_rms_v), rel=1e-7)
        assert known(one.active_power_w) == pytest.approx(known(other.active_power_w), rel=1e-7, abs=1e-4)


def test_the_memory_of_samples_may_be_used_again() -> None:
    signal = samples(State(loads=(Load(5.0), Load(6.0), Load(7.0))), 0.7)
    memory = np.empty((350, signal.shape[1]))
    meter = analyser()
    found: list[Measurement] = []
    for first in range(0, len(signal), len(memory)):
        memory[:] = signal[first : first + len(memory)]
        found += meter.push(memory)
        memory[:] = np.nan
    for one, other in zip(found, analyser().push(signal), strict=True):
        assert known(one.voltage_rms_v) == pytest.approx(known(other.voltage_rms_v), rel=1e-7)


@given(state=states)
@settings(max_examples=25, deadline=None)
def test_windows_follow_each_other_without_a_gap(state: State) -> None:
    found = measured(state, 1.1)
    for before, after in itertools.pairwise(found):
        assert after.start_s == pytest.approx(before.start_s + before.duration_s, abs=1e-12)


@pytest.mark.parametrize("rate_hz", [800.0, 1000.0, 1601.3, 2000.0, 4000.0])
@pytest.mark.parametrize("hz", [45.0, 50.03, 60.0, 65.0])
def test_slow_samplers_are_good_for_a_tenth_of_a_percent(rate_hz: float, hz: float) -> None:
    state = State(frequency_hz=hz, loads=(Load(10.0, 20.0), Load(5.0, -70.0), Load(2.0, 170.0)))
    told = Supply([(0.0, state)]).told(0.0)
    for one in measured(state, 1.0, rate_hz, nominal_hz=None):
        assert one.frequency_hz == pytest.approx(hz, abs=1e-4)
        assert known(one.voltage_rms_v) == pytest.approx(told.voltage_rms_v, rel=1e-4)
        assert known(one.active_power_w) == pytest.approx(told.active_power_w, rel=1e-3, abs=1.0)


@pytest.mark.parametrize("angle_deg", [FORWARDS, BACKWARDS])
@pytest.mark.parametrize("missing", [(), (0,), (1,), (2,), (0, 1), (1, 2), (0, 2)])
def test_any_phase_may_be_missing(angle_deg: tuple[float, float, float], missing: tuple[int, ...]) -> None:
    volts = tuple(0.0 if phase in missing else 230.0 for phase in range(3))
    state = State(
        voltage_v=(volts[0], volts[1], volts[2]), angle_deg=angle_deg, frequency_hz=49.93, loads=(Load(10.0),) * 3
    )
    for one in measured(replace(state, noise_v=0.006), 1.0):
        assert one.frequency_hz == pytest.approx(49.93, abs=1e-4)
        order = PhaseOrder.L1_L2_L3 if angle_deg == FORWARDS else PhaseOrder.L3_L2_L1
        assert one.voltage_order is (None if missing else order)
        assert one.current_order is order
        assert (Quality.MISSING_PHASE in one.quality) == bool(missing)
        for phase in range(3):
            assert tuple(one.voltage_rms_v)[phase] == pytest.approx(volts[phase], abs=0.02)
            assert (tuple(one.voltage_angle_deg)[phase] is None) == (phase in missing)
            assert (tuple(one.current_angle_deg)[phase] is None) == (phase in missing)


def test_nothing_connected_is_said_and_not_guessed() -> None:
    for one in measured(State(voltage_v=(0.0,) * 3, noise_v=0.006, noise_a=0.0006), 1.0):
        assert one.frequency_hz is None
        assert Quality.NO_FREQUENCY in one.quality
        assert one.voltage_order is None
        assert one.current_order is None
        assert tuple(one.current_angle_deg) == (None, None, None)
        assert tuple(one.power_factor_ratio) == (None, None, None)
        assert max(known(one.voltage_rms_v)) < 0.01


def test_silence_is_measured_too() -> None:
    found = analyser().push(np.zeros((8000, 7)))
    assert found
    assert all(known(one.voltage_rms_v) == [0.0, 0.0, 0.0] for one in found)


def test_currents_alone_tell_the_frequency() -> None:
    state = State(voltage_v=(0.0,) * 3, frequency_hz=50.2, loads=(Load(5.0), Load(5.0), Load(5.0)))
    for one in measured(replace(state, noise_v=0.001, noise_a=0.001), 1.0)[1:]:
        assert one.frequency_hz == pytest.approx(50.2, abs=1e-3)
        assert one.current_order is PhaseOrder.L1_L2_L3


def test_a_single_phase_has_no_order_and_no_others() -> None:
    columns = Columns(Phases(1, None, None), Phases(0, None, None))
    (one, *_) = measured(State(loads=(Load(4.0, 30.0), Load(), Load())), 0.7, columns=columns)
    assert tuple(one.voltage_rms_v)[1:] == (None, None)
    assert one.voltage_order is None
    assert one.total_active_power_w == pytest.approx(230.0 * 4.0 * math.cos(math.radians(30.0)))
    assert one.line_voltage_rms_v == LinePairs(None, None, None)
    assert Quality.MISSING_PHASE not in one.quality


def test_without_a_neutral_voltages_are_from_the_star_point() -> None:
    shifted = samples(State(), 0.7)
    shifted[:, [1, 3, 5]] += 40.0 * np.cos(np.arange(len(shifted)) * 0.11)[:, None]
    (one, *_) = analyser(has_neutral=False).push(shifted)
    assert known(one.voltage_rms_v) == pytest.approx([230.0] * 3)
    assert one.line_voltage_rms_v.l1_l2 == pytest.approx(230.0 * math.sqrt(3.0))


def test_unbalance_is_the_weaker_sequence_over_the_stronger() -> None:
    for turn in (1.0, -1.0):
        state = State(voltage_v=(230.0, 220.0, 235.0), angle_deg=(0.0, -119.0 * turn, 121.0 * turn))
        (one, *_) = measured(state)
        a = np.exp(2j * math.pi / 3)
        u = np.array(state.voltage_v) * np.exp(1j * np.radians(state.angle_deg))
        positive, negative = abs(u[0] + a * u[1] + a * a * u[2]), abs(u[0] + a * a * u[1] + a * u[2])
        weaker, stronger = sorted((positive, negative))
        assert one.voltage_unbalance_percent == pytest.approx(100.0 * weaker / stronger, rel=1e-6)


@given(rate=st.floats(-1.0, 1.0), start_hz=st.floats(48.0, 52.0))
@settings(max_examples=20, deadline=None)
def test_a_drifting_frequency_is_that_of_the_windows_middle(rate: float, start_hz: float) -> None:
    state = State(frequency_hz=start_hz, frequency_ramp_hz_per_s=rate)
    for one in measured(state, 2.0)[1:]:
        middle_s = one.start_s + one.duration_s / 2.0
        assert one.frequency_hz == pytest.approx(start_hz + rate * middle_s, abs=1e-4)


@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.0, 1e-9, 1.0, 1e4, 1e9]), length=st.integers(0, 4000))
@settings(max_examples=40, deadline=None)
def test_any_samples_give_finite_values(seed: int, scale: float, length: int) -> None:
    random = np.random.default_rng(seed)
    meter = analyser(nominal_hz=None)
    found = [*meter.push(scale * random.standard_normal((length, 7))), *meter.finish()]
    for one in found:
        for value in (*one.voltage_rms_v, *one.current_rms_a, *one.active_power_w, one.frequency_hz):
            assert value is None or math.isfinite(value)


def test_lost_samples_are_said_and_nothing_is_measured_across_them() -> None:
    signal = samples(State(frequency_hz=50.0), 2.0)
    meter = analyser()
    before = meter.push(signal[:5000])
    after = meter.push(signal[5777:], lost_samples=777)
    assert after[0].quality == {Quality.SHORT_WINDOW}
    assert after[0].start_s + after[0].duration_s <= 5000 / 8000.0
    assert Quality.OVERRUN in after[1].quality
    assert after[1].start_s == pytest.approx(5777 / 8000.0)
    assert all(Quality.OVERRUN not in one.quality for one in (*before, *after[2:]))
    assert all(known(one.voltage_rms_v) == pytest.approx([230.0] * 3, rel=1e-6) for one in (*before, *after))


@given(dc_v=st.floats(-10.0, 10.0))
def test_direct_voltage_counts_unless_the_input_has_an_offset(dc_v: float) -> None:
    assume(abs(dc_v) > 1e-3)
    state = State(voltage_dc_v=dc_v)
    (with_dc, *_), (without, *_) = measured(state), measured(state, ac_coupled=True)
    assert with_dc.voltage_rms_v.l1 == pytest.approx(math.hypot(230.0, dc_v), rel=1e-7)
    assert without.voltage_rms_v.l1 == pytest.approx(230.0, rel=1e-7)


# one voltage alone does not tell the order; the usual one is taken
@pytest.mark.parametrize(
    ("missing", "angle_deg"),
    [
        *[(missing, FORWARDS) for missing in ((0,), (1,), (2,), (1, 2), (0, 1), (0, 2))],
        *[(missing, BACKWARDS) for missing in ((0,), (1,), (2,))],
    ],
)
def test_without_generation_one_voltage_is_enough(
    missing: tuple[int, ...], angle_deg: tuple[float, float, float]
) -> None:
    state = State(angle_deg=angle_deg, loads=(Load(10.0, 20.0), Load(5.0, -30.0), Load(2.0, 60.0)))
    signal = samples(replace(state, noise_v=0.006, noise_a=0.0006), 0.7)
    wired = columns(Settings(voltage_terminals=frozenset(set(Phase) - {tuple(Phase)[phase] for phase in missing})))
    told = Supply([(0.0, state)]).told(0.0)
    for one in analyser(columns=wired, infer_voltages=True).push(signal):
        assert Quality.INFERRED in one.quality
        assert Quality.MISSING_PHASE not in one.quality
        assert known(one.active_power_w) == pytest.approx(told.active_power_w, rel=1e-3)
        assert known(one.reactive_power_var) == pytest.approx(told.reactive_power_var, rel=1e-3)
        assert known(one.current_angle_deg) == pytest.approx(told.current_lag_deg, abs=0.02)
        assert [tuple(one.voltage_rms_v)[phase] for phase in missing] == [None] * len(missing)
        assert one.voltage_order is None


def test_nothing_is_inferred_for_a_phase_that_carries_no_current() -> None:
    state = State(voltage_v=(230.0, 0.0, 230.0), loads=(Load(10.0), Load(0.0), Load(2.0)), noise_v=0.006, noise_a=6e-4)
    wired = columns(Settings(voltage_terminals=frozenset({Phase.L1, Phase.L3})))
    for one in analyser(columns=wired, infer_voltages=True).push(samples(state, 0.7)):
        assert Quality.INFERRED not in one.quality
        assert one.active_power_w.l2 is None


def test_a_wired_voltage_that_is_lost_is_never_inferred() -> None:
    state = State(
        voltage_v=(230.0, 230.0, 0.0), loads=(Load(10.0), Load(2.0), Load(0.01, 200.0)), noise_v=0.006, noise_a=6e-4
    )
    for wired in (Settings(), Settings(voltage_terminals=frozenset({Phase.L1, Phase.L3}))):
        lost = columns(wired)
        for one in analyser(columns=lost, infer_voltages=wired.voltage_terminals is not None).push(samples(state, 0.7)):
            assert Quality.MISSING_PHASE in one.quality
            assert one.active_power_w.l3 == pytest.approx(0.0, abs=0.001)


def test_a_single_phase_misses_nothing() -> None:
    state = State(loads=(Load(10.0, 20.0), Load(), Load()), noise_v=0.006, noise_a=6e-4)
    signal = samples(state, 0.7)
    signal[:, 2:6] = 0.0
    wired = columns(Settings(grid_type=GridType.SINGLE_PHASE))
    for one in analyser(columns=wired).push(signal):
        assert one.quality == frozenset()
        assert one.voltage_rms_v == Phases(pytest.approx(230.0, rel=1e-5), None, None)
        assert one.current_rms_a == Phases(pytest.approx(10.0, rel=1e-4), None, None)
        assert one.total_active_power_w == pytest.approx(2300.0 * math.cos(math.radians(20.0)), rel=1e-4)


@given(before=st.integers(1600, 6000), lost=st.integers(1, 4000))
@settings(max_examples=30, deadline=None)
def test_what_came_before_a_gap_is_measured(before: int, lost: int) -> None:
    state = State(loads=(Load(10.0),) * 3)
    signal = samples(state, 2.0)
    under_test = analyser()
    found = under_test.push(signal[:before])
    found += under_test.push(signal[before + lost : before + lost + 4000], lost_samples=lost)
    found += under_test.finish()
    duration_s = sum(one.duration_s for one in found)
    # whole cycles only: of each side of the gap at most one cycle and what its edges need is left out
    whole_s = (before + 4000) / 8000.0
    assert whole_s - 0.085 <= duration_s <= whole_s + 1e-9
    assert known(found[-1].current_rms_a) == pytest.approx([10.0] * 3, rel=1e-5)
    ends = [one.start_s + one.duration_s for one in found]
    assert all(end <= other.start_s + 1e-9 for end, other in zip(ends, found[1:], strict=False))
    (after,) = [one for one in found if Quality.OVERRUN in one.quality]
    assert after.start_s == pytest.approx((before + lost) / 8000.0)
