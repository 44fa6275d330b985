"""The chip's own results: RMS, powers, angles, periods, as its registers show them, from the last second of samples.

The chip filters continuously and shows filter states; here they are computed from the samples themselves when somebody
looks, over whole cycles. What a reader sees once a second differs only while the supply changes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

RATE_HZ = 8000.0
HISTORY = 8192
RMS_FULL_SCALE = 52_702_092
POWER_FULL_SCALE = 20_694_066
PCF_FULL_SCALE = 74_532_013
_UNIT = 1 << 27
_ANGLE_HZ = 1_024_000.0
_LARGEST_THD = 4.0
_LONGEST_PERIOD_HZ, _SHORTEST_PERIOD_HZ = 40.0, 70.0
_VOLTAGE, _CURRENT = (1, 3, 5), (0, 2, 4)

WAVEFORMS = {
    0x20A: 0, 0x20B: 1, 0x22A: 2, 0x22B: 3, 0x24A: 4, 0x24B: 5, 0x265: 6,
    0x600: 1, 0x601: 3, 0x602: 5, 0x603: 6, 0x604: 0, 0x605: 2, 0x606: 4,
    0x680: 1, 0x681: 0, 0x693: 3, 0x694: 2, 0x6A6: 5, 0x6A7: 4, 0x6B9: 6,
}  # fmt: skip
"""Registers that show the newest sample, xx_PCF, and of which input."""


class _Averages(NamedTuple):
    """Of the seven inputs, over whole cycles up to now."""

    whole: Floats
    phasors: NDArray[np.complex128]
    rms: Floats
    one_cycle_rms: Floats
    ten_cycle_rms: Floats


class Results:
    """Register values by address, from samples in volts at the pins (7 inputs, current before voltage)."""

    def __init__(
        self, pins_v: Floats, *, sixty_hz: bool, power_gain_ratio: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ) -> None:
        self.words: dict[int, int] = {}
        self._power_gain_ratio = power_gain_ratio
        self._nominal_hz = 60.0 if sixty_hz else 50.0
        if len(pins_v) < 400:  # noqa: PLR2004 - two cycles and a half: the filters hold nothing yet
            return
        self._pins_v = pins_v - pins_v.mean(axis=0)
        self._periods_hz = [self._frequency_hz(column) for column in _VOLTAGE]
        known_hz = [found for found in self._periods_hz if found is not None]
        self.frequency_hz = known_hz[0] if known_hz else self._nominal_hz
        self._fill()

    def _frequency_hz(self, column: int) -> float | None:
        """From the rising zero crossings of the voltage behind a short low-pass."""
        wave = np.convolve(self._pins_v[:, column], np.hanning(32) / np.hanning(32).sum(), "valid")
        if np.abs(wave).max() < 0.00115:  # noqa: PLR2004 - ZXTHRSH at reset, of full scale
            return None
        rising = np.flatnonzero((wave[:-1] < 0.0) & (wave[1:] >= 0.0))
        if len(rising) < 3:  # noqa: PLR2004 - no two whole periods
            return None
        exact = rising - wave[rising] / (wave[rising + 1] - wave[rising])
        found_hz = float(RATE_HZ * (len(exact) - 1) / (exact[-1] - exact[0]))
        return found_hz if _LONGEST_PERIOD_HZ <= found_hz <= _SHORTEST_PERIOD_HZ else None

    def _fill(self) -> None:
        cycle = RATE_HZ / self.frequency_hz
        whole = self._last(math.floor(len(self._pins_v) / cycle) * cycle)
        count = len(whole)
        turn = np.exp(-2j * math.pi * self.frequency_hz / RATE_HZ * np.arange(count))
        hann = 1.0 - np.cos(2.0 * math.pi * np.arange(count) / count)
        phasors = (turn * hann * (math.sqrt(2.0) / count)) @ whole.astype(np.complex128)
        rms = np.sqrt(np.square(whole).mean(axis=0))
        one = np.sqrt(np.square(self._last(cycle)).mean(axis=0))
        ten = np.sqrt(np.square(self._last(cycle * (12 if self._nominal_hz == 60.0 else 10))).mean(axis=0))  # noqa: PLR2004 - hertz
        self.words |= dict.fromkeys(WAVEFORMS, 0)
        averages = _Averages(whole, phasors, rms, one, ten)
        for phase in range(3):
            self._fill_phase(phase, averages)
        for address, value in ((0x266, rms[6]), (0x267, one[6]), (0x268, ten[6])):
            self._word(address, value * math.sqrt(2.0) * RMS_FULL_SCALE)
        self._word(0x269, math.sqrt(2.0) * RMS_FULL_SCALE * np.sqrt(np.square(whole[:, [0, 2, 4]].sum(axis=1)).mean()))
        self.words[0x26A] = 0xC
        self._fill_angles(phasors)
        self._copy_bursts()

    def _fill_phase(self, phase: int, averages: _Averages) -> None:
        whole, phasors, rms, one, ten = averages
        base = 0x20C + 0x20 * phase
        i, v = _CURRENT[phase], _VOLTAGE[phase]
        scale = math.sqrt(2.0) * RMS_FULL_SCALE
        power = 2.0 * POWER_FULL_SCALE * self._power_gain_ratio[phase]
        fundamental = complex(phasors[v] * np.conj(phasors[i]))
        mean_w, product_va = float((whole[:, i] * whole[:, v]).mean()), float(rms[i] * rms[v])
        var = self._quadrature(i, v)
        u1, i1 = abs(complex(phasors[v])), abs(complex(phasors[i]))
        values = (
            rms[i] * scale, rms[v] * scale, i1 * scale, u1 * scale,
            mean_w * power, var * power, product_va * power,
            fundamental.real * power, fundamental.imag * power, abs(fundamental) * power,
            _UNIT * mean_w / product_va if product_va else 0.0,
            _UNIT * _distortion_ratio(rms[v], u1), _UNIT * _distortion_ratio(rms[i], i1),
            one[i] * scale, one[v] * scale, ten[i] * scale, ten[v] * scale,
        )  # fmt: skip
        for offset, value in enumerate(values):
            self._word(base + offset, value)

    def _quadrature(self, current: int, voltage: int) -> float:
        """Mean of the current times the voltage of a quarter of a cycle before, over whole cycles of both."""
        cycle = RATE_HZ / self.frequency_hz
        count = round((math.floor(len(self._pins_v) / cycle) - 1) * cycle)
        now = self._pins_v[-count:, current]
        whole, part = divmod(cycle / 4.0, 1.0)
        later, earlier = (self._pins_v[-count - shift : -shift, voltage] for shift in (int(whole), int(whole) + 1))
        return float((now * ((1.0 - part) * later + part * earlier)).mean())

    def _fill_angles(self, phasors: NDArray[np.complex128]) -> None:
        va, vb, vc = (complex(phasors[column]) for column in _VOLTAGE)
        ia, ib, ic = (complex(phasors[column]) for column in _CURRENT)
        pairs = ((va, vb), (vb, vc), (va, vc), (va, ia), (vb, ib), (vc, ic), (ia, ib), (ib, ic), (ia, ic))
        for offset, (first, second) in enumerate(pairs):
            turns = (np.angle(first) - np.angle(second)) / (2.0 * math.pi) % 1.0
            self.words[0x482 + offset] = round(float(turns) * _ANGLE_HZ / self.frequency_hz) & 0xFFFF
        for offset, found_hz in enumerate([*self._periods_hz, self.frequency_hz]):
            self.words[0x418 + offset] = round(RATE_HZ * 65536.0 / (found_hz or self._nominal_hz)) - 1
        signs = 0
        for phase in range(3):
            base = 0x20A + 0x20 * phase
            signs |= (self.words[base + 6] >> 31) << (2 * phase) | (self.words[base + 7] >> 31) << (2 * phase + 1)
        self.words[0x49D] = signs

    def _copy_bursts(self) -> None:
        """The same results once more, grouped by quantity (0x600) and by phase (0x680)."""
        bases = (0x20A, 0x22A, 0x24A)
        # of the order AI, AV, IRMS, VRMS, IFRMS, VFRMS, W, VAR, VA, FW, FVAR, FVA, PF, VTHD, ITHD, I1, V1, I10, V10
        groups = (1, None, 0, 2, 3, "n", 6, 8, 7, 10, 12, 13, 14, 9, 11, 4, 5, 15, 16, "o", 17, 18, "t")
        neutral = {None: 0x265, "n": 0x266, "o": 0x267, "t": 0x268}
        address = 0x600
        for group in groups:
            sources = [base + group for base in bases] if isinstance(group, int) else [neutral[group]]
            for source in sources:
                self.words[address] = self.words[source]
                address += 1
        address = 0x680
        for base in bases:
            for offset in (1, 0, 2, 3, 6, 8, 7, 10, 12, 13, 14, 9, 11, 4, 5, 15, 16, 17, 18):
                self.words[address] = self.words[base + offset]
                address += 1
        for source in (0x265, 0x266, 0x267, 0x268):
            self.words[address] = self.words[source]
            address += 1

    def _last(self, samples: float) -> Floats:
        last: Floats = self._pins_v[-max(1, round(samples)) :]
        return last

    def _word(self, address: int, value: float) -> None:
        self.words[address] = round(float(value)) & 0xFFFFFFFF


def _distortion_ratio(rms_v: float, fundamental_v: float) -> float:
    return min(_LARGEST_THD, math.sqrt(max(rms_v**2 - fundamental_v**2, 0.0)) / fundamental_v) if fundamental_v else 0.0
