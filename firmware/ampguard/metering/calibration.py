"""Where raw codes become volts and amperes: the only place."""

from __future__ import annotations

from dataclasses import replace
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
"""Columns of a block, by input."""
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
        assignment = settings.assignment
        return AnalyserSetup(
            sample_rate_hz=sample_rate_hz * (1.0 + self._calibration.sample_rate_error_ratio),
            columns=columns(settings),
            nominal_frequency_hz=settings.nominal_frequency_hz,
            reference_voltage_v=settings.star_voltage_v,
            voltage_phase_error=_assigned(VOLTAGES, assignment.voltage_inputs).map(errors.__getitem__),
            current_phase_error=_assigned(CURRENTS, assignment.clamp_inputs).map(errors.__getitem__),
            ac_coupled=True,
            has_neutral=settings.grid_type is not GridType.IT,
            infer_voltages=settings.wired_voltages != settings.phases,
            reversed_clamps=assignment.reversed_clamps,
        )


def columns(settings: Settings) -> Columns:
    """Which columns of the samples carry something in this building, by the phase that they really measure."""
    assignment = settings.assignment
    return Columns(
        voltage=_where(_assigned(VOLTAGES, assignment.voltage_inputs), settings.wired_voltages),
        current=_where(_assigned(CURRENTS, assignment.clamp_inputs), settings.phases),
        neutral_current=NEUTRAL,
    )


def chip_columns(settings: Settings) -> Columns:
    """Of these what the chip measures, too: of the voltage between two phases it sees halves, each against N."""
    found = columns(settings)
    return found if settings.voltage_pair is None else replace(found, voltage=Phases(None, None, None))


def _assigned(channels: Phases[int], inputs: Phases[int]) -> Phases[int]:
    """For each phase the column of its input."""
    by_input = list(channels)
    return inputs.map(lambda number: by_input[number])


def _where(channels: Phases[int], wired: Phases[bool]) -> Phases[int | None]:
    return Phases.of(channel if there else None for channel, there in zip(channels, wired, strict=True))
