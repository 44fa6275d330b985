"""`ampguard-meter`: holds the chip, measures, keeps, and tells who listens. No network."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: the products are small, threads only cost memory

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING

from ampguard import clock, log
from ampguard.clock import ClockQuality
from ampguard.errors import HardwareFault, JournalFault, SetupError
from ampguard.identity import Unit
from ampguard.journal.counters import CounterFile, energy_of, furthest
from ampguard.journal.writer import JournalWriter
from ampguard.live.publisher import Publisher
from ampguard.metering.aggregation import Stamp
from ampguard.metering.pipeline import Outcome, Pipeline
from ampguard.metering.sampling import Ended, Look, Mended, Sampler
from ampguard.readings import Energy, Interval, as_json
from ampguard.services.notify import notify
from ampguard.services.parts import open_metering
from ampguard.settings import Places, Settings, load
from ampguard.wiring.watch import WiringWatch
from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.eeprom.store import IdentityStore
from ampguard_drivers.samples import SampleBlock

if TYPE_CHECKING:
    import logging
    from types import FrameType

    from ampguard.readings import Json, Reading

_FULL_SCALE_V = 0.5**0.5
_SILENT_S = 2.0


class SystemClock:
    """The system's wall clock, its quality looked up every few seconds."""

    _LOOK_NS = 5_000_000_000

    def __init__(self) -> None:
        self._looked_ns: int | None = None
        self._quality = ClockQuality.UNSYNCHRONISED

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for now; `monotonic_ns` is when the samples were complete."""
        now_ns = time.monotonic_ns()
        if self._looked_ns is None or now_ns - self._looked_ns > self._LOOK_NS:
            self._looked_ns, self._quality = now_ns, clock.quality()
        now = clock.now_utc()
        unset = self._quality is ClockQuality.UNSYNCHRONISED
        return Stamp(monotonic_ns, now.timestamp(), None if unset else now.isoformat(), self._quality)


class Meter:
    """The process: one loop over what the sampling thread delivers."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._log = logger
        self._boot = clock.boot_name()
        self._settings: Settings = load(places.settings)
        parts = open_metering(places.board)
        self._unit = _unit(IdentityStore(parts.i2c, parts.clock, parts.eeprom_address))
        self._feed = Publisher(places.live_feed)
        self._counters = CounterFile(places.counters)
        self._journal_path = places.journal
        self._journal = self._open_journal()
        self._chip = Ade9000(parts, self._chip_settings())
        self._sampler = Sampler(self._chip, parts.clock)
        self._pipeline = Pipeline(
            self._unit.calibration, self._settings, SystemClock(), self._boot, self._energy_so_far()
        )
        current_scale = self._unit.calibration.channels[0].scale_per_adc_v
        self._wiring = WiringWatch(
            full_scale_a=current_scale * _FULL_SCALE_V, generation_on_site=self._settings.generation_on_site
        )
        self._condition: Json = None
        self._ready = False
        self._stopping = threading.Event()

    def run(self) -> int:
        """Measure until asked to stop; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        self._log.info("serial %s, boot %s: starting the chip", self._unit.identity.serial, self._boot)
        self._sampler.start()
        ended: Ended | None = None
        while ended is None:
            item = self._sampler.next_item(_SILENT_S)
            match item:
                case SampleBlock():
                    self._take(self._pipeline.process(item))
                case Look():
                    self._pipeline.temperature_degc = item.temperature_degc
                    if item.results is not None:
                        self._pipeline.compare(item.results)
                case Mended():
                    self._complain("fault", item.fault)
                case Ended():
                    ended = item
                case None:
                    self._log.warning("no samples for %g s", _SILENT_S)
            if self._stopping.is_set() and ended is None:
                self._sampler.stop()
        return self._end(ended)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _take(self, outcome: Outcome) -> None:
        for measurement in outcome.measurements:
            verdict = self._wiring.observe(measurement)
            self._feed.publish("measurement", as_json(measurement))
            condition = as_json(verdict)
            if condition != self._condition:
                self._condition = condition
                self._feed.publish("condition", condition)
                self._log.info("wiring: voltage %s, current %s: %s", verdict.voltage, verdict.current, verdict.sentence)
        if outcome.readings:
            self._keep(outcome.readings)
        for event in outcome.events:
            self._feed.publish("event", as_json(event))
            self._note("event", as_json(event))
            self._log.warning("%s of %.3f s, down or up to %s V", event.kind, event.duration_s, tuple(event.extreme_v))

    def _keep(self, readings: tuple[Reading, ...]) -> None:
        kept = False
        if self._journal is None:
            self._journal = self._open_journal()
        if self._journal is not None:
            try:
                self._journal.append(readings)
                kept = True
            except JournalFault as fault:
                self._complain("journal", fault)
        for reading in readings:
            if reading.interval is Interval.MINUTE:
                self._keep_counters(reading.energy)
            if reading.interval is Interval.SECOND:
                self._feed.publish("reading", as_json(reading))
                self._feed.publish("condition", self._condition)
                self._feed.publish(
                    "status", {"boot": self._boot, "serial": self._unit.identity.serial, "journal": kept}
                )
        if kept:
            # proof of work, not of life: only a kept reading feeds the watchdog
            notify("WATCHDOG=1" if self._ready else "READY=1")
            self._ready = True

    def _end(self, ended: Ended) -> int:
        self._sampler.stop()
        notify("STOPPING=1")
        last = self._pipeline.finish()
        if last:
            self._keep(last)
        if self._journal is not None:
            if ended.fault is not None:
                self._note("fault", {"code": ended.fault.code, "sentence": str(ended.fault)})
            self._journal.close()
        self._feed.close()
        if ended.fault is not None:
            raise ended.fault
        self._log.info("stopped")
        return 0

    def _chip_settings(self) -> Ade9000Settings:
        scale = self._unit.calibration.channels[1].scale_per_adc_v
        nominal_v = self._settings.nominal_voltage_v
        return Ade9000Settings(
            nominal_frequency_hz=60 if self._settings.nominal_frequency_hz == 60.0 else 50,  # noqa: PLR2004 - hertz
            # only the chip's own fundamental values depend on it; where nobody told, half of full scale is its default
            nominal_voltage_ratio=0.5 if nominal_v is None else nominal_v / (scale * _FULL_SCALE_V),
        )

    def _open_journal(self) -> JournalWriter | None:
        try:
            journal = JournalWriter(self._journal_path)
        except JournalFault as fault:
            self._complain("journal", fault)
            return None
        if journal.set_aside is not None:
            self._log.error("the journal was damaged and is set aside as %s", journal.set_aside)
            with contextlib.suppress(JournalFault):
                journal.note(self._boot, "gap", {"reason": "journal damaged", "set_aside": str(journal.set_aside)})
        return journal

    def _energy_so_far(self) -> Energy:
        journaled: Energy | None = None
        if self._journal is not None:
            try:
                latest = self._journal.latest(Interval.SECOND)
                journaled = None if latest is None else energy_of(latest.get("energy"))
            except JournalFault as fault:
                self._complain("journal", fault)
        return furthest((journaled, self._counters.load()))

    def _keep_counters(self, energy: Energy) -> None:
        try:
            self._counters.save(energy)
        except JournalFault as fault:
            self._complain("journal", fault)

    def _complain(self, kind: str, fault: HardwareFault | JournalFault) -> None:
        self._log.error("%s %s: %s", fault.code, type(fault).__name__, fault)
        if kind == "fault":
            self._note(kind, {"code": fault.code, "sentence": str(fault)})

    def _note(self, kind: str, body: Json) -> None:
        if self._journal is not None:
            try:
                self._journal.note(self._boot, kind, body)
            except JournalFault as fault:
                self._log.error("%s JournalFault: %s", fault.code, fault)


def _unit(store: IdentityStore) -> Unit:
    return Unit(store.read_identity(), store.read_calibration())


def main() -> int:
    """Run the meter; 0 when it was asked to stop."""
    logger = log.begin("ampguard-meter")
    try:
        return Meter(Places.from_environment(), logger).run()
    except (SetupError, HardwareFault) as fault:
        logger.error("%s %s: %s", fault.code, type(fault).__name__, fault)  # noqa: TRY400 - a sentence for people
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70


if __name__ == "__main__":
    raise SystemExit(main())
