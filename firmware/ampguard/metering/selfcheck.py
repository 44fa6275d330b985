"""Own results held against the chip's own registers: two paths from one converter that should agree for ever."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampguard.readings import Measurement
    from ampguard_drivers.ade9000.results import ChipResults
    from ampguard_drivers.eeprom.records import Calibration

LIMIT_PERCENT = 1.0
"""Above it one of the two paths is broken; both are good for 0.2 % in class (data sheet Table 1)."""
_STEADY_RATIO = 0.003
"""A value that moved more than that in the last second is not compared: the chip's filters lag behind."""
_LEAST_RATIO = 0.01
"""Of full scale: below, the chip's register holds more noise than signal."""
_FULL_SCALE_V = 0.5**0.5
_WINDOWS = 5


@dataclass(frozen=True, slots=True)
class Deviation:
    """The largest deviation found."""

    channel: str
    percent: float


class SelfCheck:
    """Remembers the last second of measurements and compares when the chip was read."""

    def __init__(self, calibration: Calibration) -> None:
        self._scale_per_adc_v = [channel.scale_per_adc_v for channel in calibration.channels]
        self._recent: deque[Measurement] = deque(maxlen=_WINDOWS)
        self.latest: Deviation | None = None

    def add(self, measurement: Measurement) -> None:
        """One window more."""
        self._recent.append(measurement)

    def compare(self, results: ChipResults) -> Deviation | None:
        """The largest deviation now; None where nothing could be compared. Kept in `latest`."""
        if len(self._recent) < _WINDOWS:
            return None
        found: list[Deviation] = []
        for phase in range(3):
            for name, column, codes in (
                (f"current_rms_l{phase + 1}", 2 * phase, results.current_rms_codes[phase]),
                (f"voltage_rms_l{phase + 1}", 2 * phase + 1, results.voltage_rms_codes[phase]),
            ):
                own = [
                    tuple(one.current_rms_a if column % 2 == 0 else one.voltage_rms_v)[phase] for one in self._recent
                ]
                known = [value for value in own if value is not None]
                ratio = codes / results.rms_full_scale_codes
                if (
                    len(known) < _WINDOWS
                    or ratio < _LEAST_RATIO
                    or max(known) - min(known) > _STEADY_RATIO * max(known)
                ):
                    continue
                chip = ratio * _FULL_SCALE_V * self._scale_per_adc_v[column]
                mean = sum(known) / len(known)
                found.append(Deviation(name, 100.0 * abs(mean - chip) / chip))
        self.latest = max(found, key=lambda one: one.percent, default=None)
        return self.latest
