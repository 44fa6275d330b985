"""From codes to volts and amperes, and what the signal processing is told of a unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.metering.calibration import CLIPPED_RATIO, Calibrator, chip_columns, columns
from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import Assignment, Clamp
from ampguard.settings.settings import GridType, Settings
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration
from ampguard_drivers.samples import CHANNELS, SampleBlock

FULL_SCALE = 74_770_000.0
CALIBRATION = Calibration(tuple(ChannelCalibration(100.0 * (at + 1), 0.1 * at) for at in range(7)), 1e-4, 25.0, "a set")


def block(codes: object, full_scale: float = FULL_SCALE) -> SampleBlock:
    return SampleBlock(np.array(codes, np.int32), 0, 0, 8000.0, full_scale, 0)


@pytest.mark.parametrize("width", [6, 7])
def test_full_scale_is_the_scale_of_each_channel(width: int) -> None:
    physical = Calibrator(CALIBRATION).physical(block([[round(FULL_SCALE)] * width, [-round(FULL_SCALE)] * width]))
    wanted = np.array([100.0 * (at + 1) for at in range(width)])
    np.testing.assert_allclose(physical, [wanted, -wanted])


@settings(deadline=None)
@given(st.lists(st.integers(-(2**27), 2**27), min_size=7, max_size=7))
def test_codes_are_scaled_in_proportion(codes: list[int]) -> None:
    (physical,) = Calibrator(CALIBRATION).physical(block([codes]))
    for at, code in enumerate(codes):
        assert physical[at] == pytest.approx(100.0 * (at + 1) * code / FULL_SCALE)


def test_the_columns_are_those_of_the_chip() -> None:
    found = columns(Settings())
    assert [CHANNELS[column or 0] for column in found.voltage] == ["voltage_l1", "voltage_l2", "voltage_l3"]
    assert [CHANNELS[column or 0] for column in found.current] == ["current_l1", "current_l2", "current_l3"]
    assert CHANNELS[found.neutral_current or 0] == "current_n"


def test_columns_and_leads_follow_the_inputs_and_the_sign_follows_the_clamp() -> None:
    wiring = Assignment(
        Phases(Clamp(Phase.L3), Clamp(Phase.L1, reversed=True), Clamp(Phase.L2)),
        Phases(Phase.L2, Phase.L1, Phase.L3),
    )
    setup = Calibrator(CALIBRATION).analyser_setup(Settings(wiring=wiring), 8000.0)
    assert (setup.columns.current, setup.columns.voltage) == (Phases(2, 4, 0), Phases(3, 1, 5))
    assert setup.columns.neutral_current == 6
    assert [one.lead_deg(50.0) for one in setup.current_phase_error] == pytest.approx([0.2, 0.4, 0.0])
    assert [one.lead_deg(50.0) for one in setup.voltage_phase_error] == pytest.approx([0.3, 0.1, 0.5])
    assert setup.reversed_clamps == Phases(l1=True, l2=False, l3=False)


def test_a_single_phase_building_has_one_voltage_and_one_clamp() -> None:
    told = Settings(grid_type=GridType.SINGLE_PHASE)
    found = columns(told)
    assert (found.voltage, found.current) == (Phases(1, None, None), Phases(0, None, None))
    assert not Calibrator(CALIBRATION).analyser_setup(told, 8000.0).infer_voltages


def test_voltages_that_are_not_wired_are_inferred() -> None:
    told = Settings(voltage_terminals=frozenset({Phase.L2}))
    assert columns(told).voltage == Phases(None, 3, None)
    assert columns(told).current == Phases(0, 2, 4)
    assert Calibrator(CALIBRATION).analyser_setup(told, 8000.0).infer_voltages
    assert not Calibrator(CALIBRATION).analyser_setup(Settings(), 8000.0).infer_voltages


def test_without_a_neutral_the_nominal_voltage_is_between_two_phases() -> None:
    told = Settings(grid_type=GridType.IT, nominal_voltage_v=230.0)
    assert Calibrator(CALIBRATION).analyser_setup(told, 8000.0).reference_voltage_v == pytest.approx(132.79, abs=0.01)


def test_of_the_voltage_between_two_phases_the_chip_sees_halves_which_are_compared_with_nothing() -> None:
    whole = Settings(grid_type=GridType.IT)
    pair = Settings(grid_type=GridType.IT, voltage_terminals=frozenset({Phase.L1, Phase.L2}))
    assert columns(pair).voltage == Phases(1, 3, None)
    assert chip_columns(pair) == replace(columns(pair), voltage=Phases(None, None, None))
    assert chip_columns(whole) == columns(whole)
    setup = Calibrator(CALIBRATION).analyser_setup(pair, 8000.0)
    assert (setup.pair, setup.star_columns, setup.infer_voltages) == ((0, 1), [1, 3], True)
    assert Calibrator(CALIBRATION).analyser_setup(whole, 8000.0).pair is None
    with_neutral = Calibrator(CALIBRATION).analyser_setup(replace(pair, grid_type=GridType.THREE_PHASE), 8000.0)
    assert (with_neutral.pair, with_neutral.star_columns) == (None, [])


@settings(deadline=None)
@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=14, max_size=14))
def test_clipped_codes_are_counted_on_both_sides(codes: list[int]) -> None:
    wanted = sum(abs(code) >= CLIPPED_RATIO * FULL_SCALE for code in codes)
    assert Calibrator.clipped_samples(block(np.reshape(codes, (2, 7)))) == wanted


def test_the_most_negative_code_is_clipped() -> None:
    assert Calibrator.clipped_samples(block([[-(2**31), 0, 0, 0, 0, 0, 0]])) == 1


def test_the_setup_holds_each_channels_own_lead_and_the_true_rate() -> None:
    told = Settings(nominal_voltage_v=230.0, nominal_frequency_hz=50.0)
    setup = Calibrator(CALIBRATION).analyser_setup(told, 8000.0)
    assert setup.sample_rate_hz == pytest.approx(8000.8)
    assert [one.lead_deg(50.0) for one in setup.current_phase_error] == pytest.approx([0.0, 0.2, 0.4])
    assert [one.lead_deg(50.0) for one in setup.voltage_phase_error] == pytest.approx([0.1, 0.3, 0.5])
    assert (setup.nominal_frequency_hz, setup.reference_voltage_v) == (50.0, 230.0)


@pytest.mark.parametrize("grid_type", GridType)
def test_only_an_it_grid_has_no_neutral(grid_type: GridType) -> None:
    setup = Calibrator(CALIBRATION).analyser_setup(Settings(grid_type=grid_type), 8000.0)
    assert setup.has_neutral is (grid_type is not GridType.IT)


def test_what_nobody_told_is_not_assumed() -> None:
    setup = Calibrator(CALIBRATION).analyser_setup(Settings(), 8000.0)
    assert (setup.nominal_frequency_hz, setup.reference_voltage_v) == (None, None)
