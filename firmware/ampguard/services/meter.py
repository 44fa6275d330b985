"""`ampguard-meter`: holds the chip, measures, keeps, and tells who listens. No network."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: the products are small, threads only cost memory

import contextlib
import math
import signal
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from ampguard import clock, log
from ampguard.clock import ClockQuality
from ampguard.errors import HardwareFault, JournalFault, SetupError
from ampguard.identity import Unit
from ampguard.journal.counters import CounterFile, energy_of
from ampguard.journal.damage import Damage
from ampguard.journal.writer import SYNC_INTERVAL_S, JournalWriter
from ampguard.live.publisher import Publisher
from ampguard.metering.aggregation import Stamp
from ampguard.metering.calibration import CURRENTS, VOLTAGES, full_scale_rms
from ampguard.metering.chipfindings import findings
from ampguard.metering.energy import furthest
from ampguard.metering.halfcycle import DIP_RATIO, SWELL_RATIO
from ampguard.metering.pipeline import Outcome, Pipeline
from ampguard.metering.sampling import Ended, Look, Mended, Sampler
from ampguard.metering.selfcheck import LIMIT_PERCENT
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
    from pathlib import Path
    from types import FrameType

    from ampguard.readings import Json, Reading, VoltageEvent

_SILENT_S = 2.0
_UNJOURNALED = 900
"""Readings that wait for a journal that takes nothing: ten minutes of seconds, and what else there is meanwhile."""


class SystemClock:
    """The system's wall clock, its quality looked up every few seconds."""

    _LOOK_NS = 5_000_000_000

    def __init__(self) -> None:
        self._looked_ns: int | None = None
        self._quality = ClockQuality.UNSYNCHRONISED

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for a moment that is just past."""
        now_ns = time.monotonic_ns()
        if self._looked_ns is None or now_ns - self._looked_ns > self._LOOK_NS:
            self._looked_ns, self._quality = now_ns, clock.quality(self._quality)
        utc = clock.utc_at(monotonic_ns)
        unset = self._quality is ClockQuality.UNSYNCHRONISED
        return Stamp(
            monotonic_ns, utc.timestamp(), None if unset else utc.isoformat(timespec="milliseconds"), self._quality
        )


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
        self._said_aside: Path | None = None
        self._journal = self._open_journal()
        self._damage: Damage | None = None
        """What the look through the journal found, until it is set aside."""
        self._check = threading.Thread(target=self._look_for_damage, name="journal check", daemon=True)
        self._chip = Ade9000(parts, self._chip_settings())
        self._sampler = Sampler(self._chip, parts.clock)
        energy = furthest((self._journaled_energy(), self._counters.load()))
        self._pipeline = Pipeline(self._unit.calibration, self._settings, SystemClock(), self._boot, energy)
        self._wiring = WiringWatch(
            full_scale_a=full_scale_rms(self._unit.calibration, CURRENTS.l1),
            generation_on_site=self._settings.generation_on_site,
            clamps=self._settings.phases,
            terminals=self._settings.wired_voltages,
        )
        self._unjournaled: deque[Reading] = deque(maxlen=_UNJOURNALED)
        """What the journal could not take yet."""
        self._condition: Json = None
        self._findings: list[str] = []
        self._deviates = False
        self._counters_saved_s = time.monotonic()
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
                    self._look(item)
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
        for occurrence in outcome.events:
            event = occurrence.event
            journaled = self._note("event", as_json(occurrence))
            self._feed.publish("event", {"journaled": journaled, "occurrence": as_json(occurrence)})
            self._log.warning("%s of %.3f s, down or up to %s V", event.kind, event.duration_s, _extremes(event))

    def _look(self, look: Look) -> None:
        deviation = self._pipeline.look(look)
        deviates = deviation is not None and deviation.percent > LIMIT_PERCENT
        if deviation is not None and deviates and not self._deviates:
            sentence = f"own results and the chip's differ by {deviation.percent:.2f} % in {deviation.channel}"
            self._complain("fault", HardwareFault(sentence))
        self._deviates = deviates
        found = findings(look.status, self._unit.calibration, self._settings)
        sentences: list[Json] = [one.sentence for one in found]
        self._feed.publish("chip", {"temperature_degc": look.temperature_degc, "findings": sentences})
        # not each value of a load that stays too high is news
        if (what := [one.what for one in found]) != self._findings:
            self._findings = what
            self._note("chip", {"findings": sentences})
            self._log.info("the chip notes: %s", "; ".join(one.sentence for one in found) or "all is well again")

    def _keep(self, readings: tuple[Reading, ...]) -> None:
        self._unjournaled.extend(readings)
        kept = self._journaled()
        for reading in readings:
            self._feed.publish("reading", as_json(reading))
            if reading.interval is Interval.SECOND:
                self._keep_counters(reading.energy)
                self._feed.publish("condition", self._condition)
                self._feed.publish("status", self._status(journal=kept))
        if kept:
            # proof of work, not of life: only a kept reading feeds the watchdog
            notify("WATCHDOG=1" if self._ready else "READY=1")
            if not self._ready:
                self._check.start()
            self._ready = True

    def _status(self, *, journal: bool) -> Json:
        serial = self._unit.identity.serial
        return {"boot": self._boot, "serial": serial, "journal": journal, "packets_dropped": self._feed.dropped}

    def _journaled(self) -> bool:
        """Whether the journal has all readings."""
        if self._journal is None:
            self._journal = self._open_journal()
            if (earlier := self._journaled_energy()) is not None:
                self._pipeline.continue_from(earlier)
        if self._journal is None:
            return False
        try:
            if self._damage is not None:
                self._journal.replace(self._damage)
                self._damage = None
            self._journal.append(tuple(self._unjournaled))
        except JournalFault as fault:
            self._complain("journal", fault)
            return False
        self._unjournaled.clear()
        if (trouble := self._journal.trouble) is not None:
            self._complain("journal", trouble)
        self._say_set_aside(self._journal)
        return True

    def _end(self, ended: Ended) -> int:
        self._sampler.stop()
        notify("STOPPING=1")
        self._counters_saved_s = -math.inf
        self._take(self._pipeline.finish())
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
        calibration, nominal_v = self._unit.calibration, self._settings.star_voltage_v
        fuse_a, full_scale_a = self._settings.main_fuse_a, full_scale_rms(calibration, CURRENTS.l1)
        watched = fuse_a is not None and fuse_a <= full_scale_a
        if fuse_a is not None and not watched:
            self._log.warning(
                "main_fuse_a: %g A is beyond the %.0f A that this unit measures: nobody watches for it",
                fuse_a,
                full_scale_a,
            )
        ratio = None if nominal_v is None else nominal_v / full_scale_rms(calibration, VOLTAGES.l1)
        return Ade9000Settings(
            nominal_frequency_hz=60 if self._settings.nominal_frequency_hz == 60.0 else 50,  # noqa: PLR2004 - hertz
            # only the chip's own fundamental values depend on it; where nobody told, half of full scale is its default
            nominal_voltage_ratio=0.5 if ratio is None else ratio,
            dip_ratio=None if ratio is None else DIP_RATIO * ratio,
            swell_ratio=None if ratio is None else SWELL_RATIO * ratio,
            over_current_ratio=fuse_a / full_scale_a if fuse_a is not None and watched else None,
        )

    def _open_journal(self) -> JournalWriter | None:
        try:
            journal = JournalWriter(self._journal_path)
        except JournalFault as fault:
            self._complain("journal", fault)
            return None
        self._say_set_aside(journal)
        return journal

    def _say_set_aside(self, journal: JournalWriter) -> None:
        if journal.set_aside is None or journal.set_aside == self._said_aside:
            return
        self._said_aside = journal.set_aside
        self._log.error("the journal was damaged and is set aside as %s", journal.set_aside)
        with contextlib.suppress(JournalFault):
            journal.note(self._boot, "gap", {"reason": "journal damaged", "set_aside": str(journal.set_aside)})

    def _look_for_damage(self) -> None:
        """In a thread of its own: the journal may be large and the medium slow."""
        journal = self._journal
        if journal is not None and (damage := journal.damage()) is not None:
            self._log.error("the journal is damaged: %s", damage.sentence)
            self._damage = damage

    def _journaled_energy(self) -> Energy | None:
        """The counters that an earlier run of the meter left; None where there are none, or only this run's own."""
        if self._journal is None:
            return None
        try:
            latest = self._journal.latest(Interval.SECOND)
        except JournalFault as fault:
            self._complain("journal", fault)
            return None
        return None if latest is None or latest.get("boot") == self._boot else energy_of(latest.get("energy"))

    def _keep_counters(self, energy: Energy) -> None:
        if time.monotonic() - self._counters_saved_s < SYNC_INTERVAL_S:
            return
        self._counters_saved_s = time.monotonic()
        try:
            self._counters.save(energy)
        except JournalFault as fault:
            self._complain("journal", fault)

    def _complain(self, kind: str, fault: HardwareFault | JournalFault) -> None:
        self._log.error("%s %s: %s", fault.code, type(fault).__name__, fault)
        if kind == "fault":
            self._note(kind, {"code": fault.code, "sentence": str(fault)})

    def _note(self, kind: str, body: Json) -> bool:
        """Whether the journal has it."""
        if self._journal is None:
            return False
        try:
            self._journal.note(self._boot, kind, body)
        except JournalFault as fault:
            self._log.error("%s JournalFault: %s", fault.code, fault)
            return False
        self._say_set_aside(self._journal)
        return True


def _extremes(event: VoltageEvent) -> str:
    return ", ".join("-" if value is None else f"{value:.1f}" for value in event.extreme_v)


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
