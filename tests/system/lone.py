"""The uplink alone: a journal that is made up, somebody who tells what a meter would, and what came of it, judged."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.ampguard.journal.made import reading
from tests.benchmarks.journal_wear import made

from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.live.publisher import Publisher
from ampguard.readings import as_json
from ampguard_hil.campaign_judge import UnitVerdict, judged
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Reading

SERIAL = "AG1"
TELL_S = 0.1


@dataclass(frozen=True, slots=True)
class Lone:
    """The process, and what it brings."""

    folder: Path
    process: Process
    journal: Path
    told: Mapping[int, float]
    """When each live reading was told, by its sequence, on the monotonic clock (s)."""
    serial: str = SERIAL
    hush: threading.Event = field(default_factory=threading.Event)
    """Set it, and there are no new readings any more."""

    @property
    def kept(self) -> int:
        """Readings in the journal."""
        return JournalReader(self.journal).last_position()

    @property
    def lines(self) -> list[str]:
        """What it wrote to its log."""
        return self.process.log.read_text().splitlines() if self.process.log.is_file() else []

    def says(self, words: str) -> bool:
        """Whether a line of its log holds these."""
        return any(words in line for line in self.lines)

    def judged(self, store: Path) -> UnitVerdict:
        """The journal and the store of a cloud, reading by reading."""
        return judged(self.serial, self.journal, store, ())

    def arrived(self, store: Path, timeout_s: float) -> UnitVerdict:
        """The verdict as soon as it is good, or at the end of that time."""
        found: list[UnitVerdict] = []

        def good() -> bool:
            # counting is quick, judging is not
            if stored(store, self.serial) < self.kept:
                return False
            found.append(self.judged(store))
            return found[-1].good

        return found[-1] if wait_until(good, timeout_s) else self.judged(store)


def stored(store: Path, serial: str = SERIAL) -> int:
    """Readings in the store of a cloud; none while there is no store."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as database,
    ):
        (found,) = database.execute("SELECT count(*) FROM reading WHERE serial = ?", (serial,)).fetchone()
        return int(found)
    return 0


@contextlib.contextmanager
def lone_uplink(  # noqa: PLR0913 - all that a test may want to be different
    folder: Path,
    settings: str,
    count: int,
    *,
    within: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    live_s: float | None = None,
    serial: str = SERIAL,
) -> Iterator[Lone]:
    """With so many readings to bring; `within`: what its command begins with; `live_s`: so often there is a new one."""
    data, run = folder / "data", folder / "run"
    data.mkdir(exist_ok=True)
    (data / "settings.toml").write_text(settings)
    chance = random.Random(2611)
    writer = JournalWriter(data / "journal.sqlite")
    for first in range(1, count + 1, 60):
        writer.append([_second(number, chance) for number in range(first, min(first + 60, count + 1))])
    _settle(writer)
    told: dict[int, float] = {}
    feed, ended, hush = Publisher(run / "live.sock"), threading.Event(), threading.Event()

    def tell() -> None:
        # the journal has one writer, and that is this thread from here on
        number, due = count + 1, 0.0
        while not ended.wait(TELL_S):
            feed.publish("status", {"serial": serial})
            due += TELL_S
            if live_s is not None and due >= live_s and not hush.is_set():
                newest = _second(number, chance)
                writer.append([newest])
                feed.publish("reading", as_json(newest))
                told[number] = time.monotonic()
                number, due = number + 1, 0.0
                _settle(writer)
        writer.close()

    teller = threading.Thread(target=tell)
    command = [*within, sys.executable, "-m", "ampguard.services.uplink"]
    places = {**os.environ, "AMPGUARD_DATA": str(data), "AMPGUARD_RUN": str(run), **(environment or {})}
    process = Process("uplink", command, folder / "uplink.log", places)
    teller.start()
    process.start()
    try:
        yield Lone(folder, process, data / "journal.sqlite", told, serial, hush)
    finally:
        process.stop()
        ended.set()
        teller.join()
        feed.close()


def _settle(writer: JournalWriter) -> None:
    """What it holds is on the medium, as it is at a meter ten seconds later."""
    writer.sync()
    writer.append([])


def _second(number: int, chance: random.Random) -> Reading:
    """With values that compress like real ones, and counters that stand still."""
    return replace(made(number, chance), energy=reading(number).energy)


def logs(folder: Path) -> str:
    """The end of every log."""
    texts = {log.name: log.read_text(errors="replace")[-3000:] for log in sorted(folder.rglob("*.log"))}
    return "\n".join(f"--- {name}\n{text}" for name, text in texts.items())
