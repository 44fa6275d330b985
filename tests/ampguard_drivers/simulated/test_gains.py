"""Amplifiers, digital gains, channels that are off or redirected (sections 5, 8, 11)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.ampguard_drivers.simulated.rig import Rig, Sines, constant, silent

PGA_GAIN, CHNL_DIS, ADC_REDIRECT = 0x4B9, 0x4BA, 0x424
FULL_SCALE, RMS, POWER = 74_518_668, 52_702_092, 20_694_066
VOLTS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07)
"""IA, VA, IB, VB, IC, VC, IN."""
FIELDS = (0, 4, 1, 5, 2, 6, 3)
"""5: the registers count IA, IB, IC, IN, VA, VB, VC from their lowest bit."""
GAINS = ((0b00, 1.0), (0b01, 2.0), (0b10, 4.0), (0b11, 4.0))


def means(setting: int, register: int) -> list[float]:
    """Volts by the buffer's codes."""
    rig = Rig(constant(*VOLTS))
    rig.write(register, setting)
    rig.run(0)
    rig.capture(0x12F0, pages=16)
    found: list[float] = (rig.words(0x800, 7 * 256).reshape(256, 7).mean(axis=0) / FULL_SCALE).tolist()
    return found


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize(("code", "gain"), GAINS)
def test_5_each_amplifier_has_its_own_field(place: int, code: int, gain: float) -> None:
    expected = list(VOLTS)
    expected[place] *= gain
    assert means(code << 2 * FIELDS[place], PGA_GAIN) == pytest.approx(expected, abs=0.0039)


@pytest.mark.parametrize(("code", "gain"), GAINS)
def test_1_an_amplified_input_saturates_at_the_same_code(code: int, gain: float) -> None:
    rig = Rig(constant(*[1.3 / gain] * 7))
    rig.write(PGA_GAIN, sum(code << 2 * field for field in range(7)))
    rig.run(0)
    rig.capture(0x12F0, pages=16)
    assert rig.words(0x800, 7 * 256) / FULL_SCALE == pytest.approx(1.2, abs=0.0039)


def test_11_at_gain_4_the_signal_to_noise_ratio_is_96_db() -> None:
    rig = Rig(silent)
    rig.write(PGA_GAIN, 0x2AAA)
    rig.run(0)
    rig.capture(0x12F0)
    parts = []
    for _ in range(16):
        rig.wait(32_000_000)
        parts.append(rig.words(0x800, 7 * 256).reshape(256, 7))
    ratio_db = 20.0 * np.log10(FULL_SCALE / math.sqrt(2.0) / np.concatenate(parts).std(axis=0))
    assert ratio_db == pytest.approx(np.full(7, 96.0), abs=0.5)


@pytest.mark.parametrize("place", range(7))
def test_5_a_disabled_channel_is_silent(place: int) -> None:
    expected = list(VOLTS)
    expected[place] = 0.0
    assert means(1 << FIELDS[place], CHNL_DIS) == pytest.approx(expected, abs=0.0039)


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("code", range(8))
def test_5_a_datapath_can_take_another_converter(place: int, code: int) -> None:
    expected = list(VOLTS)
    if code < 7:
        expected[place] = VOLTS[FIELDS.index(code)]
    field = 3 * FIELDS[place]
    assert means(0x1FFFFF & ~(7 << field) | code << field, ADC_REDIRECT) == pytest.approx(expected, abs=0.0039)


@pytest.mark.parametrize(
    ("code", "gain"), [(0, 1.0), (0x00CCCCCD, 1.1), (0xFF333333, 0.9), (0x08000000, 2.0), (0xF0000000, -1.0)]
)
@pytest.mark.parametrize(
    ("register", "result"),
    [(0x000, 0x20C), (0x00B, 0x20D), (0x020, 0x22C), (0x02B, 0x22D), (0x040, 0x24C), (0x04B, 0x24D), (0x06D, 0x266)],
)
def test_8_a_gain_register_scales_its_channel_alone(register: int, result: int, code: int, gain: float) -> None:
    rig = Rig(Sines(voltages=(0.3, 0.3, 0.3), currents=(0.3, 0.3, 0.3), neutral=0.3))
    rig.write(register, code)
    rig.run()
    for other in (0x20C, 0x20D, 0x22C, 0x22D, 0x24C, 0x24D, 0x266):
        assert rig.read(other) == pytest.approx((abs(gain) if other == result else 1.0) * 0.3 * RMS, rel=0.001)


def test_8_gains_multiply_into_powers_with_their_sign() -> None:
    rig = Rig(Sines(voltages=(0.4, 0.4, 0.4), currents=(0.2, 0.2, 0.2), lag_degrees=(30.0, 30.0, 30.0)))
    rig.write(0x000, 0xF0000000)
    rig.write(0x02B, 0x00CCCCCD)
    rig.run()
    active = 0.4 * 0.2 * POWER * math.cos(math.radians(30.0))
    assert rig.read_signed(0x210) == pytest.approx(-active, rel=0.001)
    assert rig.read_signed(0x230) == pytest.approx(1.1 * active, rel=0.001)
    assert rig.read_signed(0x250) == pytest.approx(active, rel=0.001)


@pytest.mark.parametrize(("register", "base"), [(0x00E, 0x210), (0x02E, 0x230), (0x04E, 0x250)])
def test_8_a_power_gain_scales_all_powers_of_its_phase(register: int, base: int) -> None:
    rig = Rig(Sines(voltages=(0.4, 0.4, 0.4), currents=(0.2, 0.2, 0.2), lag_degrees=(40.0, 40.0, 40.0)))
    rig.write(register, 0x00CCCCCD)
    rig.run()
    turns = (math.cos(math.radians(40.0)), math.sin(math.radians(40.0)), 1.0)
    for other in (0x210, 0x230, 0x250):
        gain = 1.1 if other == base else 1.0
        for offset in range(6):
            expected = gain * turns[offset % 3] * 0.08 * POWER
            assert rig.read_signed(other + offset) == pytest.approx(expected, rel=0.002)


def test_8_digital_gains_do_not_change_the_converter_samples() -> None:
    plain = means(0, 0x000)
    assert means(0x08000000, 0x000) == plain
