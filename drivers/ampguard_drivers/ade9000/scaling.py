"""ADE9000 (data sheet Rev. B, "full-scale codes"): what its numbers stand for.

Full scale is a sine of 1 V peak at a converter's pins with gain 1. The chip's own gains stay at reset, so these
constants hold for every unit; tolerances are the calibration's business.
"""

from __future__ import annotations

SAMPLE_RATE_HZ = 8000.0
"""Rate of the low-pass filtered samples, of the DSP and of the period registers."""
SAMPLE_FULL_SCALE_CODES = 74_518_668.0
"""Peak of the sinc4 + low-pass samples (WF_SRC 10)."""
RMS_FULL_SCALE_CODES = 52_702_092.0
"""IRMS, VRMS, their fundamentals, one-cycle and 10/12-cycle RMS."""
POWER_FULL_SCALE_CODES = 20_694_066.0
"""WATT, VAR, VA and their fundamentals, both inputs at full scale and in phase."""
UNITY_CODES = float(1 << 27)
"""1.0 in power factor and THD."""

_LEVEL_SHIFT = 5
_VLEVEL_CODES = 1_144_084.0
_ANGLE_CLOCK_HZ = 1.024e6
_PERIOD_CODES = SAMPLE_RATE_HZ * 65536.0


def level_codes(full_scale_ratio: float) -> int:
    """Threshold for dip, swell and over-current: the one-cycle RMS code without its five lowest bits."""
    return round(full_scale_ratio * RMS_FULL_SCALE_CODES) >> _LEVEL_SHIFT


def rms_of_level_codes(register: int) -> int:
    """One-cycle RMS code of a dip, swell or over-current value register (24 bits)."""
    return (register & 0x00FF_FFFF) << _LEVEL_SHIFT


def vlevel(nominal_ratio: float) -> int:
    """VLEVEL for a nominal voltage that is `nominal_ratio` of full scale."""
    return round(_VLEVEL_CODES / nominal_ratio)


def frequency_hz(period: int) -> float:
    """Line frequency from xPERIOD."""
    return _PERIOD_CODES / (period + 1)


def period_codes(line_frequency_hz: float) -> int:
    """The USER_PERIOD of a line frequency, rounded as the data sheet prints it."""
    return round(_PERIOD_CODES / line_frequency_hz)


def angle_deg(register: int, line_frequency_hz: float) -> float:
    """An angle register as degrees in (-180, 180]; with the measured frequency, not the nominal one."""
    turned_deg = register * 360.0 * line_frequency_hz / _ANGLE_CLOCK_HZ % 360.0
    return turned_deg - 360.0 if turned_deg > 180.0 else turned_deg  # noqa: PLR2004 - half a turn


def temperature_degc(result: int, trim: int) -> float:
    """Temperature from TEMP_RSLT and the chip's own TEMP_TRIM (offset in the high half, gain in the low)."""
    gain, offset = trim & 0xFFFF, trim >> 16
    return (result & 0xFFF) * (-gain / 65536.0) + offset / 32.0
