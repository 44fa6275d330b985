"""From blocks of raw samples to what is said about them: no I/O, so that it runs in any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ampguard.clock import ClockQuality
from ampguard.metering.aggregation import Aggregator, Stamp
from ampguard.metering.calibration import Calibrator
from ampguard.metering.energy import EnergyCounters
from ampguard.metering.measurement import Analyser
from ampguard.metering.selfcheck import SelfCheck
from ampguard.readings import Energy, Health, Interval, Measurement, Quality, Reading, VoltageEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.settings import Settings
    from ampguard_drivers.ade9000.results import ChipResults
    from ampguard_drivers.eeprom.records import Calibration
    from ampguard_drivers.samples import SampleBlock


class WallClock(Protocol):
    """The time of day, asked once a window."""

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for a moment that is just past."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one block of samples brought forth."""

    measurements: tuple[Measurement, ...]
    readings: tuple[Reading, ...]
    events: tuple[VoltageEvent, ...]


class Pipeline:
    """One unit's processing, from its first sample on."""

    def __init__(
        self, calibration: Calibration, settings: Settings, clock: WallClock, boot: str, energy: Energy
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._calibrator = Calibrator(calibration)
        self._analyser: Analyser | None = None
        self._counters = EnergyCounters(energy)
        self._selfcheck = SelfCheck(calibration)
        self._aggregators = [Aggregator(interval, boot) for interval in Interval]
        self._clipped_samples = 0
        self._lost_samples = 0
        self.temperature_degc: float | None = None

    def process(self, block: SampleBlock) -> Outcome:
        """Take in the next block."""
        if self._analyser is None:
            self._analyser = Analyser(self._calibrator.analyser_setup(self._settings, block.sample_rate_hz))
        clipped = self._calibrator.clipped_samples(block)
        self._clipped_samples += clipped
        self._lost_samples += block.lost_samples
        measured = self._analyser.push(
            self._calibrator.physical(block), lost_samples=block.lost_samples, clipped=clipped > 0
        )
        if not measured:
            return Outcome((), (), ())
        stamp = self._clock.stamp(block.monotonic_ns)
        if stamp.quality is ClockQuality.UNSYNCHRONISED:
            measured = [replace(one, quality=one.quality | {Quality.CLOCK_UNSYNCHRONISED}) for one in measured]
        readings = tuple(reading for one in measured for reading in self._gathered(one, stamp))
        return Outcome(tuple(measured), readings, tuple(self._analyser.take_events()))

    def compare(self, results: ChipResults) -> None:
        """The chip's own results were read: hold ours against them."""
        self._selfcheck.compare(results)

    def finish(self) -> tuple[Reading, ...]:
        """The readings that are not complete when the meter stops."""
        energy, health = self._counters.energy(), self._health()
        ended = (aggregator.flush(energy, health) for aggregator in self._aggregators)
        return tuple(reading for reading in ended if reading is not None)

    def _gathered(self, measurement: Measurement, stamp: Stamp) -> Iterator[Reading]:
        before, health = self._counters.energy(), self._health()
        self._counters.add(measurement)
        self._selfcheck.add(measurement)
        after = self._counters.energy()
        for aggregator in self._aggregators:
            # a reading that this window closes without being part of it ends with the counters before it
            energy = after if aggregator.interval is Interval.CYCLES_150 else before
            reading = aggregator.add(measurement, stamp, energy, health)
            if reading is not None:
                yield reading

    def _health(self) -> Health:
        latest = self._selfcheck.latest
        return Health(
            selfcheck_percent=None if latest is None else latest.percent,
            temperature_degc=self.temperature_degc,
            clipped_samples=self._clipped_samples,
            lost_samples=self._lost_samples,
        )
