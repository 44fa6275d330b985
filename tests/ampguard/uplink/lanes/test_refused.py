"""What a cloud refuses by name, whether it says so at once (HTTPS) or later (MQTT): isolated, passed over, told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.journal.made import reading

from ampguard.block import columns
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Json
from ampguard.uplink import message
from ampguard.uplink.faults import NeverTaken
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.lane import PATIENCE_S, Batch
from ampguard.uplink.lanes.passedover import ASK_AGAIN_S, IN_A_ROW, PassedOver
from ampguard.uplink.lanes.records import RecordSender

LOGGER = logging.getLogger("test")


class Cloud:
    """Never takes some readings; `words`: what it has still to say of what came, where it does not say so at once."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.at_once = True
        self.stored: set[int] = set()
        self.counts: list[int] = []
        self.words: list[tuple[Batch, str, bool]] = []
        self.told: list[Any] = []

    async def bring(self, batch: Batch, block: bytes) -> bool:
        numbers = {int(str(one)) for one in columns(block)["sequence"]}
        self.counts.append(len(numbers))
        sound = not numbers & self.bad
        if sound:
            self.stored |= numbers
        if not self.at_once:
            self.words.append((batch, message.digest(block), sound))
            return False
        if not sound:
            raise NeverTaken("refused", "a bad one")
        return True

    async def tell(self, event: Mapping[str, Json]) -> None:
        self.told.append(event)

    def speak(self, sender: RecordSender, order: int = 1, times: int = 1) -> None:
        words, self.words = self.words[::order], []
        for batch, digest, sound in words:
            for _ in range(times):
                if sound:
                    sender.committed(batch.name)
                else:
                    sender.refused(digest, "a bad one")

    @property
    def gaps(self) -> list[tuple[str, int | None, int]]:
        found = [one["event"] for one in self.told]
        return [(g["reason"], g["after"] and g["after"]["sequence"], g["before"]["sequence"]) for g in found]


class Site:
    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal.sqlite"
        self.writer = JournalWriter(self.journal)
        self.cursor = Cursor(folder / "cursor.json")
        self.sender = RecordSender(JournalReader(self.journal), self.cursor, 0.0, LOGGER)
        self.made = 0

    def measure(self, count: int) -> None:
        for number in range(self.made + 1, self.made + count + 1):
            self.writer.append([reading(number)])
        self.made += count

    def send(self, cloud: Cloud, times: int = 1, order: int = 1, each_word: int = 1) -> None:
        for _ in range(times):
            asyncio.run(self.sender.send(cloud, flush=True))
            cloud.speak(self.sender, order, each_word)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.writer.close()


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("bad", [(1,), (61,), (100, 101), (60, 180, 181, 240), (300,)])
def test_all_but_the_bad_ones_come_through(site: Site, bad: tuple[int, ...], *, at_once: bool, order: int) -> None:
    site.measure(299)
    cloud = Cloud(*bad)
    cloud.at_once = at_once
    site.send(cloud, 60, order)
    site.measure(3)
    site.send(cloud, 30, order)
    assert cloud.stored == set(range(1, 303)) - set(bad)
    assert site.cursor.position == 302
    assert site.sender.passed_over == len(bad)
    assert {reason for reason, _, _ in cloud.gaps} == {"refused"}
    assert all(any((after or 0) < one < before for _, after, before in cloud.gaps) for one in bad)
    assert not site.sender.is_deaf


@pytest.mark.parametrize("at_once", [True, False])
def test_the_cursor_stays_until_the_next_one_is_committed(site: Site, *, at_once: bool) -> None:
    site.measure(3)
    cloud = Cloud(3)
    cloud.at_once = at_once
    site.send(cloud, 10)
    assert site.cursor.position == 2
    assert cloud.told == []
    site.measure(1)
    site.send(cloud)
    assert site.cursor.position == 4
    assert cloud.gaps == [("refused", 2, 4)]


def test_the_newest_one_is_asked_for_again_after_a_while_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    site.measure(1)
    cloud = Cloud(1)
    for later_s, count in ((0.0, 1), (2.0, 1), (ASK_AGAIN_S, 2), (2.0, 2)):
        now_s += later_s
        site.sender.restart()
        site.send(cloud)
        assert len(cloud.counts) == count
    assert site.sender.passed_over == 1


def test_who_refuses_everything_at_once_is_an_error_and_nothing_is_lost(site: Site) -> None:
    site.measure(10)
    cloud = Cloud(*range(1, 11))
    for _ in range(5):
        with pytest.raises(NeverTaken):
            site.send(cloud)
    assert site.cursor.position == 0
    cloud.bad.clear()
    site.send(cloud)
    assert cloud.stored == set(range(1, 11))


def test_who_refuses_everything_later_is_asked_more_and_more_seldom(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    site.measure(10)
    cloud = Cloud(*range(1, 11))
    cloud.at_once = False
    counts: list[int] = []
    for _ in range(4):
        known = len(cloud.counts)
        site.send(cloud, 30)
        counts.append(len(cloud.counts) - known)
        now_s += PATIENCE_S
    assert counts[0] > IN_A_ROW
    assert counts[1] > 0
    assert counts[2] == 0, "patience has doubled"
    assert not site.sender.is_deaf
    cloud.bad.clear()
    now_s += 4 * PATIENCE_S
    site.send(cloud, 10)
    assert cloud.stored == set(range(1, 11))
    assert site.cursor.position == 10


def test_who_says_each_refusal_twice_costs_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    site.measure(100)
    cloud = Cloud(*range(1, 101))
    cloud.at_once = False
    site.send(cloud, 100, each_word=2)
    assert site.sender.passed_over == IN_A_ROW
    cloud.bad.clear()
    for _ in range(3):
        now_s += 4 * PATIENCE_S
        site.send(cloud, 10, each_word=2)
    assert cloud.stored == set(range(1, 101))
    assert site.cursor.position == 100


def test_a_refusal_of_what_is_not_on_its_way_is_nothing(site: Site) -> None:
    site.measure(5)
    cloud = Cloud()
    cloud.at_once = False
    asyncio.run(site.sender.send(cloud, flush=True))
    site.sender.refused(message.digest(b"another"), "no")
    cloud.speak(site.sender)
    assert site.cursor.position == 5
    assert site.sender.passed_over == 0


def test_the_first_one_of_another_journal_does_not_hide_what_is_damaged(site: Site) -> None:
    site.measure(60)
    cloud = Cloud(61)
    site.send(cloud)
    site.writer.replace()
    site.measure(3)
    site.send(cloud)
    assert cloud.stored == {*range(1, 61), 62, 63}
    assert cloud.gaps[-1] == ("journal_damaged", 60, 62)


def test_some_in_a_row_are_passed_over_and_each_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    passed = PassedOver(LOGGER)
    for _ in range(3):
        assert all(passed.add(position, f"reading {position}", "no") for position in range(1, IN_A_ROW + 1))
        assert not passed.add(IN_A_ROW + 1, "one more", "no")
        assert passed.position == IN_A_ROW
        passed.forget()
        assert passed.position == 0
    assert caplog.text.count("reading 1 ") == 1
    assert passed.count == IN_A_ROW
    passed.committed()
    assert passed.add(7, "reading 7", "no")
