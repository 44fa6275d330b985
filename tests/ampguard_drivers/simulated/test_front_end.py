"""Clamps, transformers and dividers between conductors and pins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard_drivers.frontend import FRONT_ENDS, Variant
from ampguard_drivers.simulated.front_end import Clamp, FrontEndModel, Tolerances, Wiring
from ampguard_drivers.simulated.supply import Floats, Load, State, Supply

RATE_HZ = 8000.0
EXACT = Tolerances()


def pins(front_end: FrontEndModel, state: State, seconds: float = 0.4) -> Floats:
    return front_end.pins(Supply([(0.0, state)]), 0, round(seconds * RATE_HZ), RATE_HZ)


def rms(samples: Floats) -> Floats:
    found: Floats = np.sqrt(np.square(samples[-1600:]).mean(axis=0))
    return found


@pytest.mark.parametrize("variant", Variant)
def test_nominal_data_scale_the_inputs(variant: Variant) -> None:
    nominal = FRONT_ENDS[variant]
    found = rms(pins(FrontEndModel(variant, tolerances=EXACT), State(loads=(Load(nominal.rated_current_a),) * 3)))
    assert found[1] == pytest.approx(230.0 / nominal.divider_ratio)
    assert found[0] == pytest.approx(nominal.rated_current_a / nominal.ct_ratio * nominal.burden_ohm)
    # rated current fits into the converter's range with room for its crest
    assert found[0] < math.sqrt(0.5)


@given(phases=st.permutations([0, 1, 2]), turned=st.tuples(st.booleans(), st.booleans(), st.booleans()))
@settings(deadline=None)
def test_any_clamp_on_any_phase_either_way_round(phases: list[int], turned: tuple[bool, bool, bool]) -> None:
    state = State(loads=(Load(10.0), Load(20.0, 30.0), Load(5.0, -60.0)))
    clamps = tuple(Clamp(phase, reversed=way) for phase, way in zip(phases, turned, strict=True))
    wired = pins(FrontEndModel(wiring=Wiring(clamps=(clamps[0], clamps[1], clamps[2])), tolerances=EXACT), state)
    right = pins(FrontEndModel(tolerances=EXACT), state)
    for index, (phase, way) in enumerate(zip(phases, turned, strict=True)):
        assert wired[:, 2 * index] == pytest.approx((-1.0 if way else 1.0) * right[:, 2 * phase])


def test_an_open_clamp_sees_nothing_and_a_gap_in_the_core_less() -> None:
    wiring = Wiring(clamps=(Clamp(None), Clamp(1, coupling_ratio=0.7), Clamp(2)), terminals=(0, None, 2))
    found = pins(FrontEndModel(wiring=wiring, tolerances=EXACT), State(loads=(Load(10.0),) * 3))
    assert not found[:, 0].any()
    assert not found[:, 3].any()
    assert rms(found)[2] == pytest.approx(0.7 * rms(found)[4])


@given(volts=st.tuples(*[st.floats(100.0, 150.0)] * 3))
@settings(deadline=None)
def test_an_open_n_floats_in_the_middle_of_the_phases_that_are_wired(volts: tuple[float, float, float]) -> None:
    state = State(voltage_v=volts)
    fixed = pins(FrontEndModel(tolerances=EXACT), state)[:, 1:6:2]
    whole = pins(FrontEndModel(wiring=Wiring(neutral=False), tolerances=EXACT), state)[:, 1:6:2]
    assert whole == pytest.approx(fixed - fixed.mean(axis=1, keepdims=True))
    two = pins(FrontEndModel(wiring=Wiring(terminals=(0, 1, None), neutral=False), tolerances=EXACT), state)
    assert two[:, 1] == pytest.approx((fixed[:, 0] - fixed[:, 1]) / 2.0)
    assert two[:, 3] == pytest.approx(-two[:, 1])
    assert not two[:, 5].any()


@given(lead_deg=st.floats(0.05, 3.0), hz=st.floats(45.0, 65.0))
@settings(max_examples=25, deadline=None)
def test_a_transformers_lead_falls_with_frequency(lead_deg: float, hz: float) -> None:
    tolerances = Tolerances(lead_deg=(lead_deg,) + (0.0,) * 6)
    played = pins(FrontEndModel(tolerances=tolerances), State(frequency_hz=hz, loads=(Load(10.0),) * 3), 4.0)
    count = round(round(hz * 0.5) / hz * RATE_HZ)
    part = played[-count:]
    turn = np.exp(-2j * math.pi * hz / RATE_HZ * np.arange(count)) * np.hanning(count)
    current, voltage = turn @ part[:, 0], turn @ part[:, 1]
    found_deg = math.degrees(np.angle(current / voltage))
    wanted_deg = math.degrees(math.atan(math.tan(math.radians(lead_deg)) * 50.0 / hz))
    assert found_deg == pytest.approx(wanted_deg, abs=2e-3)


def test_a_units_calibration_undoes_its_tolerances() -> None:
    front_end = FrontEndModel(tolerances=Tolerances.of_unit(5))
    found = rms(pins(front_end, State(loads=(Load(10.0),) * 3), 4.0))
    calibration = front_end.calibration()
    values = [float(v) * channel.scale_per_adc_v for v, channel in zip(found, calibration.channels, strict=True)]
    assert values[:6] == pytest.approx([10.0, 230.0] * 3, rel=1e-4)
    assert [channel.phase_lead_deg > 0.0 for channel in calibration.channels] == [True, False] * 3 + [True]


def test_a_full_core_passes_no_more() -> None:
    state = State(loads=(Load(700.0), Load(10.0), Load(10.0)))
    found = pins(FrontEndModel(tolerances=EXACT, saturation_ratio=12.0), state)
    assert np.abs(found[:, 0]).max() == pytest.approx(12.0 * 63.0 / 2100.0 * 18.0)
    assert found[:, 2] == pytest.approx(pins(FrontEndModel(tolerances=EXACT), State(loads=(Load(10.0),) * 3))[:, 2])


def test_units_differ_and_stay_themselves() -> None:
    assert Tolerances.of_unit(1) == Tolerances.of_unit(1)
    assert Tolerances.of_unit(1) != Tolerances.of_unit(2)


def test_pieces_join_without_a_seam() -> None:
    supply = Supply([(0.0, State(loads=(Load(10.0),) * 3))])
    whole = FrontEndModel().pins(supply, 0, 1000, RATE_HZ)
    front_end = FrontEndModel()
    parts = [front_end.pins(supply, first, 125, RATE_HZ) for first in range(0, 1000, 125)]
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("lead_deg", [-1.9, -0.4, 0.0, 0.4, 1.5])
def test_an_input_leads_or_lags_by_what_it_is_told_and_keeps_its_gain(lead_deg: float) -> None:
    tolerances = Tolerances(lead_deg=(lead_deg,) + (0.0,) * 6)
    model = FrontEndModel(tolerances=tolerances)
    supply = Supply([(0.0, State(loads=(Load(10.0), Load(10.0), Load())))])
    pins_v = np.concatenate([model.pins(supply, 128 * block, 128, 8000.0) for block in range(125)])[8000:]
    turns = np.exp(-2j * np.pi * 50.0 * np.arange(8000) / 8000.0)
    told, other = (np.sum(pins_v[:, column] * turns) for column in (0, 2))
    # L2 lags by 120 degrees
    assert np.degrees(np.angle(told / other)) - 120.0 == pytest.approx(lead_deg, abs=1e-3)
    assert abs(told / other) == pytest.approx(1.0, abs=1e-6)
