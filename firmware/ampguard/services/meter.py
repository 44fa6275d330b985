"""`ampguard-meter`: holds the chip, measures, keeps, and tells who listens. No network."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: the products are small, threads only cost memory

import gc
import signal
import sys
import threading
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.chronicle.chronicle import Chronicle
from ampguard.chronicle.configuration import listed
from ampguard.chronicle.spells import OverloadWatch
from ampguard.chronicle.supplywatch import SupplyEvent, SupplyWatch, line
from ampguard.chronicle.wallclock import ClockWatch
from ampguard.clock import Stamp, SystemClock, boot_name, kernel_boot
from ampguard.errors import HardwareFault, SetupError
from ampguard.events import GapReason
from ampguard.identity import Unit, as_told, keep_card
from ampguard.live.publisher import Publisher
from ampguard.metering.calibration import CURRENTS, full_scale_rms
from ampguard.metering.chipfindings import findings
from ampguard.metering.energy import furthest
from ampguard.metering.pipeline import Outcome, Pipeline
from ampguard.metering.sampling import Ended, Look, Mended, Sampler
from ampguard.metering.selfcheck import LIMIT_PERCENT
from ampguard.readings import Interval, as_json
from ampguard.services.installation import beyond_rated, chip_settings, expected
from ampguard.services.keeping import Keeper, Run, sync_interval_s
from ampguard.services.notify import notify
from ampguard.services.parts import open_metering
from ampguard.services.recollection import Recollection
from ampguard.services.rewiring import Rewiring
from ampguard.services.updating import Updating
from ampguard.services.wired import Wired
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.places import Places
from ampguard.settings.settings import Settings, load
from ampguard.settings.store import SettingsStore
from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.eeprom.store import IdentityStore
from ampguard_drivers.samples import SampleBlock

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from types import FrameType

    from ampguard.events import Event, Gap
    from ampguard.readings import Json, Reading, VoltageEvent

_TURN_S = 0.0005
_SILENT_S = 2.0


class Meter:
    """The process: one loop over what the sampling thread delivers."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._log = logger
        self._boot = boot_name()
        self._settings: Settings = load(places.settings)
        parts = open_metering(places.board)
        self._unit = _unit(IdentityStore(parts.i2c, parts.clock, parts.eeprom_address))
        self._tell_who(places)
        self._feed = Publisher(places.live_feed)
        self._chronicle = Chronicle(self._boot)
        run = Run(self._boot, kernel_boot(), listed(self._settings), sync_interval_s(self._settings))
        self._keeper = Keeper(places, run, self._tell_gap, logger)
        self._chip_settings = chip_settings(self._settings, self._unit.calibration)
        self._say_unwatched()
        self._chip = Ade9000(parts, self._chip_settings)
        self._sampler = Sampler(self._chip, parts.clock)
        self._clock = SystemClock()
        energy = furthest(self._keeper.energy())
        self._pipeline = Pipeline(self._unit.calibration, self._settings, self._clock, self._boot, energy)
        self._clock_watch = ClockWatch(run.kernel_boot)
        self._supply = SupplyWatch(expected(self._settings))
        self._untold: list[tuple[Stamp, SupplyEvent]] = []
        """What windows brought to light before the run's first reading: its start comes first."""
        self._overload = OverloadWatch(self._settings.phases, self._settings.main_fuse_a)
        self._wired = Wired(
            self._settings,
            full_scale_rms(self._unit.calibration, CURRENTS.l1),
            Recollection(places.wiring, logger),
            Rewiring(places, self._settings.assignment, self._boot, logger),
            self._feed,
        )
        self._updating = Updating(places.update, self._unit.calibration, logger)
        self._changes = SettingsWatch(places.settings, self._settings, logger)
        self._store = SettingsStore(places.settings)
        self._findings: list[str] = []
        self._deviates = False
        self._ready = self._begun = False
        self._stopping = threading.Event()

    def run(self) -> int:
        """Measure until asked to stop; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        # the sampling thread must have its turn within a fraction of half a waveform buffer (16 ms), whatever this one
        # does; and what is there now stays, so that looking through it for garbage would only keep that one waiting
        sys.setswitchinterval(_TURN_S)
        gc.freeze()
        self._log.info("serial %s, boot %s: starting the chip", self._unit.identity.serial, self._boot)
        self._sampler.start()
        ended: Ended | None = None
        while ended is None:
            item = self._sampler.next_item(_SILENT_S)
            match item:
                case SampleBlock():
                    self._updating.take(item)
                    self._take(self._pipeline.process(item))
                case Look():
                    self._look(item)
                case Mended():
                    self._complain(item.fault)
                case Ended():
                    ended = item
                case None:
                    self._log.warning("no samples for %g s", _SILENT_S)
                    self._keeper.settle()
            if self._stopping.is_set() and ended is None:
                self._sampler.stop()
        return self._end(ended)

    def _tell_who(self, places: Places) -> None:
        """To the web and the network, which have no way to the identity memory."""
        try:
            keep_card(places.identity, self._unit)
        except OSError as why:
            self._log.warning("%s: who this unit is cannot be written down: %s", places.identity, why)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _take(self, outcome: Outcome) -> None:
        for measurement in outcome.measurements:
            for one in self._supply.follow(measurement):
                self._untold.append((self._pipeline.stamp(one.start_s), one.event))
            if (said := self._wired.observe(measurement, self._supply.alarm)) is not None:
                self._log.info("wiring: %s", said.line)
            self._feed.publish("measurement", as_json(measurement))
        if outcome.readings:
            self._keep(outcome.readings)
        if self._begun:
            self._tell_untold()
        for found in outcome.events:
            self._tell(found.start, found.event)
            event = found.event
            self._log.warning("%s of %.3f s, down or up to %s V", event.kind, event.duration_s, _extremes(event))

    def _tell_untold(self) -> None:
        while self._untold:
            stamp, event = self._untold.pop(0)
            self._log.warning("%s", line(event))
            self._tell(stamp, event)

    def _tell(self, start: Stamp, event: Event) -> None:
        """An event: into the journal, and to whoever listens."""
        occurrence = as_json(self._chronicle.occurrence(start, event))
        journaled = self._keeper.note("event", occurrence)
        self._feed.publish("event", {"journaled": journaled, "occurrence": occurrence})

    def _tell_gap(self, reading: Reading, gap: Gap) -> None:
        if gap.reason is GapReason.NEW_JOURNAL:
            self._log.info("the journal is empty: it begins with reading %d", reading.sequence)
        else:
            lasted = "" if gap.duration_s is None else f", {gap.duration_s:.3f} s"
            self._log.warning("missing before reading %d: %s%s", reading.sequence, gap.reason, lasted)
        self._tell(Stamp(reading.monotonic_ns, 0.0, reading.end_utc, reading.clock_quality), gap)

    def _noticed(self, reading: Reading, stamp: Stamp) -> Iterator[Event]:
        """What a second brought to light; gaps and what is about the run itself come first."""
        yield from self._keeper.take_events()
        if (moved := self._clock_watch.follow(stamp)) is not None:
            self._log.warning("the clock was %s by %+.3f s", moved.move, moved.step_s)
            yield moved
        if (change := self._wired.news()) is not None:
            yield change
        if (ended := self._updating.news()) is not None:
            to, why = f" to {ended.version}" * bool(ended.version), f": {ended.reason}" * bool(ended.reason)
            self._log.warning("update%s: %s%s", to, ended.end, why)
            yield ended
        for over in self._overload.follow(reading):
            self._log.warning(
                "%s: overload has %s: %.1f A of %g A", over.phase, over.turn, over.highest_a, over.rated_a
            )
            yield over

    def _look(self, look: Look) -> None:
        deviation = self._pipeline.look(look)
        deviates = deviation is not None and deviation.percent > LIMIT_PERCENT
        if deviation is not None and deviates and not self._deviates:
            self._complain(HardwareFault(f"own results and the chip's differ by {deviation}"))
        self._deviates = deviates
        found = findings(look.status, self._unit.calibration, self._settings)
        sentences: list[Json] = [one.sentence for one in found]
        self._feed.publish("chip", {"temperature_degc": look.temperature_degc, "findings": sentences})
        # not each value of a load that stays too high is news
        if (what := [one.what for one in found]) != self._findings:
            self._findings = what
            self._keeper.note("chip", {"findings": sentences})
            self._log.info("the chip notes: %s", "; ".join(one.sentence for one in found) or "all is well again")

    def _keep(self, readings: tuple[Reading, ...]) -> None:
        kept = self._keeper.keep(readings)
        if (earlier := self._keeper.found_late) is not None:
            self._keeper.found_late = None
            self._pipeline.continue_from(earlier)
        for reading in readings:
            self._feed.publish("reading", as_json(reading))
            if reading.interval is Interval.SECOND:
                self._keeper.count(reading.energy)
                stamp = self._clock.stamp(reading.monotonic_ns)
                for event in self._noticed(reading, stamp):
                    self._tell(stamp, event)
                for event in self._set_otherwise(stamp):
                    self._tell(stamp, event)
                self._begun = True
                self._feed.publish("status", self._status(journal=kept))
        if kept:
            # proof of work, not of life: only a kept reading feeds the watchdog
            notify("WATCHDOG=1" if self._ready else "READY=1")
            if not self._ready:
                self._keeper.look_for_damage()
            self._ready = True

    def _set_otherwise(self, stamp: Stamp) -> list[Event]:
        """Once a second: settings that somebody changed are taken up."""
        version, settings = self._changes.version, self._changes.look()
        if self._changes.version != version:
            self._store.notice()
        if settings is not None:
            return self._take_up(settings, stamp)
        earlier = self._wired.follow(stamp)
        return [] if earlier is None else [earlier]

    def _take_up(self, settings: Settings, stamp: Stamp) -> list[Event]:
        """These count as of the next window; nothing is lost. What there is to tell of it."""
        before, self._settings = self._settings, settings
        events: list[Event] = []
        configuration = self._keeper.take_up(listed(settings), sync_interval_s(settings))
        if configuration is not None:
            self._log.warning("settings were changed: %s", ", ".join(one.name for one in configuration.changes))
            events.append(configuration)
        if (assigned := self._wired.take_up(settings, stamp)) is not None:
            events.append(assigned)
        self._pipeline.take_up(settings)
        self._overload.expect(settings.phases, settings.main_fuse_a)
        if expected(settings) != expected(before):
            self._untold += [(self._pipeline.stamp(one.start_s), one.event) for one in self._supply.end()]
            self._supply = SupplyWatch(expected(settings))
        if (chip := chip_settings(settings, self._unit.calibration)) != self._chip_settings:
            self._chip_settings = chip
            self._say_unwatched()
            self._sampler.configure(chip)
        return events

    def _status(self, *, journal: bool) -> Json:
        return {
            "boot": self._boot,
            "serial": self._unit.identity.serial,
            "unit": as_told(self._unit),
            "journal": journal,
            "settings": self._changes.version,
            "packets_dropped": self._feed.dropped,
        }

    def _end(self, ended: Ended) -> int:
        self._sampler.stop()
        notify("STOPPING=1")
        self._keeper.count_now()
        self._take(self._pipeline.finish())
        if ended.fault is not None:
            self._note_fault(ended.fault)
        self._keeper.close(in_order=ended.fault is None)
        self._feed.close()
        if ended.fault is not None:
            raise ended.fault
        self._log.info("stopped")
        return 0

    def _say_unwatched(self) -> None:
        if (said := beyond_rated(self._settings, self._unit.identity)) is not None:
            self._log.warning("%s", said)

    def _complain(self, fault: HardwareFault) -> None:
        self._log.error("%s %s: %s", fault.code, type(fault).__name__, fault)
        self._note_fault(fault)

    def _note_fault(self, fault: HardwareFault) -> None:
        self._keeper.note("fault", {"code": fault.code, "sentence": str(fault)})


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
