"""ADE9000: the configuration as data, derived from the settings. What is not listed stays at its reset value.

Gains, offsets and phase corrections are never written: calibration happens in software, so that a restarted chip
needs nothing that only this unit knows. Its accumulation of energy stays off: energy is counted from the samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.ade9000 import scaling
from ampguard_drivers.ade9000.fields import (
    CF_ALL_DISABLED,
    AccMode,
    Config1,
    Config3,
    CrcOptEn,
    Status0,
    TempCfg,
    WfbCfg,
)
from ampguard_drivers.ade9000.registers import REGISTERS, Register

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.settings import Ade9000Settings

_HALF_BUFFER_PAGES = 1 << 7 | 1 << 15
_CF_THRESHOLD = 0x0010_0000
_EVERY_HALF_CYCLE = 1
_WFB = WfbCfg.WF_SRC_LPF | WfbCfg.WF_MODE_CONTINUOUS | WfbCfg.WF_CAP_SEL_FIXED_RATE


def waveform_buffer(settings: Ade9000Settings) -> int:
    """WFB_CFG without WF_CAP_EN."""
    return _WFB | (WfbCfg.WF_IN_EN if settings.stream_neutral_current else 0)


def before_run(settings: Ade9000Settings) -> tuple[tuple[Register, int], ...]:
    """Registers and values to write while RUN = 0, in this order."""
    sixty_hz = settings.nominal_frequency_hz > 55.0  # noqa: PLR2004 - between the two there are
    current, voltage = int(settings.current_gain), int(settings.voltage_gain)
    over_current = Config3.OC_EN_A | Config3.OC_EN_B | Config3.OC_EN_C
    if settings.stream_neutral_current:
        over_current |= Config3.OC_EN_N
    values: dict[str, int] = {
        "PGA_GAIN": sum(gain << 2 * channel for channel, gain in enumerate([current] * 4 + [voltage] * 3)),
        "ACCMODE": (AccMode.SELFREQ_60 if sixty_hz else 0) | settings.wiring.value << 4,
        "VLEVEL": scaling.vlevel(settings.nominal_voltage_ratio),
        # its reset value, 100 Hz, belongs to the sister chip of half the rate
        "USER_PERIOD": scaling.period_codes(settings.nominal_frequency_hz),
        "CONFIG0": 0,
        "CONFIG1": Config1.DIP_SWELL_IRQ_MODE,
        "CONFIG3": over_current,
        # with its reset value a missing phase may never be reported
        "SEQ_CYC": 1,
        "WTHR": _CF_THRESHOLD,
        "VARTHR": _CF_THRESHOLD,
        "VATHR": _CF_THRESHOLD,
        "CFMODE": CF_ALL_DISABLED,
        "TEMP_CFG": TempCfg.TEMP_EN,  # results of one sample: nobody waits for an average
        "EVENT_MASK": 0,
        "MASK0": Status0.PAGE_FULL,
        # IRQ1 is left to what cannot be masked: low means that the chip restarted or is broken
        "MASK1": 0,
        "WFB_TRG_CFG": 0,
        "WFB_PG_IRQEN": _HALF_BUFFER_PAGES,
        "WFB_CFG": waveform_buffer(settings),
        "CRC_OPTEN": CrcOptEn.EVERYTHING,
    }
    if settings.dip_ratio is not None:
        values |= {"DIP_LVL": scaling.level_codes(settings.dip_ratio), "DIP_CYC": _EVERY_HALF_CYCLE}
    if settings.swell_ratio is not None:
        values |= {"SWELL_LVL": scaling.level_codes(settings.swell_ratio), "SWELL_CYC": _EVERY_HALF_CYCLE}
    if settings.over_current_ratio is not None:
        values |= {"OILVL": scaling.level_codes(settings.over_current_ratio)}
    return tuple((REGISTERS[name], int(value)) for name, value in values.items())
