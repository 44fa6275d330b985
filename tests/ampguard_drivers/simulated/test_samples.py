"""What a sample is: scale, shift, sign, noise, saturation (sections 7.1, 8, 11)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import SAMPLE_NS, Rig, Sines, constant, silent

if TYPE_CHECKING:
    from tests.ampguard_drivers.simulated.rig import Words

FULL_SCALE = 74_518_668
"""8: code of the filtered waveform at 1 V peak, gain 1."""
CONFIG = 0x12F0
OFFSET_V = 0.0038
"""11: the largest offset of an ADC."""


def captured(rig: Rig, sets: int = 256) -> Words:
    """(sets, 7) from a buffer that has just been filled."""
    rig.run(0)
    rig.capture(CONFIG, pages=16)
    return rig.words(0x800, 7 * sets).reshape(sets, 7)


@pytest.mark.parametrize("volts", [1.0, -1.0, 0.5, -0.25, 0.01])
def test_8_a_volt_has_its_code_on_every_channel(volts: float) -> None:
    codes = captured(Rig(constant(*[volts] * 7))).mean(axis=0)
    assert np.abs(codes - volts * FULL_SCALE).max() <= (0.01 * abs(volts) + OFFSET_V) * FULL_SCALE


@pytest.mark.parametrize("hz", [45.0, 50.0, 60.0, 65.0, 250.0])
def test_8_a_sinusoid_has_its_amplitude(hz: float) -> None:
    codes = captured(Rig(Sines(hz=hz, voltages=(0.9, 0.9, 0.9), currents=(0.4, 0.4, 0.4), neutral=0.2)))
    turn = 2.0 * math.pi * hz / 8000.0 * np.arange(len(codes))
    basis = np.stack([np.cos(turn), np.sin(turn), np.ones_like(turn)], axis=1)
    solved = np.linalg.lstsq(basis, codes.astype(np.float64), rcond=None)[0]
    amplitudes = np.hypot(solved[0], solved[1]) / FULL_SCALE
    assert amplitudes == pytest.approx([0.4, 0.9, 0.4, 0.9, 0.4, 0.9, 0.2], rel=0.01)


def test_7_1_codes_have_24_bits_shifted_left_by_four() -> None:
    codes = captured(Rig(Sines(voltages=(1.0, 0.7, 0.3), neutral=0.1)))
    assert not np.any(codes & 0xF)
    assert np.abs(codes >> 4).max() < 1 << 23


def test_7_1_codes_are_twos_complement_sign_extended_to_32_bits() -> None:
    rig = Rig(constant(*[-0.5] * 7))
    codes = captured(rig)
    assert codes.max() < 0
    assert rig.read_bytes(0x800, 1)[0] >> 3 == 0b11111


@pytest.mark.parametrize("volts", [1.0, 1.15, 1.19, -1.0, -1.19])
def test_1_between_full_scale_and_the_end_of_the_range_the_code_is_still_true(volts: float) -> None:
    codes = captured(Rig(constant(*[volts] * 7)))
    assert codes / FULL_SCALE == pytest.approx(volts, abs=2.0 * OFFSET_V)


@pytest.mark.parametrize("volts", [1.21, -1.21, 5.0, -5.0, 1e9])
def test_1_beyond_0_6_v_at_each_pin_the_code_saturates_and_does_not_wrap(volts: float) -> None:
    codes = captured(Rig(constant(*[volts] * 7)))
    assert codes / FULL_SCALE == pytest.approx(math.copysign(1.2, volts), abs=2.0 * OFFSET_V)


@given(volts=st.lists(st.floats(-3.0, 3.0), min_size=7, max_size=7))
@settings(max_examples=25, deadline=None)
def test_7_1_a_larger_voltage_never_has_a_smaller_code(volts: list[float]) -> None:
    codes = captured(Rig(constant(*volts)), sets=16).mean(axis=0)
    order = np.argsort(volts)
    noise_codes = 2.0 * OFFSET_V * FULL_SCALE
    assert np.all(np.diff(codes[order]) > -noise_codes)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_11_the_signal_to_noise_ratio_is_101_db_at_8_ksps(seed: int) -> None:
    rig = Rig(silent, seed=seed)
    parts = [captured(rig)]
    for _ in range(15):
        rig.wait(256 * SAMPLE_NS)
        parts.append(rig.words(0x800, 7 * 256).reshape(256, 7))
    deviation = np.concatenate(parts).std(axis=0)
    ratio_db = 20.0 * np.log10(FULL_SCALE / math.sqrt(2.0) / deviation)
    # 4096 samples: the deviation is known to 1.1 %, 0.1 dB; five of that
    assert ratio_db == pytest.approx(np.full(7, 101.0), abs=0.5)


def test_11_noise_of_channels_is_independent() -> None:
    codes = captured(Rig(silent)).astype(np.float64)
    correlation = np.corrcoef(codes.T) - np.eye(7)
    assert np.abs(correlation).max() < 5.0 / math.sqrt(len(codes))


def test_11_noise_is_white() -> None:
    codes = captured(Rig(silent)).astype(np.float64)
    codes -= codes.mean(axis=0)
    neighbours = (codes[1:] * codes[:-1]).mean(axis=0) / codes.var(axis=0)
    assert np.abs(neighbours).max() < 5.0 / math.sqrt(len(codes))


@pytest.mark.parametrize("seed", range(6))
def test_11_offsets_stay_within_the_data_sheet(seed: int) -> None:
    offsets = captured(Rig(silent, seed=seed)).mean(axis=0) / FULL_SCALE
    assert np.abs(offsets).max() <= OFFSET_V
    assert np.abs(offsets).max() > 0.0


def test_11_the_same_seed_is_the_same_chip_and_another_is_not() -> None:
    first, same, other = (captured(Rig(Sines(), seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_11_crosstalk_is_below_120_db() -> None:
    driven = captured(Rig(constant(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), seed=1))
    quiet = captured(Rig(silent, seed=1))
    assert np.abs(driven[:, 1:].mean(axis=0) - quiet[:, 1:].mean(axis=0)).max() <= 1e-6 * FULL_SCALE


def test_8_the_sample_registers_show_the_newest_sample_of_the_buffer() -> None:
    rig = Rig(Sines(neutral=0.3))
    rig.run(0)
    rig.capture(CONFIG, pages=16)
    newest = rig.words(0xFF8, 7)
    assert [rig.read_signed(0x510 + channel) for channel in range(7)] == newest.tolist()


def test_8_the_dsp_waveform_has_its_own_full_scale() -> None:
    rig = Rig(Sines(hz=50.0, voltages=(0.8, 0.8, 0.8), currents=(0.4, 0.4, 0.4)))
    rig.run()
    seen = []
    for _ in range(160):
        rig.wait(SAMPLE_NS)
        seen.append([rig.read_signed(address) for address in (0x20A, 0x20B, 0x24A, 0x24B)])
    peaks = np.abs(seen).max(axis=0) / 74_532_013
    assert peaks == pytest.approx([0.4, 0.8, 0.4, 0.8], rel=0.01)
