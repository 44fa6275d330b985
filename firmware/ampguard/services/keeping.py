"""What the meter keeps: readings and notes in the journal, counters beside it, and what waits while a medium fails."""

from __future__ import annotations

import copy
import math
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard.chronicle.configuration import difference
from ampguard.chronicle.gaps import GapWatch, why_ended
from ampguard.errors import JournalFault
from ampguard.events import Gap, GapReason, Mark, Start
from ampguard.journal.counters import CounterFile, energy_of
from ampguard.journal.writer import SYNC_INTERVAL_S, JournalWriter
from ampguard.readings import Interval

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ampguard.events import Configuration, Event
    from ampguard.journal.damage import Damage
    from ampguard.readings import Energy, Json, Reading
    from ampguard.settings.places import Places
    from ampguard.settings.settings import Settings

_WAITING_READINGS = 900
"""For a journal that takes nothing: ten minutes of seconds, and what else there is meanwhile."""
_WAITING_NOTES = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """This run of the meter."""

    boot: str
    kernel_boot: str | None
    settings: Mapping[str, str]
    """As `chronicle.configuration` lists them."""
    sync_interval_s: float = SYNC_INTERVAL_S
    """How long a reading may wait for the medium; see the function of that name."""


def sync_interval_s(settings: Settings) -> float:
    """How long a reading may wait for the medium: a destination that wants batches sooner has them sooner.

    A destination gets only what is on the medium (decision 0004).
    """
    return min((SYNC_INTERVAL_S, *(one.batch_s for one in (settings.mqtt, settings.https) if one is not None)))


