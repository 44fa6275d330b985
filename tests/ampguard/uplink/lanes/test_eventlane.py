"""Events are told once where there is no cloud, and until they are committed where there is one."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from ampguard.journal.reader import JournalReader
from ampguard.journal.schema import encoded_note
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Json
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.eventlane import AT_ONCE, MOST_UNDER_WAY, EventSender

LOGGER = logging.getLogger("test")


@dataclass
class Site:
    """A journal, a lane out of it, and a broker that forgets what it is told to forget."""

    folder: Path
    now_s: float = 0.0
    broker_takes: bool = True
    broker_forgets: bool = False
    count: int = 0
    poison: int = 0
    """An event that the cloud never commits."""
    queue: list[int] = field(default_factory=list[int])
    """What the broker holds for the cloud."""
    said: list[int] = field(default_factory=list[int])
    stored: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self.writer = JournalWriter(self.folder / "journal")
        self.sender = self.opened()

    def opened(self) -> EventSender:
        told, committed = (Cursor(self.folder / f"{name}.json") for name in ("told", "committed"))
        return EventSender(JournalReader(self.folder / "journal"), told, committed, LOGGER, lambda: self.now_s)

    def happen(self) -> None:
        self.count += 1
        self.writer.note("boot", "event", {"boot": "boot", "sequence": self.count})

    def happen_much(self, count: int) -> None:
        """In one commit: a note each is what takes long."""
        numbers = range(self.count + 1, self.count + count + 1)
        rows = [("boot", "event", encoded_note({"boot": "boot", "sequence": number})) for number in numbers]
        self.writer._database.execute("BEGIN")
        self.writer._database.executemany("INSERT INTO note (boot, kind, body) VALUES (?, ?, ?)", rows)
        self.writer._database.execute("COMMIT")
        self.count += count

    def send(self) -> None:
        asyncio.run(self.sender.send(self.say))

    async def say(self, body: Mapping[str, Json]) -> bool:
        if not self.broker_takes:
            return False
        number = body["sequence"]
        assert isinstance(number, int)
        self.said.append(number)
        if not self.broker_forgets:
            self.queue.append(number)
        return True

    def cloud_works(self, *, answers: bool = True) -> None:
        taken, self.queue = [number for number in self.queue if number != self.poison], []
        for number in taken:
            self.stored.add(number)
            if answers:
                self.sender.committed("boot", number)

    def restart(self) -> None:
        self.sender.save()
        self.sender = self.opened()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.writer.close()


def test_without_a_cloud_each_is_told_once(site: Site) -> None:
    for _ in range(3):
        site.happen()
        site.send()
        site.now_s += 3600.0
        site.sender.restart()
    site.restart()
    site.send()
    assert site.said == [1, 2, 3]


def test_what_a_broker_forgot_is_told_again_when_a_cloud_is_there(site: Site) -> None:
    site.broker_forgets = True
    for _ in range(2 * AT_ONCE):
        site.happen()
    site.send()
    site.broker_forgets = False
    site.restart()
    site.sender.answered()  # the cloud speaks of a block of records
    for _ in range(4):
        site.send()
        site.cloud_works()
    assert site.stored == set(range(1, 2 * AT_ONCE + 1))
    told = len(site.said)
    site.now_s += 3600.0
    site.send()
    assert len(site.said) == told, "all is committed"


def test_what_nobody_speaks_for_is_told_again_and_each_time_later(site: Site) -> None:
    site.happen()
    site.sender.answered()
    times: list[float] = []
    for _ in range(2000):
        before = len(site.said)
        site.send()
        times += [site.now_s] * (len(site.said) - before)
        site.now_s += 1.0
    apart = [after - before for before, after in itertools.pairwise(times)]
    assert apart[:3] == [20.0, 40.0, 80.0]
    assert max(apart) <= 600.0


def test_one_that_is_never_committed_holds_up_no_other_and_is_told_ever_more_seldom(site: Site) -> None:
    site.poison = 1
    for _ in range(4 * AT_ONCE):
        site.happen()
    site.broker_forgets = True
    site.send()
    site.broker_forgets = False
    site.restart()
    site.sender.answered()
    for _ in range(40):
        site.send()
        site.cloud_works()
        site.now_s += 30.0
    assert site.stored == set(range(2, 4 * AT_ONCE + 1))
    assert site.said.count(1) <= 9, "20, 40, 80 ... seconds apart"
    assert max(site.said.count(number) for number in range(2, 4 * AT_ONCE + 1)) <= 3
    site.poison = 0
    site.now_s += 700.0
    site.send()
    site.cloud_works()
    assert site.stored == set(range(1, 4 * AT_ONCE + 1))


def test_however_many_are_under_way_they_are_told_again(site: Site) -> None:
    site.sender.answered()
    site.happen_much(MOST_UNDER_WAY + 2 * AT_ONCE)
    site.broker_forgets = True
    site.send()
    assert len(site.said) == site.count
    site.broker_forgets = False
    for _ in range(4):
        site.now_s += 700.0
        site.send()
        site.cloud_works()
    assert site.stored == set(range(1, site.count + 1))
    assert max(site.said.count(number) for number in (1, MOST_UNDER_WAY, MOST_UNDER_WAY + 1, site.count)) <= 3


def test_what_is_committed_while_it_is_told_again_is_not_said_once_more(site: Site) -> None:
    site.sender.answered()
    for _ in range(4):
        site.happen()
    site.send()

    async def quick(body: Mapping[str, Json]) -> bool:
        for number in (2, 4):
            site.sender.committed("boot", number)
        return await site.say(body)

    site.said.clear()
    site.now_s += 30.0
    asyncio.run(site.sender.send(quick))
    assert site.said == [1, 3]


def test_the_word_may_come_before_the_brokers(site: Site) -> None:
    site.sender.answered()
    site.happen()

    async def quick(body: Mapping[str, Json]) -> bool:
        site.sender.committed("boot", 1)
        return await site.say(body)

    asyncio.run(site.sender.send(quick))
    site.now_s += 3600.0
    site.send()
    assert site.said == [1]


def test_a_damaged_event_does_not_hold_up_the_next_one(site: Site) -> None:
    site.happen()
    site.happen()
    site.writer._database.execute("UPDATE note SET body = x'00' WHERE position = 1")
    site.sender.answered()
    site.send()
    site.cloud_works()
    assert site.stored == {2}
    site.now_s += 3600.0
    site.send()
    assert site.said == [2]


@pytest.mark.parametrize("order", [1, -1])
def test_a_refused_event_is_passed_over_with_the_next_commit(site: Site, order: int) -> None:
    for _ in range(3):
        site.happen()
    site.send()
    for number in (1, 2)[::order]:
        if number == 1:
            site.sender.committed("boot", number)
        else:
            site.sender.refused("boot", number, "no")
    site.sender.save()
    assert Cursor(site.folder / "committed.json").position == 1
    assert site.sender.passed_over == 1
    site.sender.committed("boot", 3)
    site.sender.save()
    assert Cursor(site.folder / "committed.json").position == 3
    site.now_s += 3600.0
    site.send()
    assert site.said == [1, 2, 3]


def test_a_cloud_that_refuses_all_events_costs_none(site: Site) -> None:
    for _ in range(6):
        site.happen()
    for _ in range(3):
        site.send()
        for number in range(1, 7):
            site.sender.refused("boot", number, "no")
        site.now_s += 3600.0
    assert site.sender.passed_over == 3
    site.restart()
    site.sender.answered()
    site.send()
    site.cloud_works()
    assert site.stored == set(range(1, 7))


@pytest.mark.parametrize("later", [0, 1, 2, 3, 200])
def test_a_cloud_that_refused_all_events_and_is_mended_gets_all(site: Site, later: int) -> None:
    """`later`: how many more events are said before the word of a commit is heard."""
    for _ in range(200):
        site.happen()
    site.send()
    for number in range(1, 201):
        site.sender.refused("boot", number, "no")
    said: list[int] = []

    async def say(body: Mapping[str, Json]) -> bool:
        said.append(int(str(body["sequence"])))
        if len(said) > later:
            site.sender.committed("boot", said[-1 - later])
        return True

    stored: set[int] = set()
    for _ in range(6):
        site.now_s += 3600.0
        asyncio.run(site.sender.send(say))
        stored |= set(said)
        for number in said[-later:] if later else ():
            site.sender.committed("boot", number)
        said.clear()
    assert stored == set(range(1, 201))
    site.sender.save()
    assert Cursor(site.folder / "committed.json").position == 200


step = st.sampled_from(
    ["happen", "send", "cloud", "deaf cloud", "forget", "keep", "refuse", "later", "restart", "lost"]
)


@effort(deadline=None, max_examples=60)
@given(st.lists(step, max_size=60))
def test_whatever_happens_all_is_committed_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    site = Site(tmp_path_factory.mktemp("site"))
    for one in steps:
        match one:
            case "happen":
                site.happen()
            case "send":
                site.send()
            case "cloud":
                site.sender.answered()
                site.cloud_works()
            case "deaf cloud":
                site.cloud_works(answers=False)
            case "forget" | "keep" | "refuse":
                site.broker_forgets, site.broker_takes = one == "forget", one != "refuse"
            case "later":
                site.now_s += 700.0
            case "restart":
                site.restart()
            case _:
                site.queue.clear()
                site.sender.restart()
    site.broker_takes, site.broker_forgets = True, False
    for _ in range(6):
        site.sender.answered()
        site.send()
        site.cloud_works()
        site.now_s += 700.0
    assert site.stored == set(range(1, site.count + 1))
    told = len(site.said)
    site.send()
    site.writer.close()
    assert len(site.said) == told
