"""Where raw codes become volts and amperes: the only place."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.metering.setup import AnalyserSetup, Columns, PhaseError
from ampguard.phases import Phases
from ampguard.settings.settings import GridType
from ampguard_drivers.samples import CHANNELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard.settings.settings import Settings
    from ampguard_drivers.eeprom.records import Calibration
    from ampguard_drivers.samples import SampleBlock

    Floats: TypeAlias = NDArray[np.float64]

CLIPPED_RATIO = 1.15
"""A code so far above full scale is out of the specified range (1 V peak), and soon at the pins' limit (1.2 V)."""
VOLTAGES = Phases.of(CHANNELS.index(f"voltage_{phase}") for phase in ("l1", "l2", "l3"))
CURRENTS = Phases.of(CHANNELS.index(f"current_{phase}") for phase in ("l1", "l2", "l3"))
NEUTRAL = CHANNELS.index("current_n")
"""Columns of a block."""
_FULL_SCALE_V = 0.5**0.5
"""RMS of a sine that fills the converter, at its pins."""


def full_scale_rms(calibration: Calibration, channel: int) -> float:
    """RMS, volts or amperes, of a sine that fills the converter."""
    return calibration.channels[channel].scale_per_adc_v * _FULL_SCALE_V


class Calibrator:
    """Applies one unit's calibration."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._scale = np.array([channel.scale_per_adc_v for channel in calibration.channels])

    def physical(self, block: SampleBlock) -> Floats:
        """(samples, columns) volts and amperes at the inputs."""
        width = block.codes.shape[1]
        return block.codes * (self._scale[:width] / block.full_scale_codes)

    @staticmethod
    def clipped_samples(block: SampleBlock) -> int:
        """How many codes are at the end of the converter's range."""
        limit = CLIPPED_RATIO * block.full_scale_codes
        if block.codes.max() < limit and block.codes.min() > -limit:
            return 0
        return int(np.count_nonzero(np.abs(block.codes.astype(np.int64)) >= limit))

    def analyser_setup(self, settings: Settings, sample_rate_hz: float) -> AnalyserSetup:
        """What the signal processing must know of this unit in this building."""
        errors = [PhaseError(channel.phase_lead_deg) for channel in self._calibration.channels]
        return AnalyserSetup(
            sample_rate_hz=sample_rate_hz * (1.0 + self._calibration.sample_rate_error_ratio),
            columns=columns(settings),
            nominal_frequency_hz=settings.nominal_frequency_hz,
            reference_voltage_v=settings.star_voltage_v,
            voltage_phase_error=Phases(errors[1], errors[3], errors[5]),
            current_phase_error=Phases(errors[0], errors[2], errors[4]),
            ac_coupled=True,
            has_neutral=settings.grid_type is not GridType.IT,
            infer_voltages=settings.wired_voltages != settings.phases,
        )


def columns(settings: Settings) -> Columns:
    """Which columns of the samples carry something in this building."""
    return Columns(
        voltage=_where(VOLTAGES, settings.wired_voltages),
        current=_where(CURRENTS, settings.phases),
        neutral_current=NEUTRAL,
    )


def _where(channels: Phases[int], wired: Phases[bool]) -> Phases[int | None]:
    return Phases.of(channel if there else None for channel, there in zip(channels, wired, strict=True))
