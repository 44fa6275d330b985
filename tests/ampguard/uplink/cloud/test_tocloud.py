"""Records out of a real journal over HTTPS to the real store: whatever is answered, nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from tests.ampguard.journal.made import reading
from tests.ampguard_hil.cloud.served import serving

from ampguard.block import columns
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.settings.destinations import HttpsSettings
from ampguard.uplink.cloud.https import HttpsPost
from ampguard.uplink.cloud.tocloud import CATCH_UP_S, ToCloud
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.eventlane import EventSource
from ampguard.uplink.lanes.records import GROW_AFTER, RecordSender
from ampguard.uplink.message import RECORDS_AT_ONCE
from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.store import BootReport, open_store

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

LOGGER = logging.getLogger("test")


class Moody:
    """In front of the real entrance: answers as `mood` says, or lets through."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.mood: Callable[[bytes], Response | None] = lambda _: None
        self.counts: list[int] = []
        """Readings in each block that came."""
        self.real = application(store, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.real(scope, receive, send)
            return
        block = await Request(scope, receive).body()
        if scope["path"].endswith("/records"):
            self.counts.append(len(columns(block)["sequence"]))
        answer = self.mood(block)
        if answer is not None:
            await answer(scope, receive, send)
            return

        async def again() -> Message:
            return {"type": "http.request", "body": block, "more_body": False}

        await self.real(scope, again, send)

    def report(self) -> list[BootReport]:
        store = open_store(self.store)
        try:
            return store.completeness("AG1")
        finally:
            store.close()


class Bench:
    """A journal with readings, a cloud, and a unit's way to it."""

    def __init__(self, folder: Path, cloud: Moody, url: str) -> None:
        self.cloud = cloud
        self.cursor = folder / "uplink-https.json"
        self.journal = folder / "journal.sqlite"
        self._url = url
        self._writer = JournalWriter(self.journal)
        self._number = 0

    def measure(self, count: int) -> None:
        numbers = range(self._number + 1, self._number + count + 1)
        self._number += count
        self._writer.append([reading(number) for number in numbers])

    def happen(self, number: int) -> None:
        self._writer.note("boot", "event", {"boot": "boot", "sequence": number, "kind": "gap"})

    def told(self) -> list[int]:
        store = open_store(self.cloud.store)
        try:
            return [one.sequence for one in store.events("AG1")]
        finally:
            store.close()

    def events(self) -> EventSource:
        cursor = Cursor(self.cursor.with_name("uplink-https-events.json"))
        return EventSource(JournalReader(self.journal), cursor, LOGGER)

    def rounds(self, count: int = 1, *, batch_s: float = 0.0, farewell: bool = False) -> tuple[list[float], bool]:
        """How long it would wait after each, and whether it is connected at the end."""

        async def run() -> tuple[list[float], bool]:
            sender, cloud = self.opened(batch_s)
            waits_s = [await cloud.round() for _ in range(count)]
            connected = cloud.connected
            if farewell:
                await cloud.farewell()
            sender.save()
            cloud._events.save()
            assert cloud._post is not None
            await cloud._post.close()
            return waits_s, connected

        return asyncio.run(run())

    def opened(self, batch_s: float) -> tuple[RecordSender, ToCloud]:
        """As the uplink has them after a restart."""
        post = HttpsPost(HttpsSettings(self._url), "AG1")
        sender = RecordSender(JournalReader(self.journal), Cursor(self.cursor), batch_s, LOGGER)
        cloud = ToCloud(self._url, lambda _: post, sender, self.events(), LOGGER)
        cloud._post, cloud._serial = post, "AG1"
        return sender, cloud

    def whole(self) -> bool:
        """The cloud has every reading, the unit knows it."""
        last = JournalReader(self.journal).last_position()
        report = self.cloud.report()
        return (
            [boot.readings for boot in report] == [self._number]
            and not any(boot.missing for boot in report)
            and Cursor(self.cursor).position == last
        )

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    cloud = Moody(tmp_path / "cloud.sqlite")
    with serving(cloud) as url:
        bench = Bench(tmp_path, cloud, url)
        yield bench
        bench.close()


def test_a_backlog_goes_through_in_one_go(bench: Bench) -> None:
    bench.measure(5 * RECORDS_AT_ONCE + 7)
    assert bench.rounds() == ([CATCH_UP_S], True)
    assert bench.whole()
    assert bench.cloud.counts == [RECORDS_AT_ONCE] * 5 + [7]


def test_why_nothing_is_taken_is_told_until_it_is(bench: Bench) -> None:
    async def run() -> list[str | None]:
        _, cloud = bench.opened(0.0)
        found = [cloud.trouble]
        for mood in (JSONResponse({"why": "closed for repair"}, 503), None):
            bench.cloud.mood = lambda _, answer=mood: answer
            await cloud.round()
            found.append(cloud.trouble)
        await cloud.farewell()
        return found

    bench.measure(3)
    before, while_, after = asyncio.run(run())
    assert (before, after) == (None, None)
    assert while_ is not None
    assert "asks for patience (503)" in while_
    assert "closed for repair" in while_


def test_a_block_waits_to_become_full_and_the_end_waits_for_nothing(bench: Bench) -> None:
    bench.measure(3)
    bench.rounds()  # the first one does not wait: somebody looks whether the unit is there
    bench.measure(RECORDS_AT_ONCE + 3)
    bench.cloud.counts.clear()
    bench.rounds(2, batch_s=600.0)
    assert bench.cloud.counts == [RECORDS_AT_ONCE]
    bench.rounds(1, batch_s=600.0, farewell=True)
    assert bench.whole()


@pytest.mark.parametrize(
    ("answer", "least_s", "most_s"),
    [
        (Response(status_code=401), 60.0, 120.0),
        (Response(status_code=403), 60.0, 120.0),
        (Response(status_code=400), 60.0, 72.0),
        (Response(status_code=409), 60.0, 72.0),
        (Response(status_code=422), 60.0, 72.0),
        (Response(status_code=429, headers={"Retry-After": "33"}), 33.0, 34.0),
        (Response(status_code=503, headers={"Retry-After": "99999"}), 3600.0, 3601.0),
        (Response(status_code=503), 0.0, 1.0),
        (Response(status_code=500), 0.0, 1.0),
        (HTMLResponse("<html>Welcome</html>"), 0.0, 1.0),
        (JSONResponse({"committed": {"boot": "boot", "first_sequence": 1, "last_sequence": 59}}), 0.0, 1.0),
        (RedirectResponse("/v1/units/AG1/completeness"), 0.0, 1.0),
    ],
    ids=range(12),
)
def test_what_is_not_acknowledged_stays_and_comes_again(
    bench: Bench, answer: Response, least_s: float, most_s: float
) -> None:
    bench.measure(2 * RECORDS_AT_ONCE)
    bench.cloud.mood = lambda _: answer
    (wait_s,), connected = bench.rounds()
    assert least_s <= wait_s <= most_s
    assert not connected
    assert Cursor(bench.cursor).position == 0
    bench.cloud.mood = lambda _: None
    assert bench.rounds() == ([CATCH_UP_S], True)
    assert bench.whole()


def test_what_was_committed_before_trouble_is_not_sent_again(bench: Bench) -> None:
    bench.measure(4 * RECORDS_AT_ONCE)
    answers = iter([None, None, Response(status_code=500), None, None])
    bench.cloud.mood = lambda _: next(answers)
    (wait_s, after_s), connected = bench.rounds(2)
    assert wait_s <= 1.0
    assert (after_s, connected) == (CATCH_UP_S, True)
    assert len(bench.cloud.counts) == 5
    assert bench.whole()


def test_a_connection_cut_after_the_commit_doubles_nothing(bench: Bench) -> None:
    bench.measure(RECORDS_AT_ONCE)
    bench.rounds()
    bench.cursor.unlink()  # as if the answer had never come
    bench.rounds()
    assert bench.cloud.counts == [RECORDS_AT_ONCE] * 2
    assert bench.whole()


def test_what_is_too_large_is_halved_until_it_fits_and_grows_again(bench: Bench) -> None:
    bench.measure(2 * RECORDS_AT_ONCE)
    bench.cloud.mood = lambda _: Response(status_code=413) if bench.cloud.counts[-1] > 8 else None
    waits_s, connected = bench.rounds(4)
    assert waits_s == [0.0, 0.0, 0.0, CATCH_UP_S]
    assert connected
    assert bench.cloud.counts[:5] == [60, 30, 15, 7, 7]
    assert bench.whole()


def test_after_many_small_ones_larger_ones_are_tried(bench: Bench) -> None:
    bench.measure(7 * GROW_AFTER + 60)
    answers = iter([413, 413, 413])
    bench.cloud.mood = lambda _: Response(status_code=code) if (code := next(answers, 0)) else None
    bench.rounds(4)
    assert bench.cloud.counts[3 : 3 + GROW_AFTER] == [7] * GROW_AFTER
    assert bench.cloud.counts[3 + GROW_AFTER] == 14
    assert bench.whole()


def test_one_reading_that_is_too_large_is_kept(bench: Bench) -> None:
    bench.measure(2)
    bench.cloud.mood = lambda _: Response(status_code=413)
    waits_s, connected = bench.rounds(3)
    assert waits_s[0] == 0.0
    assert waits_s[1] >= 60.0
    assert waits_s[2] > 1.5 * 60.0
    assert not connected
    bench.cloud.mood = lambda _: None
    bench.rounds()
    assert bench.whole()


def test_a_refusal_is_said_loudly_and_trouble_only_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.measure(1)
    bench.cloud.mood = lambda _: JSONResponse({"refused": "a number that is none"}, 422)
    bench.rounds(2)
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all("records 1-1 of boot boot" in text and "a number that is none" in text for text in errors)
    caplog.clear()
    bench.cloud.mood = lambda _: Response(status_code=500)
    bench.rounds(5)
    assert [record.levelno for record in caplog.records if record.name == "test"] == [logging.WARNING]


def test_events_are_brought_until_they_are_committed(bench: Bench) -> None:
    bench.measure(3)
    for number in range(1, 131):
        bench.happen(number)
    bench.rounds()
    assert bench.told() == list(range(1, 131))
    bench.happen(131)
    bench.cloud.mood = lambda body: HTMLResponse("<html>Welcome!</html>") if b"events" in body else None
    bench.rounds(2)
    assert bench.told() == list(range(1, 131)), "a portal's words are no commit"
    bench.cloud.mood = lambda _: None
    bench.rounds()
    assert bench.told() == list(range(1, 132))


def test_no_journal_yet_is_no_trouble(tmp_path: Path, bench: Bench) -> None:
    bench.journal = tmp_path / "absent.sqlite"
    assert bench.rounds() == ([CATCH_UP_S], False)


def test_an_end_in_the_middle_of_an_answer_is_quick_and_loses_nothing(bench: Bench) -> None:
    bench.measure(RECORDS_AT_ONCE)

    async def run() -> float:
        post = HttpsPost(HttpsSettings(bench._url), "AG1")
        sender = RecordSender(JournalReader(bench.journal), Cursor(bench.cursor), 0.0, LOGGER)
        cloud = ToCloud(bench._url, lambda _: post, sender, bench.events(), LOGGER)
        running = asyncio.create_task(cloud.run("AG1"))
        async with asyncio.timeout(10.0):
            await asyncio.to_thread(came.wait)
        begin_s = time.monotonic()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await cloud.farewell()
        return time.monotonic() - begin_s

    came = threading.Event()

    def slow(_: bytes) -> None:
        came.set()
        time.sleep(1.0)

    bench.cloud.mood = slow
    assert asyncio.run(run()) < 5.0
    bench.cloud.mood = lambda _: None
    bench.rounds()
    assert bench.whole()
