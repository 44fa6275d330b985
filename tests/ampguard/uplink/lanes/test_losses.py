"""What the journal had and has no more is told before the next block; the same loss is one event, however often."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.journal.made import reading

from ampguard.events import GapReason
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Json
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.lane import WINDOW, Batch
from ampguard.uplink.lanes.losses import MOST, Losses, reason_of
from ampguard.uplink.lanes.records import RecordSender

LOGGER = logging.getLogger("test")


class Cloud:
    """Commits whatever comes."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int, int]] = []
        self.told: list[Any] = []

    async def bring(self, batch: Batch, block: bytes) -> bool:
        assert block
        self.taken.append(batch.name)
        return True

    async def tell(self, event: Mapping[str, Json]) -> None:
        self.told.append(event)

    @property
    def gaps(self) -> list[tuple[str, int | None, int]]:
        found = [one["event"] for one in self.told]
        return [(g["reason"], g["after"] and g["after"]["sequence"], g["before"]["sequence"]) for g in found]


class Site:
    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal.sqlite"
        self.writer = JournalWriter(self.journal)
        self.cursor = folder / "cursor.json"
        self.cloud = Cloud()
        self.made = 0

    def measure(self, count: int, boot: str = "one") -> None:
        self.writer.append([reading(number, boot=boot) for number in range(self.made + 1, self.made + count + 1)])
        self.made += count

    def send(self) -> RecordSender:
        """As after a restart of the uplink."""
        sender = RecordSender(JournalReader(self.journal), Cursor(self.cursor), 0.0, LOGGER)
        asyncio.run(sender.send(self.cloud, flush=True))
        sender.save()
        return sender

    def spoil(self, statement: str, *values: object) -> None:
        with contextlib.closing(sqlite3.connect(self.journal)) as database, database:
            database.execute(statement, values)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.writer.close()


def test_a_journal_that_is_whole_tells_of_no_loss(site: Site) -> None:
    site.measure(130)
    site.send()
    site.measure(100)
    site.send()
    site.writer.close()
    site.writer = JournalWriter(site.journal)  # positions skip
    site.made = 0
    site.measure(70, "two")
    site.send()
    assert site.cloud.told == []
    assert site.cloud.taken[-1] == ("two", 61, 70)


def test_what_expired_while_the_destination_was_away_is_told(site: Site) -> None:
    site.measure(60)
    site.send()
    site.measure(300)
    site.spoil("DELETE FROM block WHERE last_sequence <= 180")
    site.send()
    assert site.cloud.gaps == [("expired", 60, 181)]
    assert site.cloud.taken == [("one", 1, 60), ("one", 181, 240), ("one", 241, 300), ("one", 301, 360)]


def test_a_new_destination_is_told_where_the_journal_begins(site: Site) -> None:
    site.measure(240)
    site.spoil("DELETE FROM block WHERE last_sequence <= 180")
    site.send()
    assert site.cloud.gaps == [("expired", None, 181)]


def test_what_expired_over_the_end_of_a_run_is_told(site: Site) -> None:
    site.measure(60)
    site.send()
    site.measure(60)
    site.writer.close()
    site.writer, site.made = JournalWriter(site.journal), 0
    site.measure(120, "two")
    site.spoil("DELETE FROM block WHERE boot = 'one' OR last_sequence <= 60")
    site.send()
    [told] = site.cloud.told
    assert (told["event"]["after"]["boot"], told["event"]["before"]["boot"]) == ("one", "two")
    assert site.cloud.gaps == [("expired", 60, 61)]


def test_a_block_that_the_medium_damaged_is_told(site: Site) -> None:
    site.measure(180)
    site.spoil("UPDATE block SET body = x'00' WHERE first_sequence = 61")
    site.send()
    assert site.cloud.gaps == [("journal_damaged", 60, 121)]
    assert site.cloud.told[0]["kind"] == "gap"


def test_damage_in_the_middle_of_a_batch_is_told_too(site: Site) -> None:
    site.measure(90)
    site.writer.close()
    site.writer = JournalWriter(site.journal)  # the open block of 30 is sealed as it is
    site.measure(90)
    site.spoil("UPDATE block SET body = x'00' WHERE first_sequence = 91")
    sender = RecordSender(JournalReader(site.journal), Cursor(site.cursor), 0.0, LOGGER)
    sender._at_once = 40
    asyncio.run(sender.send(site.cloud, flush=True))
    assert site.cloud.gaps == [("journal_damaged", 90, 151)]
    sent = {number for _, first, last in site.cloud.taken for number in range(first, last + 1)}
    assert sent == {*range(1, 91), *range(151, 181)}


