"""Fluke 6105A/6100B, three phases (master and two auxiliaries): voltages, currents and harmonics as a power standard.

Users Manual (September 2012), chapter 5: MHARmonics (pages 5-36, 5-45) as printed there; OUTPut and FREQuency after the
same chapter from memory. No such instrument was met yet. Wanted before: amplitudes in volts and amperes RMS and angles
in degrees (menus of the instrument); that they are is checked by reading the RMS value back.

Currents of a transformer's rating are made by several turns through it: the instrument is told the part of one turn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard_hil.instruments.protocols import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard_drivers.simulated.supply import Harmonic, State
    from ampguard_hil.instruments.scpi import Line

HIGHEST_ORDER = 100
READ_BACK_RATIO = 1e-3
PHASES = (1, 2, 3)


class Fluke6105A:
    """`protocols.ThreePhaseSource`."""

    def __init__(self, line: Line, turns: int = 1) -> None:
        """`turns`: how often each current runs through its clamp."""
        self._line = line
        self._turns = turns
        self._told: State | None = None

    def apply(self, state: State) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._refuse(state)
        self._told = state
        self._line.tell(f"SOUR:FREQ {state.frequency_hz:.6f}")
        for number, voltage_v, angle_deg, load in zip(
            PHASES, state.voltage_v, state.angle_deg, state.loads, strict=True
        ):
            self._wave(f"SOUR:PHAS{number}:VOLT", voltage_v, angle_deg, state.voltage_harmonics)
            current_a, lead_deg = load.current_a / self._turns, angle_deg - load.lag_deg
            self._wave(f"SOUR:PHAS{number}:CURR", current_a, lead_deg, load.harmonics)

    def output(self, *, on: bool) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._line.tell(f"OUTP:STAT {'ON' if on else 'OFF'}")

    @property
    def told(self) -> State:
        """See `protocols.ThreePhaseSource`."""
        if self._told is None:
            raise InstrumentError(f"{self._line.name}: wanted to know what it was told, met nothing told yet")
        return self._told

    def _wave(self, channel: str, rms: float, angle_deg: float, harmonics: Sequence[Harmonic]) -> None:
        # its harmonics lead its own fundamental at their own frequency, and so do ours
        self._line.tell(f"{channel}:MHAR:CLE")
        self._line.tell(f"{channel}:MHAR:HARM1 {rms:.6E},{_folded_deg(angle_deg):.4f}")
        for each in harmonics:
            angle = _folded_deg(each.order * angle_deg + each.angle_deg)
            self._line.tell(f"{channel}:MHAR:HARM{round(each.order)} {rms * each.amplitude_ratio:.6E},{angle:.4f}")
        self._line.tell(f"{channel}:MHAR:STAT ON")
        self._line.tell(f"{channel}:STAT {'ON' if rms else 'OFF'}")
        if rms:
            self._read_back(channel, rms * math.sqrt(1.0 + sum(each.amplitude_ratio**2 for each in harmonics)))

    def _read_back(self, channel: str, rms: float) -> None:
        found = self._line.number(f"{channel}:MHAR:AMPL?")
        if abs(found - rms) > READ_BACK_RATIO * rms:
            raise InstrumentError(
                f"{self._line.name}: {channel}: wanted {rms:.6g} RMS, met {found:.6g}: is its unit V and A?"
            )

    def _refuse(self, state: State) -> None:
        harmonics = [*state.voltage_harmonics, *(each for load in state.loads for each in load.harmonics)]
        if odd := [each.order for each in harmonics if each.order != int(each.order) or each.order > HIGHEST_ORDER]:
            raise InstrumentError(f"{self._line.name}: wanted whole orders up to {HIGHEST_ORDER}, met {odd}")
        if state.frequency_ramp_hz_per_s or state.noise_v or state.noise_a:
            raise InstrumentError(f"{self._line.name}: it makes no ramps and no noise, and was asked for {state}")
        if state.voltage_dc_v or any(load.dc_a for load in state.loads):
            raise InstrumentError(f"{self._line.name}: it is not used for direct current here")


def _folded_deg(angle_deg: float) -> float:
    return 180.0 - (180.0 - angle_deg) % 360.0
