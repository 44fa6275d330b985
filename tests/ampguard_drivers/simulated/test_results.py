"""RMS, powers, power factor, distortion against a known sinusoid (sections 8, 11, 12)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.ampguard_drivers.simulated.rig import MS, Rig, Sines, constant

if TYPE_CHECKING:
    from tests.ampguard_drivers.simulated.rig import Floats

RMS, POWER, UNIT = 52_702_092, 20_694_066, 1 << 27
PHASES = (0x20A, 0x22A, 0x24A)
"""Base address of each phase; the offsets below follow the list."""
AI_RMS, AV_RMS, AI_FRMS, AV_FRMS, WATT, VAR, VA, FWATT, FVAR, FVA, PF, VTHD, ITHD = range(2, 15)
IRMS_ONE, VRMS_ONE, IRMS_1012, VRMS_1012 = range(15, 19)
FREQUENCIES = (45.0, 47.5, 49.9, 50.0, 50.1, 52.3, 55.0, 59.9, 60.0, 60.1, 62.5, 65.0)
PHSIGN = 0x49D


def settled(pins: Sines, *, sixty_hz: bool = False) -> Rig:
    rig = Rig(pins)
    rig.write(0x492, 0x100 if sixty_hz else 0)
    rig.run()
    return rig


def supply(hz: float, lag: float = 30.0) -> Sines:
    return Sines(hz, (0.5, 0.45, 0.4), (0.25, 0.2, 0.15), 0.05, (0.0, -120.0, 120.0), (lag, lag, lag))


@pytest.mark.parametrize("hz", FREQUENCIES)
def test_11_rms_is_right_to_a_thousandth(hz: float) -> None:
    pins = supply(hz)
    rig = settled(pins, sixty_hz=hz > 55.0)
    for phase, base in enumerate(PHASES):
        assert rig.read(base + AI_RMS) == pytest.approx(pins.currents[phase] * RMS, rel=0.001)
        assert rig.read(base + AV_RMS) == pytest.approx(pins.voltages[phase] * RMS, rel=0.001)
    assert rig.read(0x266) == pytest.approx(pins.neutral * RMS, rel=0.001)


@pytest.mark.parametrize("hz", FREQUENCIES)
def test_11_fundamental_rms_is_right_to_a_thousandth(hz: float) -> None:
    pins = supply(hz)
    rig = settled(pins, sixty_hz=hz > 55.0)
    for phase, base in enumerate(PHASES):
        assert rig.read(base + AI_FRMS) == pytest.approx(pins.currents[phase] * RMS, rel=0.001)
        assert rig.read(base + AV_FRMS) == pytest.approx(pins.voltages[phase] * RMS, rel=0.001)


@pytest.mark.parametrize("hz", FREQUENCIES)
def test_11_half_cycle_rms_is_right_to_a_quarter_and_ten_cycle_rms_to_a_fifth_of_a_percent(hz: float) -> None:
    pins = supply(hz)
    rig = settled(pins, sixty_hz=hz > 55.0)
    for phase, base in enumerate(PHASES):
        assert rig.read(base + IRMS_ONE) == pytest.approx(pins.currents[phase] * RMS, rel=0.0025)
        assert rig.read(base + VRMS_ONE) == pytest.approx(pins.voltages[phase] * RMS, rel=0.0025)
        assert rig.read(base + IRMS_1012) == pytest.approx(pins.currents[phase] * RMS, rel=0.002)
        assert rig.read(base + VRMS_1012) == pytest.approx(pins.voltages[phase] * RMS, rel=0.002)


@pytest.mark.parametrize("hz", FREQUENCIES)
@pytest.mark.parametrize("lag", [0.0, 30.0, 60.0, 90.0, 150.0, 180.0, -45.0, -120.0])
def test_11_powers_are_right_to_a_thousandth_of_the_apparent(hz: float, lag: float) -> None:
    pins = supply(hz, lag)
    rig = settled(pins, sixty_hz=hz > 55.0)
    for phase, base in enumerate(PHASES):
        apparent = pins.voltages[phase] * pins.currents[phase] * POWER
        active, reactive = (apparent * turn(math.radians(lag)) for turn in (math.cos, math.sin))
        for offset, expected in ((WATT, active), (FWATT, active), (VAR, reactive), (FVAR, reactive)):
            assert rig.read_signed(base + offset) == pytest.approx(expected, abs=0.001 * apparent)
        for offset in (VA, FVA):
            assert rig.read_signed(base + offset) == pytest.approx(apparent, rel=0.001)


@pytest.mark.parametrize("lag", [0.0, 10.0, 60.0, 85.0, 95.0, 180.0, -20.0, -60.0, -175.0])
def test_8_the_power_factor_has_the_sign_of_the_active_power(lag: float) -> None:
    rig = settled(supply(50.0, lag))
    for base in PHASES:
        assert rig.read_signed(base + PF) / UNIT == pytest.approx(math.cos(math.radians(lag)), abs=0.001)


def test_8_unity_power_factor_is_two_to_the_27() -> None:
    rig = settled(supply(50.0, 0.0))
    assert rig.read(PHASES[0] + PF) == pytest.approx(0x08000000, abs=0.001 * UNIT)


@pytest.mark.parametrize(
    ("lags", "signs"),
    [
        ((30.0, 30.0, 30.0), 0b000000),
        ((150.0, 30.0, 30.0), 0b000001),
        ((-30.0, 30.0, 30.0), 0b000010),
        ((30.0, 150.0, 30.0), 0b000100),
        ((30.0, -30.0, 30.0), 0b001000),
        ((30.0, 30.0, 150.0), 0b010000),
        ((30.0, 30.0, -30.0), 0b100000),
        ((-150.0, -150.0, -150.0), 0b111111),
    ],
)
def test_5_phsign_tells_each_negative_power(lags: tuple[float, float, float], signs: int) -> None:
    pins = supply(50.0)
    pins.lag_degrees = lags
    assert settled(pins).read(PHSIGN) & 0x3F == signs


def test_8_full_scale_has_the_printed_codes() -> None:
    rig = settled(Sines(50.0, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 1.0))
    assert rig.read(PHASES[0] + AV_RMS) == pytest.approx(RMS, rel=0.001)
    assert rig.read(PHASES[0] + WATT) == pytest.approx(POWER, rel=0.001)
    assert rig.read(0x266) == pytest.approx(RMS, rel=0.001)


@pytest.mark.parametrize("ratio", [0.1, 0.01, 0.002, 0.001])
def test_11_rms_is_right_over_a_thousand_to_one(ratio: float) -> None:
    rig = settled(Sines(50.0, (ratio, ratio, ratio), (ratio, ratio, ratio)))
    for base in PHASES:
        assert rig.read(base + AI_RMS) == pytest.approx(ratio * RMS, rel=0.001)
        assert rig.read(base + AV_RMS) == pytest.approx(ratio * RMS, rel=0.001)


def test_5_direct_voltage_does_not_pass_the_high_pass() -> None:
    rig = Rig(constant(*[0.5] * 7))
    rig.run()
    for base in PHASES:
        assert rig.read(base + AV_RMS) < 0.001 * RMS
        assert rig.read(base + AI_RMS) < 0.001 * RMS


def test_8_harmonics_show_as_distortion_and_not_in_the_fundamental() -> None:
    base_pins = Sines()

    def pins(first_index: int, count: int) -> Floats:
        turn = 2.0 * math.pi * 50.0 / 8000.0 * np.arange(first_index, first_index + count)
        found = base_pins(first_index, count)
        found[:, 1] += 0.05 * np.cos(5.0 * turn)
        found[:, 0] += 0.05 * np.cos(3.0 * turn)
        return found

    rig = Rig(pins)
    rig.run()
    assert rig.read(0x20A + VTHD) / UNIT == pytest.approx(0.1, rel=0.02)
    assert rig.read(0x20A + ITHD) / UNIT == pytest.approx(0.2, rel=0.02)
    assert rig.read(0x20A + AV_FRMS) == pytest.approx(0.5 * RMS, rel=0.001)
    assert rig.read(0x20A + AV_RMS) == pytest.approx(math.hypot(0.5, 0.05) * RMS, rel=0.001)
    assert rig.read(0x22A + VTHD) / UNIT < 0.01


@pytest.mark.parametrize(("neutral", "expected"), [(0.0, 0.0), (0.3, 0.3)])
def test_8_the_neutral_has_rms_registers_of_its_own(neutral: float, expected: float) -> None:
    rig = settled(Sines(neutral=neutral))
    for address in (0x266, 0x267, 0x268):
        assert rig.read(address) == pytest.approx(expected * RMS, rel=0.0025, abs=0.0001 * RMS)


def test_8_the_sum_of_balanced_currents_is_nothing_and_of_one_current_itself() -> None:
    assert settled(Sines()).read(0x269) < 0.001 * RMS
    assert settled(Sines(currents=(0.3, 0.0, 0.0))).read(0x269) == pytest.approx(0.3 * RMS, rel=0.001)


def test_4_results_follow_a_change_within_about_a_second() -> None:
    pins = Sines()
    rig = settled(pins)
    pins.voltages = (0.25, 0.25, 0.25)
    rig.wait(1_100 * MS)
    assert rig.read(PHASES[0] + AV_RMS) == pytest.approx(0.25 * RMS, rel=0.001)