def test_a_loss_that_is_met_again_is_the_same_event(site: Site) -> None:
    class Forgetful(Cloud):
        async def bring(self, batch: Batch, block: bytes) -> bool:
            await super().bring(batch, block)
            return False

    site.measure(180)
    site.spoil("UPDATE block SET body = x'00' WHERE first_sequence = 61")
    site.cloud = Forgetful()
    sender = RecordSender(JournalReader(site.journal), Cursor(site.cursor), 0.0, LOGGER)

    async def twice() -> None:
        for _ in range(2):
            sender.restart()
            await sender.send(site.cloud, flush=True)
            sender.committed(site.cloud.taken[0])
            await sender.send(site.cloud, flush=True)

    asyncio.run(twice())
    assert len(site.cloud.told) == 2
    assert site.cloud.told[0] == site.cloud.told[1]


def test_a_loss_is_told_again_with_the_block_behind_it_when_nobody_speaks(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)

    class Silent(Cloud):
        async def bring(self, batch: Batch, block: bytes) -> bool:
            await super().bring(batch, block)
            return False

    async def run() -> None:
        nonlocal now_s
        sender = RecordSender(JournalReader(site.journal), Cursor(site.cursor), 0.0, LOGGER)
        await sender.send(site.cloud, flush=True)
        sender.committed(("one", 1, 60))
        for _ in range(3):
            await sender.send(site.cloud, flush=True)
            now_s += 3600.0

    site.measure(180)
    site.spoil("UPDATE block SET body = x'00' WHERE first_sequence = 61")
    site.cloud = Silent()
    asyncio.run(run())
    assert site.cloud.taken.count(("one", 121, 180)) == 3
    assert len(site.cloud.told) == 3
    assert site.cloud.told[0] == site.cloud.told[2]


def test_what_a_damaged_journal_took_is_told_as_that(site: Site) -> None:
    site.measure(60)
    site.send()
    site.measure(60)
    site.writer.replace()
    site.measure(60)
    site.send()
    assert site.cloud.gaps == [("journal_damaged", 60, 121)]


def test_only_the_first_batch_of_a_new_journal_tells_of_the_one_before(site: Site) -> None:
    class Slow(Cloud):
        async def bring(self, batch: Batch, block: bytes) -> bool:
            await super().bring(batch, block)
            return False

    site.measure(60)
    site.send()
    site.measure(60)
    site.writer.replace()
    site.measure(60)
    site.made = 0
    site.measure(60, "two")
    cursor, site.cloud = Cursor(site.cursor), Slow()
    cursor.follow(JournalReader(site.journal).name())
    sender = RecordSender(JournalReader(site.journal), cursor, 0.0, LOGGER)
    sender._lane._window = WINDOW  # several under way before the first one is committed
    asyncio.run(sender.send(site.cloud, flush=True))
    assert [boot for boot, _, _ in site.cloud.taken] == ["one", "two"]
    assert site.cloud.gaps == [("journal_damaged", 60, 121)]


def test_numbers_that_were_never_kept_are_the_meters_to_tell(site: Site) -> None:
    site.measure(60)
    site.made += 40
    site.measure(60)
    site.send()
    assert site.cloud.told == []


@pytest.mark.parametrize("damaged", [True, False])
@pytest.mark.parametrize("oldest", [True, False])
def test_what_follows_is_never_a_loss(damaged: bool, oldest: bool) -> None:  # noqa: FBT001 - a table's columns
    assert reason_of(("one", 5), ("one", 6), damaged=damaged, oldest=oldest, refused=False) is None


def test_the_next_run_behind_something_damaged_is_a_loss() -> None:
    found = reason_of(("one", 5), ("two", 1), damaged=True, oldest=False, refused=False)
    assert found is GapReason.JOURNAL_DAMAGED


def test_only_the_latest_losses_are_remembered() -> None:
    losses = Losses()
    first = losses.event(GapReason.REFUSED, ("boot", 1), ("boot", 3))
    assert losses.event(GapReason.REFUSED, ("boot", 1), ("boot", 3)) is first
    for number in range(MOST):
        losses.event(GapReason.REFUSED, ("boot", 2 * number + 3), ("boot", 2 * number + 5))
    assert losses.event(GapReason.REFUSED, ("boot", 1), ("boot", 3)) is not first
