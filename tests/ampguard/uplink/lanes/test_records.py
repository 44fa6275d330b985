"""Records on their way to a destination, whatever carries them and whenever the connection changes."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from tests.ampguard.journal.made import reading

from ampguard.errors import UplinkFault
from ampguard.journal.reader import JournalReader, StoredBlock, StoredReading
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval, Json
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.lane import Batch
from ampguard.uplink.lanes.records import RecordSender
from ampguard.uplink.message import RECORDS_AT_ONCE

LOGGER = logging.getLogger("test")


class Interrupted(JournalReader):
    """Something happens while it is asked."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def readings(self, after: int, limit: int, interval: Interval = Interval.SECOND) -> list[StoredReading]:
        found = super().readings(after, limit, interval)
        self.meanwhile()
        return found

    def block(self, after: int, interval: Interval = Interval.SECOND) -> StoredBlock | None:
        found = super().block(after, interval)
        self.meanwhile()
        return found


class Line:
    """Takes everything and says nothing, or refuses."""

    def __init__(self) -> None:
        self.taken: list[Batch] = []
        self.broken = False

    async def bring(self, batch: Batch, block: bytes) -> bool:
        assert block
        if self.broken:
            raise UplinkFault("broken")
        self.taken.append(batch)
        return False

    async def tell(self, event: Mapping[str, Json]) -> None:
        assert not self.broken
        raise AssertionError(f"nothing is lost, but was told: {event}")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Path]:
    writer = JournalWriter(tmp_path / "journal.sqlite")
    for first in range(1, 10 * RECORDS_AT_ONCE, RECORDS_AT_ONCE):
        writer.append([reading(number) for number in range(first, first + RECORDS_AT_ONCE)])
    yield tmp_path / "journal.sqlite"
    writer.close()


def sender(journal: Path, reader: JournalReader) -> tuple[RecordSender, Cursor]:
    cursor = Cursor(journal.with_name("cursor.json"))
    return RecordSender(reader, cursor, 60.0, LOGGER), cursor


def test_a_new_connection_while_the_journal_is_read_leaves_no_gap(journal: Path) -> None:
    async def run() -> None:
        reader, line = Interrupted(journal), Line()
        records, cursor = sender(journal, reader)
        await records.send(line, flush=False)
        records.committed(line.taken[0].name)
        asked = 0

        def reconnect() -> None:
            nonlocal asked
            asked += 1
            if asked == 3:
                records.restart()

        reader.meanwhile = reconnect
        line.taken.clear()
        await records.send(line, flush=False)
        assert [batch.first_sequence for batch in line.taken] == [61, 121]
        line.taken.clear()
        for _ in range(2):
            await records.send(line, flush=False)
            for batch in line.taken:
                records.committed(batch.name)
        assert [batch.first_sequence for batch in line.taken] == list(range(61, 600, 60))
        assert cursor.position == JournalReader(journal).last_position()

    asyncio.run(run())


def test_what_a_line_refused_is_the_next_again_and_does_not_wait(journal: Path) -> None:
    async def run() -> None:
        line = Line()
        records, cursor = sender(journal, JournalReader(journal))
        line.broken = True
        for _ in range(3):
            with pytest.raises(UplinkFault):
                await records.send(line, flush=False)
        line.broken = False
        await records.send(line, flush=False)
        assert [batch.first_sequence for batch in line.taken] == [1]
        assert cursor.position == 0

    asyncio.run(run())


def test_a_word_for_what_was_never_sent_moves_nothing(journal: Path) -> None:
    async def run() -> None:
        line = Line()
        records, cursor = sender(journal, JournalReader(journal))
        await records.send(line, flush=False)
        records.committed(("boot", 1, 61))
        records.committed(("another", 1, 60))
        assert cursor.position == 0
        records.committed(("boot", 1, 60))
        assert cursor.position == 60

    asyncio.run(run())


def test_who_has_spoken_and_is_silent_is_tried_over_a_new_connection_each_time_later(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)

    async def run() -> list[float]:
        nonlocal now_s
        line, times = Line(), [0.0]
        records, _ = sender(journal, JournalReader(journal))
        await records.send(line, flush=False)
        records.committed(line.taken[0].name)
        while len(times) < 4:
            now_s += 1.0
            await records.send(line, flush=False)
            if records.is_deaf:
                records.restart()
                times.append(now_s)
        return [round(after - before) for before, after in itertools.pairwise(times)]

    assert asyncio.run(run()) == [61, 141, 301]


def test_who_has_never_spoken_is_left_alone(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)

    async def run() -> None:
        nonlocal now_s
        records, _ = sender(journal, JournalReader(journal))
        for _ in range(500):
            now_s += 10.0
            await records.send(Line(), flush=False)
            assert not records.is_deaf

    asyncio.run(run())
