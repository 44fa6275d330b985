"""What the chip watches by itself: dips, swells, over-currents, the order of the phases.

Judged on one cycle at each block of samples (16 ms), not each half cycle; the half cycles in between are counted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard_drivers.simulated.ade9000 import registers as r
from ampguard_drivers.simulated.ade9000.results import PCF_FULL_SCALE, RATE_HZ, RMS_FULL_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

SEQERR, OI = 1 << 18, 1 << 17
_FIRST_DIP, _FIRST_SWELL = 23, 20
_VOLTAGES, _CURRENTS = (1, 3, 5), (0, 2, 4, 6)
_DELTA = (1, 4)
"""VCONSEL of three-wire networks, where only VA and VC are looked at."""
_CROSSING_ATTENUATION = 0.86
"""Of the filter before the zero crossings, at 50 Hz; 0.81 at 60 Hz."""
_ONCE_AND_AFTER = 1 << 10
"""CONFIG1.DIP_SWELL_IRQ_MODE."""


class Levels:
    """Counts since each condition began; the words of the chip are read and written.

    EVENT_STATUS shows the dips and swells that last now. Its other bits (no load, signs of power, DREADY) stay 0.
    """

    def __init__(self, words: dict[int, int]) -> None:
        self._words = words
        self._words[r.EVENT_STATUS] = 0
        self._half_cycles = [0.0] * 6
        self._entered = [False] * 6
        self._wrong = 0.0

    def judge(self, history: Floats, block: int) -> int:
        """STATUS1 bits after another `block` of samples; `history` ends with it."""
        line_hz = 60.0 if self._words[r.ACCMODE] & 0x100 else 50.0
        cycle = round(RATE_HZ / line_hz)
        if len(history) < 2 * cycle:
            return 0
        cycles = block / cycle
        recent = history[-cycle:] - history[-cycle:].mean(axis=0)
        codes = np.sqrt(np.square(recent).mean(axis=0)) * (math.sqrt(2.0) * RMS_FULL_SCALE / 32.0)
        bits = SEQERR if self._out_of_order(recent, cycles) else 0
        for phase, column in enumerate(_VOLTAGES):
            voltage = int(codes[column])
            if voltage < self._words[r.DIP_LVL]:
                self._words[r.DIPA + phase] = min(self._words[r.DIPA + phase], voltage)
            if voltage > self._words[r.SWELL_LVL]:
                self._words[r.SWELLA + phase] = max(self._words[r.SWELLA + phase], voltage)
            if self._due(phase, self._words[r.DIP_CYC], cycles, true=voltage < self._words[r.DIP_LVL]):
                bits |= 1 << _FIRST_DIP + phase
            if self._due(phase + 3, self._words[r.SWELL_CYC], cycles, true=voltage > self._words[r.SWELL_LVL]):
                bits |= 1 << _FIRST_SWELL + phase
        # bits 2 to 0 are the dips of C, B, A, and 5 to 3 the swells
        self._words[r.EVENT_STATUS] = sum(lasts << condition for condition, lasts in enumerate(self._entered))
        for place, column in enumerate(_CURRENTS):
            current = int(codes[column])
            if current > self._words[r.OILVL] and self._words[r.CONFIG3] & 1 << (15 - place):
                bits |= OI
                self._words[r.OISTATUS] |= 1 << place
                self._words[r.OIA + place] = current
        return bits

    def _due(self, condition: int, wanted: int, cycles: float, *, true: bool) -> bool:
        """Whether a dip or swell is to be reported now, after `wanted` half cycles of it."""
        once = bool(self._words[r.CONFIG1] & _ONCE_AND_AFTER)
        before = self._entered[condition]
        if not true:
            self._half_cycles[condition], self._entered[condition] = 0.0, False
            return once and before
        self._half_cycles[condition] += 2.0 * cycles
        if self._half_cycles[condition] < wanted:
            return False
        self._half_cycles[condition] = 0.0
        self._entered[condition] = True
        return not (once and before)

    def _out_of_order(self, recent: Floats, cycles: float) -> bool:
        """SEQ_CYC is taken as wrong zero crossings in a row: three per cycle if swapped, single ones if one is missing.

        Without two phases the third follows itself, once per cycle; without all three there is nothing to judge.
        """
        turn = np.exp(-2j * math.pi * np.arange(len(recent)) / len(recent)) * (2.0 / len(recent))
        va, vb, vc = (complex(turn @ recent[:, column]) for column in _VOLTAGES)
        delta = self._words[r.ACCMODE] >> 4 & 7 in _DELTA
        seen = (va, vc) if delta else (va, vb, vc)
        smallest = self._words[r.ZXTHRSH] * 32.0 * 256.0 / (PCF_FULL_SCALE * _CROSSING_ATTENUATION)
        live = sum(abs(phasor) > smallest for phasor in seen)
        leading, lagging = (vc, va) if delta else (va, vb)
        if live == 0 or (live == len(seen) and (leading * lagging.conjugate()).imag >= 0.0):
            self._wrong = 0.0
            return False
        if live == 2 and not delta:  # noqa: PLR2004 - the right one of the two edges begins the count anew
            return self._words[r.SEQ_CYC] <= 1
        self._wrong += cycles * (len(seen) if live == len(seen) else 1)
        return self._wrong >= self._words[r.SEQ_CYC]