class Keeper:
    """The journal's one user in the meter."""

    def __init__(
        self, places: Places, run: Run, on_gap: Callable[[Reading, Gap], None], logger: logging.Logger
    ) -> None:
        self._log = logger
        self._on_gap = on_gap
        """Is told of a gap before the reading behind it is kept: a kill between the two leaves nothing unexplained.

        Of what a damaged journal took, behind it: until that is told, the new one says so itself.
        """
        self._told: list[Gap] = []
        """Since the journal took something: what was told before it failed is not told twice."""
        self._refused = False
        """Whether the journal took nothing, the last time."""
        self._run = run
        self._counters = CounterFile(places.counters)
        self._counters_saved_s = time.monotonic()
        self._path = places.journal
        self._readings: deque[Reading] = deque(maxlen=_WAITING_READINGS)
        """What the journal could not take yet."""
        self._notes: deque[tuple[str, Json]] = deque(maxlen=_WAITING_NOTES)
        self._gaps: GapWatch | None = None
        self._events: list[Event] = []
        self._said_aside: Path | None = None
        self._explained: str | None = None
        """The journal of which was told what the one before it took."""
        self._damage: Damage | None = None
        """What the look through the journal found, until it is set aside."""
        self._check = threading.Thread(target=self._look_for_damage, name="journal check", daemon=True)
        self.found_late: Energy | None = None
        """Counters of an earlier run, out of a journal that could not be opened before."""
        self._journal = self._opened()

    def energy(self) -> tuple[Energy | None, Energy | None]:
        """The counters that an earlier run left in the journal, and beside it."""
        return self._journaled_energy(), self._counters.load()

    def keep(self, readings: tuple[Reading, ...]) -> bool:
        """Whether the journal has these, and all before them; if not, they wait in memory as long as there is room."""
        self._readings.extend(readings)
        if self._journal is None:
            self._journal = self._opened()
            self.found_late = self._journaled_energy()
        if self._journal is None:
            return False
        try:
            if self._damage is not None:
                self._journal.replace(self._damage)
                self._damage = None
            self._flush()
            follows, gaps = self._followed(tuple(self._readings))
            if not self._refused:
                self._tell(gaps)
            self._journal.append(tuple(self._readings))
        except JournalFault as fault:
            self._refused = True
            self._complain(fault)
            return False
        # while nothing was taken, each reading that memory let go moved the end of the gap: now it stands
        self._tell(gaps)
        self._refused = False
        if (trouble := self._journal.trouble) is not None:
            self._complain(trouble)
        self._gaps = follows
        self._readings.clear()
        self._flush()
        self._explain(self._journal, readings)
        self._told.clear()
        return True

    def settle(self) -> None:
        """No readings come: what is kept goes on the medium all the same, and then to whoever gets nothing else."""
        if self._journal is None:
            return
        try:
            self._journal.append(())
        except JournalFault as fault:
            self._complain(fault)

    def take_events(self) -> list[Event]:
        """What was noticed at this run's start."""
        events, self._events = self._events, []
        return events

    def note(self, kind: str, body: Json) -> bool:
        """Whether the journal has it; if not, it waits in memory as long as there is room."""
        self._notes.append((kind, body))
        self._flush()
        return not self._notes

    def take_up(self, settings: Mapping[str, str], interval_s: float) -> Configuration | None:
        """These are in force from now on; what they change. The next run is told of what it changes against these."""
        changed = difference(self._run.settings, settings)
        self._run = replace(self._run, sync_interval_s=interval_s)
        if self._journal is not None:
            self._journal.sync_interval_s = interval_s
        if changed is not None:
            self._run = replace(self._run, settings=settings)
            self._notes.append(("run", self._noted(ended=False)))
        return changed

    def count(self, energy: Energy) -> None:
        """The counters, kept now and then."""
        if time.monotonic() - self._counters_saved_s < SYNC_INTERVAL_S:
            return
        self._counters_saved_s = time.monotonic()
        try:
            self._counters.save(energy)
        except JournalFault as fault:
            self._complain(fault)

    def count_now(self) -> None:
        """The next counters are the last: they are kept at once."""
        self._counters_saved_s = -math.inf

    def look_for_damage(self) -> None:
        """Look through the whole journal, in a thread of its own: it may be large and the medium slow."""
        self._check.start()

    def close(self, *, in_order: bool = True) -> None:
        """The meter ends."""
        if in_order:
            self.note("run", self._noted(ended=True))
        if self._journal is not None:
            self._journal.close()

    def _followed(self, readings: tuple[Reading, ...]) -> tuple[GapWatch | None, list[tuple[Reading, Gap]]]:
        """The watch as it is when these are kept, and the gaps before them."""
        watch = copy.copy(self._gaps)
        gaps: list[tuple[Reading, Gap]] = []
        for one in readings:
            if watch is None or one.interval is not Interval.SECOND:
                continue
            if (gap := watch.follow(one)) is not None:
                gaps.append((one, gap))
        return watch, gaps

    def _tell(self, gaps: list[tuple[Reading, Gap]]) -> None:
        for one, gap in gaps:
            if gap not in self._told:
                self._told.append(gap)
                self._on_gap(one, gap)

    def _explain(self, journal: JournalWriter, readings: tuple[Reading, ...]) -> None:
        """What a damaged journal took, in the one that replaces it: all before its first reading."""
        if self._is_replaced(journal):
            self._say_set_aside(journal)
            self._notes.append(("run", self._noted(ended=False)))
        if (name := journal.replaces) is None:
            return
        try:
            if name != self._explained:
                if (first := _mark(journal.first(Interval.SECOND))) is None:
                    return
                self._explained = name
                lost = Gap(reason=GapReason.JOURNAL_DAMAGED, after=None, before=first, duration_s=None)
                self._tell([(readings[-1], lost)])
            self._flush()
            if not self._notes:
                journal.explained(name)
        except JournalFault as fault:
            self._complain(fault)

    def _opened(self) -> JournalWriter | None:
        try:
            journal = JournalWriter(self._path)
        except JournalFault as fault:
            self._complain(fault)
            return None
        journal.sync_interval_s = self._run.sync_interval_s
        try:
            if self._gaps is None:
                self._gaps = self._begun(journal)
        except JournalFault as fault:
            self._complain(fault)
            journal.close()
            return None
        self._say_set_aside(journal)
        return journal

    def _begun(self, journal: JournalWriter) -> GapWatch:
        """The journal is there: what it says of the run before. Raises JournalFault."""
        # all that may fail, or set the file aside, comes before the first word about it
        known = journal.latest_note("run")
        earlier = _mark(journal.latest(Interval.SECOND))
        # how the run ended whose readings are the latest; a run that kept none may have been since
        before = None if earlier is None else journal.latest_note("run", earlier.boot)
        if journal.set_aside is not None:
            earlier = _mark(journal.latest(Interval.SECOND))  # by that look it may have been
        kernel_boot = None if before is None else before.get("kernel_boot")
        same_clock = kernel_boot is not None and kernel_boot == self._run.kernel_boot
        if earlier is None:
            why = GapReason.NEW_JOURNAL if journal.replaces is None else GapReason.JOURNAL_DAMAGED
        else:
            why = why_ended(
                kernel_boot=self._run.kernel_boot,
                earlier_kernel_boot=str(kernel_boot) if kernel_boot is not None else None,
                in_order=before is not None and before.get("ended") is True,
            )
        from importlib import metadata  # noqa: PLC0415 - a tenth of the process's import time, wanted once

        self._events.append(Start(version=metadata.version("ampguard"), kernel_boot=self._run.kernel_boot))
        if (
            journal.set_aside is None
            and known is not None
            and (changed := difference(dict(_texts(known.get("settings"))), self._run.settings))
        ):
            self._events.append(changed)
        self._notes.appendleft(("run", self._noted(ended=False)))
        return GapWatch(earlier, why, same_clock=same_clock)

    def _noted(self, *, ended: bool) -> Json:
        settings: dict[str, Json] = dict(self._run.settings)
        return {"kernel_boot": self._run.kernel_boot, "ended": ended, "settings": settings}

    def _flush(self) -> None:
        if self._journal is None:
            return
        try:
            while self._notes:
                self._journal.note(self._run.boot, *self._notes[0])
                self._notes.popleft()
        except JournalFault as fault:
            self._complain(fault)

    def _is_replaced(self, journal: JournalWriter) -> bool:
        return journal.set_aside is not None and journal.set_aside != self._said_aside

    def _say_set_aside(self, journal: JournalWriter) -> None:
        if self._is_replaced(journal):
            self._said_aside = journal.set_aside
            self._log.error("the journal was damaged and is set aside as %s", journal.set_aside)

    def _look_for_damage(self) -> None:
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
            self._complain(fault)
            return None
        return None if latest is None or latest.get("boot") == self._run.boot else energy_of(latest.get("energy"))

    def _complain(self, fault: JournalFault) -> None:
        self._log.error("%s %s: %s", fault.code, type(fault).__name__, fault)


def _mark(reading: Mapping[str, Json] | None) -> Mark | None:
    match reading:
        case {"boot": str(boot), "sequence": int(sequence), "end_utc": end_utc, "monotonic_ns": int(monotonic_ns)}:
            utc = end_utc if isinstance(end_utc, str) else None
            return Mark(boot=boot, sequence=sequence, end_utc=utc, monotonic_ns=monotonic_ns)
        case _:
            return None


def _texts(listed: Json) -> Iterator[tuple[str, str]]:
    if isinstance(listed, dict):
        yield from ((name, value) for name, value in listed.items() if isinstance(value, str))
