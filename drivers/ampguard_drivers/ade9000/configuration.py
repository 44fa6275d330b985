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
_HIGHEST_LEVEL, _NEVER_CYCLES = 0x00FF_FFFF, 0xFFFF
"""As after a reset."""
_WFB = WfbCfg.WF_SRC_LPF | WfbCfg.WF_MODE_CONTINUOUS | WfbCfg.WF_CAP_SEL_FIXED_RATE


def waveform_buffer(settings: Ade9000Settings) -> int:
    """WFB_CFG without WF_CAP_EN."""
    return _WFB | (WfbCfg.WF_IN_EN if settings.stream_neutral_current else 0)


def before_run(settings: Ade9000Settings) -> tuple[tuple[Register, int], ...]:
    """Registers and values to write while RUN = 0, in this order."""
    current, voltage = int(settings.current_gain), int(settings.voltage_gain)
    over_current = Config3.OC_EN_A | Config3.OC_EN_B | Config3.OC_EN_C
    if settings.stream_neutral_current:
        over_current |= Config3.OC_EN_N
    values: dict[str, int] = {
        "PGA_GAIN": sum(gain << 2 * channel for channel, gain in enumerate([current] * 4 + [voltage] * 3)),
        "ACCMODE": (AccMode.SELFREQ_60 if _is_sixty_hz(settings) else 0) | settings.wiring.value << 4,
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
    written = tuple((REGISTERS[name], int(value)) for name, value in values.items())
    return written + while_running(settings)


def while_running(settings: Ade9000Settings) -> tuple[tuple[Register, int], ...]:
    """Those of them that depend on the installation and may be written while the chip runs.

    A level that nobody watches for is one that is never reached.
    """
    dip, swell, over_current = settings.dip_ratio, settings.swell_ratio, settings.over_current_ratio
    values: dict[str, int] = {
        "VLEVEL": scaling.vlevel(settings.nominal_voltage_ratio),
        # its reset value, 100 Hz, belongs to the sister chip of half the rate
        "USER_PERIOD": scaling.period_codes(settings.nominal_frequency_hz),
        "DIP_LVL": 0 if dip is None else scaling.level_codes(dip),
        "DIP_CYC": _NEVER_CYCLES if dip is None else _EVERY_HALF_CYCLE,
        "SWELL_LVL": _HIGHEST_LEVEL if swell is None else scaling.level_codes(swell),
        "SWELL_CYC": _NEVER_CYCLES if swell is None else _EVERY_HALF_CYCLE,
        "OILVL": _HIGHEST_LEVEL if over_current is None else scaling.level_codes(over_current),
    }
    return tuple((REGISTERS[name], value) for name, value in values.items())


def must_stop(before: Ade9000Settings, after: Ade9000Settings) -> bool:
    """Whether the chip must stand still for it: SELFREQ may only change while RUN = 0 ("power-up procedure")."""
    return _is_sixty_hz(before) != _is_sixty_hz(after)


def is_reachable(before: Ade9000Settings, after: Ade9000Settings) -> bool:
    """Whether one leads to the other without a reset: gains, wiring and columns are the board's."""
    return _of_the_board(before) == _of_the_board(after)


def _of_the_board(settings: Ade9000Settings) -> tuple[object, ...]:
    return settings.wiring, settings.stream_neutral_current, settings.current_gain, settings.voltage_gain


def _is_sixty_hz(settings: Ade9000Settings) -> bool:
    return settings.nominal_frequency_hz > 55.0  # noqa: PLR2004 - between the two there are
