"""What the signal processing must be told: which column is what, and what each channel does to angles."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ampguard.phases import Phases

CALIBRATION_HZ = 50.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the samples is what; None = not connected."""

    voltage: Phases[int | None]
    current: Phases[int | None]
    neutral_current: int | None = None

    @property
    def phase_rows(self) -> int:
        """How many columns from the first on hold all voltages and phase currents: harmonics are told of these."""
        return 1 + max((column for column in (*self.voltage, *self.current) if column is not None), default=-1)


@dataclass(frozen=True, slots=True)
class PhaseError:
    """What a channel does to the angle of the fundamental on its way."""

    transformer_lead_deg: float = 0.0
    """At CALIBRATION_HZ; a transformer's lead falls with frequency (winding resistance over magnetising reactance)."""
    skew_s: float = 0.0
    """Sampled so much later than the time stamp says: the waveform seems to be ahead."""

    def lead_deg(self, frequency_hz: float) -> float:
        """By how much the fundamental is advanced at that frequency."""
        ratio = math.tan(math.radians(self.transformer_lead_deg)) * CALIBRATION_HZ / frequency_hz
        return math.degrees(math.atan(ratio)) + 360.0 * frequency_hz * self.skew_s


NO_PHASE_ERROR = PhaseError()


@dataclass(frozen=True, slots=True)
class AnalyserSetup:
    """What the signal processing must be told."""

    sample_rate_hz: float
    columns: Columns
    nominal_frequency_hz: float | None
    """50 or 60; None = find out."""
    reference_voltage_v: float | None
    """What dips and swells refer to; None = no events."""
    voltage_phase_error: Phases[PhaseError]
    """Taken off the results."""
    current_phase_error: Phases[PhaseError]
    ac_coupled: bool
    """True: the mean of each window is removed (converter offset); False: DC is part of the true RMS."""
    has_neutral: bool
    """False: voltages are referred to their artificial star point; where two are wired, see `pair`."""
    infer_voltages: bool = False
    """True: a phase whose voltage is not wired is taken to have the voltage of another one, turned by 120 deg; what
    follows from it is flagged. A wired voltage that is lost is never inferred."""
    reversed_clamps: Phases[bool] = Phases(l1=False, l2=False, l3=False)  # noqa: RUF009 - frozen
    """Whose current is turned by half a turn before anything is made of it."""

    @property
    def star_columns(self) -> list[int]:
        """The voltages that are referred to the star point."""
        wired = [column for column in self.columns.voltage if column is not None]
        return [] if self.has_neutral or len(wired) < 2 else wired  # noqa: PLR2004 - one is referred to nothing

    @property
    def pair(self) -> tuple[int, int] | None:
        """Numbers of the two phases between which alone a voltage is measured; None: each is measured by itself.

        Both of them have that voltage then, as the star voltage of a symmetrical supply. No more is known of it: its
        angles are inferred, and so is the third.
        """
        there = [number for number, column in enumerate(self.columns.voltage) if column in self.star_columns]
        return (there[0], there[1]) if len(there) == 2 else None  # noqa: PLR2004 - a pair
