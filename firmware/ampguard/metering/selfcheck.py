"""Own results held against the chip's own registers: two paths from one converter that should agree for ever."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.metering.calibration import full_scale_rms
from ampguard.phases import Phase
from ampguard_drivers.samples import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.metering.setup import Columns
    from ampguard.readings import Measurement
    from ampguard_drivers.ade9000.results import ChipResults
    from ampguard_drivers.eeprom.records import Calibration

LIMIT_PERCENT = 1.0
"""Above it one of the two paths is broken; both are good for 0.2 % in class (data sheet Table 1)."""
_STEADY_RATIO = 0.003
"""A value that moved more than that around the moment is not compared: the chip's filters lag behind."""
_LEAST_RATIO = 0.01
"""Of full scale: below, the chip's register holds more noise than signal."""
BEFORE, AFTER = 5, 2
"""Windows that must be steady before and after the chip's registers were read."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """The largest deviation found."""

    channel: str
    """By the name of its input, which is what may be broken."""
    percent: float

    def __str__(self) -> str:
        """For people."""
        quantity, _, name = self.channel.partition("_rms_")
        return f"{self.percent:.2f} % in the {quantity} of {name.upper()}"


class SelfCheck:
    """Remembers the last second of measurements; what the chip said is judged when the windows after it are there."""

    def __init__(self, calibration: Calibration, columns: Columns) -> None:
        """`columns`: where each phase is measured; the chip speaks of its inputs."""
        self._full_scale = [full_scale_rms(calibration, channel) for channel in range(len(calibration.channels))]
        self._columns = columns
        self._recent: deque[Measurement] = deque(maxlen=BEFORE + AFTER)
        self._pending: ChipResults | None = None
        self._waited = 0
        self.latest: Deviation | None = None
        """Of the last comparison; None where nothing could be compared."""

    def reassign(self, columns: Columns) -> None:
        """The phases are measured elsewhere from now on: what was seen so far is of others."""
        self._columns = columns
        self._recent.clear()
        self._pending = None

    def compare(self, results: ChipResults) -> None:
        """The chip's own results of now."""
        self._pending, self._waited = results, 0

    def add(self, measurement: Measurement) -> None:
        """One window more."""
        self._recent.append(measurement)
        if self._pending is None:
            return
        self._waited += 1
        if self._waited == AFTER:
            results, self._pending = self._pending, None
            if len(self._recent) == BEFORE + AFTER:
                self.latest = self._largest(results)

    def _largest(self, results: ChipResults) -> Deviation | None:
        found: list[Deviation] = []
        for phase in Phase:
            current = [one.current_rms_a[phase] for one in self._recent]
            voltage = [one.voltage_rms_v[phase] for one in self._recent]
            for own, column, registers in (
                (current, self._columns.current[phase], results.current_rms_codes),
                (voltage, self._columns.voltage[phase], results.voltage_rms_codes),
            ):
                if column is None:
                    continue
                full_scale = self._full_scale[column]
                chip = registers[column // 2] / results.rms_full_scale_codes * full_scale
                percent = _deviation_percent(own, chip, least=_LEAST_RATIO * full_scale)
                if percent is not None:
                    quantity, _, name = CHANNELS[column].partition("_")
                    found.append(Deviation(f"{quantity}_rms_{name}", percent))
        return max(found, key=lambda one: one.percent, default=None)


def _deviation_percent(values: Sequence[float | None], other_value: float, least: float) -> float | None:
    """Of the larger of the two; None where they cannot be compared."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or max(known) - min(known) > _STEADY_RATIO * max(known):
        return None
    mean = sum(known) / len(known)
    larger = max(mean, other_value)
    return 100.0 * abs(mean - other_value) / larger if larger >= least else None
