"""From blocks of raw samples to what is said about them: no I/O, so that it runs in any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ampguard.clock import ClockQuality, Stamp
from ampguard.metering.aggregation import Aggregator
from ampguard.metering.calibration import Calibrator, chip_columns
from ampguard.metering.energy import EnergyCounters
from ampguard.metering.mean import Terms
from ampguard.metering.measurement import Analyser
from ampguard.metering.selfcheck import Deviation, SelfCheck
from ampguard.metering.timebase import TimeBase
from ampguard.readings import (
    Energy,
    Health,
    Interval,
    Measurement,
    Quality,
    Reading,
    VoltageEvent,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.metering.sampling import Look
    from ampguard.settings.settings import Settings
    from ampguard_drivers.eeprom.records import Calibration
    from ampguard_drivers.samples import SampleBlock


class WallClock(Protocol):
    """The time of day, asked once a window."""

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for a moment that is just past."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A voltage event with the moment of its start."""

    start: Stamp
    event: VoltageEvent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one block of samples brought forth."""

    measurements: tuple[Measurement, ...] = ()
    readings: tuple[Reading, ...] = ()
    events: tuple[Found, ...] = ()


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
        self._selfcheck = SelfCheck(calibration, chip_columns(settings))
        self._aggregators = [Aggregator(interval, boot) for interval in Interval]
        self._clipped_samples = 0
        self._lost_samples = 0
        self._time_base: TimeBase | None = None
        self._block_rate_hz: float | None = None
        self._look: Look | None = None

    def process(self, block: SampleBlock) -> Outcome:
        """Take in the next block."""
        if self._analyser is None or self._time_base is None:
            setup = self._calibrator.analyser_setup(self._settings, block.sample_rate_hz)
            self._block_rate_hz = block.sample_rate_hz
            self._time_base = TimeBase(setup.sample_rate_hz)
            self._analyser = Analyser(setup)
        self._time_base.follow(len(block.codes), block.lost_samples, block.monotonic_ns)
        clipped = self._calibrator.clipped_samples(block)
        self._clipped_samples += clipped
        self._lost_samples += block.lost_samples
        measured = self._analyser.push(
            self._calibrator.physical(block), lost_samples=block.lost_samples, clipped=clipped > 0
        )
        return self._outcome(measured, self._analyser.take_events()) if measured else Outcome()

    def take_up(self, settings: Settings) -> None:
        """These settings count as of the next window; no sample is lost."""
        if (now := chip_columns(settings)) != chip_columns(self._settings):
            self._selfcheck.reassign(now)
        self._settings = settings
        if self._analyser is not None and self._block_rate_hz is not None:
            self._analyser.take_up(self._calibrator.analyser_setup(settings, self._block_rate_hz))

    def look(self, look: Look) -> Deviation | None:
        """What the chip says of itself was read: hold our results against its own; what the comparison before found."""
        self._look = look
        if look.results is not None:
            self._selfcheck.compare(look.results)
        return self._selfcheck.latest

    def continue_from(self, energy: Energy) -> None:
        """The counters of the time before were found late: what was counted since is added to them."""
        self._counters.continue_from(energy)

    def finish(self) -> Outcome:
        """The meter stops: what is not complete."""
        if self._analyser is None:
            return Outcome()
        measured = self._analyser.finish()
        last = self._outcome(measured, self._analyser.take_events())
        energy, health = self._counters.energy(), self._health()
        ended = [aggregator.flush(energy, health) for aggregator in self._aggregators]
        readings = (*last.readings, *(recorded(reading) for reading in ended if reading is not None))
        return replace(last, readings=readings)

    def _outcome(self, measured: Sequence[Measurement], events: Sequence[VoltageEvent]) -> Outcome:
        measurements: list[Measurement] = []
        readings: list[Reading] = []
        for one in measured:
            stamp = self.stamp(one.start_s + one.duration_s)
            unset = stamp.quality is ClockQuality.UNSYNCHRONISED
            flagged = replace(one, quality=one.quality | {Quality.CLOCK_UNSYNCHRONISED}) if unset else one
            measurements.append(flagged)
            readings += self._gathered(flagged, stamp)
        found = tuple(Found(self.stamp(one.start_s), one) for one in events)
        return Outcome(tuple(measurements), tuple(readings), found)

    def stamp(self, stream_s: float) -> Stamp:
        """All clocks for a moment of the stream."""
        return self._clock.stamp(0 if self._time_base is None else self._time_base.moment_ns(stream_s))

    def _gathered(self, measurement: Measurement, stamp: Stamp) -> Iterator[Reading]:
        before, health = self._counters.energy(), self._health()
        self._counters.add(measurement)
        self._selfcheck.add(measurement)
        after, terms = self._counters.energy(), Terms.of(measurement)
        for aggregator in self._aggregators:
            for reading in aggregator.add(terms, stamp, before, after, health):
                yield recorded(reading)

    def _health(self) -> Health:
        deviation, look = self._selfcheck.latest, self._look
        return Health(
            selfcheck_percent=None if deviation is None else deviation.percent,
            temperature_degc=None if look is None else look.temperature_degc,
            clipped_samples=self._clipped_samples,
            lost_samples=self._lost_samples,
            corrupt_frames=0 if look is None else look.corrupt_frames,
            missed_interrupts=0 if look is None else look.missed_interrupts,
        )
