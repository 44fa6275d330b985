"""From conductors and terminals to the converter's pins: clamps on whatever phase, transformers, burdens, dividers.

Everything is linear but the end of a core's range. A clamp's phase error is an angle at the fundamental; a CT's
falls with frequency, so here each input's error is the one-pole high-pass of winding resistance over magnetising
reactance that has the stated lead at the nominal frequency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration
from ampguard_drivers.frontend import FRONT_ENDS, FrontEnd, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard_drivers.simulated.supply import Source

    Floats: TypeAlias = NDArray[np.float64]

NOMINAL_HZ = 50.0


@dataclass(frozen=True, slots=True)
class Clamp:
    """Where one current transformer sits."""

    phase: int | None
    """0 = L1, 1 = L2, 2 = L3, None = clamped around nothing."""
    reversed: bool = False
    coupling_ratio: float = 1.0
    """Below 1 where the core does not close."""


RIGHT_CLAMPS = (Clamp(0), Clamp(1), Clamp(2))
RIGHT_TERMINALS: tuple[int | None, ...] = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the electrician connected it."""

    clamps: tuple[Clamp, Clamp, Clamp] = RIGHT_CLAMPS
    terminals: tuple[int | None, ...] = RIGHT_TERMINALS
    """Which phase each voltage terminal is on; None = open."""
    neutral: bool = True
    """Whether the N terminal is wired; else it floats in the middle of the phases on the others, whose dividers are
    alike, and so does an open one."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How one unit differs from the nominal design; seven values in the converter's order of inputs."""

    gain_ratio: tuple[float, ...] = (1.0,) * 7
    lead_deg: tuple[float, ...] = (0.0,) * 7

    @staticmethod
    def of_unit(seed: int) -> Tolerances:
        """Class-1 transformers, 1 % parts: seeded."""
        random = np.random.default_rng(seed)
        gain, lead = 1.0 + random.uniform(-0.01, 0.01, 7), random.uniform(0.1, 1.5, 7)
        lead[1:6:2] = 0.0  # a divider of resistors has none to speak of
        return Tolerances(tuple(gain.tolist()), tuple(lead.tolist()))


@dataclass
class FrontEndModel:
    """Turns a supply into volts at the pins."""

    variant: Variant = Variant.ONE_MODULE
    wiring: Wiring = field(default_factory=Wiring)
    tolerances: Tolerances = field(default_factory=lambda: Tolerances.of_unit(1))
    saturation_ratio: float = 12.0
    """Peak current over rated RMS current at which the transformers' cores are full and pass no more."""
    _low: Floats = field(init=False)
    _last: Floats | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        nominal: FrontEnd = FRONT_ENDS[self.variant]
        units_per_v = np.array(
            [nominal.amperes_per_adc_volt, nominal.volts_per_adc_volt] * 3 + [nominal.amperes_per_adc_volt]
        )
        self._volts_per_unit = np.array(self.tolerances.gain_ratio) / units_per_v
        self._low = np.zeros(7)
        matrix = np.zeros((7, 7))
        wired = [terminal for terminal in self.wiring.terminals if terminal is not None]
        for index in range(3):
            clamp, terminal = self.wiring.clamps[index], self.wiring.terminals[index]
            if clamp.phase is not None:
                matrix[2 * clamp.phase, 2 * index] = -clamp.coupling_ratio if clamp.reversed else clamp.coupling_ratio
            if terminal is not None:
                matrix[2 * terminal + 1, 2 * index + 1] = 1.0
                for other in [] if self.wiring.neutral else wired:
                    matrix[2 * other + 1, 2 * index + 1] -= 1.0 / len(wired)
        matrix[6, 6] = 1.0
        self._matrix = matrix * self._volts_per_unit

    def pins(self, source: Source, first_index: int, count: int, rate_hz: float) -> Floats:
        """(count, 7) volts at the pins; called for consecutive stretches."""
        conductors = source.sample(first_index, count, rate_hz)
        limit_a = self.saturation_ratio * FRONT_ENDS[self.variant].rated_current_a
        conductors[:, ::2] = conductors[:, ::2].clip(-limit_a, limit_a)
        inputs = conductors @ self._matrix
        return self._advanced(inputs, rate_hz)

    def _advanced(self, inputs: Floats, rate_hz: float) -> Floats:
        """Each input less its own low-pass, which makes it lead by atan(corner/f): 1.5 deg are a corner of 1.3 Hz.

        The low-pass is recursive; over a block its recursion is a weighted cumulative sum.
        """
        wanted_rad = np.radians(np.array(self.tolerances.lead_deg))
        lead_rad = np.maximum(wanted_rad, 0.0)
        corner_rad = 2.0 * math.pi * NOMINAL_HZ * np.tan(lead_rad) / rate_hz
        pole = (1.0 - corner_rad / 2.0) / (1.0 + corner_rad / 2.0)
        powers = pole ** np.arange(1, len(inputs) + 1)[:, None]
        # bilinear low-pass: l[n] = p l[n-1] + (1-p)/2 (x[n] + x[n-1])
        previous = np.vstack([inputs[0] if self._last is None else self._last, inputs[:-1]])
        driven = (1.0 - pole) / 2.0 * (inputs + previous)
        low = powers * (self._low + np.cumsum(driven / powers, axis=0))
        self._low = low[-1]
        self._last = inputs[-1]
        advanced: Floats = (inputs - low) / np.cos(lead_rad)
        return advanced if (wanted_rad >= 0.0).all() else _delayed(advanced, inputs, previous, wanted_rad, rate_hz)

    def calibration(self) -> Calibration:
        """What a perfect calibration bench would write for this unit."""
        return Calibration(
            channels=tuple(
                ChannelCalibration(scale_per_adc_v=float(1.0 / volts), phase_lead_deg=float(lead))
                for volts, lead in zip(self._volts_per_unit, self.tolerances.lead_deg, strict=True)
            ),
            sample_rate_error_ratio=0.0,
            temperature_degc=25.0,
            ct_set=f"simulated {self.variant.value}",
        )


def _delayed(advanced: Floats, inputs: Floats, previous: Floats, lead_rad: Floats, rate_hz: float) -> Floats:
    """Inputs that lag instead: between each sample and the one before it, with the gain of the nominal frequency."""
    turn_rad = 2.0 * math.pi * NOMINAL_HZ / rate_hz
    lag_rad = np.maximum(-lead_rad, 0.0)
    share = np.sin(lag_rad) / (np.sin(lag_rad) + np.sin(turn_rad - lag_rad))
    gain = np.abs(1.0 - share + share * np.exp(-1j * turn_rad))
    late: Floats = ((1.0 - share) * inputs + share * previous) / gain
    return np.where(lead_rad < 0.0, late, advanced)
