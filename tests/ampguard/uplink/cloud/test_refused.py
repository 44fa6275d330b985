"""A reading that the real entrance can never store: refused by name, passed over, told, and brought when it can be."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import JSONResponse, Response
from tests.ampguard.journal.made import reading
from tests.ampguard.uplink.cloud.test_tocloud import Bench, Moody
from tests.ampguard_hil.cloud.served import serving

from ampguard.journal.reader import JournalReader
from ampguard.uplink import message
from ampguard.uplink.cloud.tocloud import CATCH_UP_S
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.passedover import IN_A_ROW
from ampguard.uplink.message import RECORDS_AT_ONCE
from ampguard_hil.cloud.store import open_store, received

if TYPE_CHECKING:
    from ampguard_hil.cloud.account import Account

NEVER = "1900-01-01T00:00:00+00:00"
"""A time of day that no store of ours takes."""


class Poisoned(Bench):
    """Some of its readings no cloud can store."""

    def measure_with(self, count: int, *bad: int) -> None:
        numbers = range(self._number + 1, self._number + count + 1)
        self._number += count
        made = [reading(number) for number in numbers]
        self._writer.append([replace(one, end_utc=NEVER) if one.sequence in bad else one for one in made])

    def account(self) -> Account:
        store = open_store(self.cloud.store)
        try:
            return store.account("AG1")
        finally:
            store.close()

    @property
    def position(self) -> int:
        return Cursor(self.cursor).position

    def store(self, number: int) -> None:
        """As a cloud does with a block that was sent again when it can take it."""
        store = open_store(self.cloud.store)
        [one] = JournalReader(self.journal).readings(number - 1, 1)
        assert one.body is not None
        sound = {**one.body, "end_utc": "2026-01-01T00:00:00.000+00:00"}
        store.commit([received("AG1", message.records([sound]))])
        store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Poisoned]:
    cloud = Moody(tmp_path / "cloud.sqlite")
    with serving(cloud) as url:
        bench = Poisoned(tmp_path, cloud, url)
        yield bench
        bench.close()


def by_name(body: bytes) -> Response:
    return Response(message.refused(message.Refusal("no-block", "not today", message.digest(body)).body()), 422)


def reasons(account: Account) -> list[tuple[str | None, int | None]]:
    return [(one.reason, one.missing) for one in account.breaks if one.after is not None]


def test_one_bad_reading_in_a_backlog_costs_one_reading(bench: Poisoned, caplog: pytest.LogCaptureFixture) -> None:
    bench.measure_with(4 * RECORDS_AT_ONCE, 100)
    assert bench.rounds() == ([CATCH_UP_S], True)
    account = bench.account()
    assert account.readings == 4 * RECORDS_AT_ONCE - 1
    assert reasons(account) == [("refused", 1)]
    assert "the cloud would not have them" in account.sentence
    assert bench.position == JournalReader(bench.journal).last_position()
    assert len(bench.cloud.counts) < 20
    [said] = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR and one.name == "test"]
    assert "reading 100 of boot boot" in said
    assert "wanted a time of day" in said


def test_what_is_brought_afterwards_closes_the_gap(bench: Poisoned) -> None:
    bench.measure_with(2 * RECORDS_AT_ONCE, 7)
    bench.rounds()
    assert reasons(bench.account()) == [("refused", 1)]
    bench.store(7)
    assert reasons(bench.account()) == []


def test_a_cloud_that_refuses_everything_costs_nothing(bench: Poisoned) -> None:
    bench.measure_with(2 * RECORDS_AT_ONCE)
    bench.cloud.mood = by_name
    waits_s, connected = bench.rounds(2)
    assert all(wait_s >= 60.0 for wait_s in waits_s)
    assert not connected
    assert (bench.position, bench.account().readings) == (0, 0)
    assert len(bench.cloud.counts) < 60
    bench.cloud.mood = lambda _: None
    assert bench.rounds() == ([CATCH_UP_S], True)
    assert bench.whole()


def test_a_cloud_that_is_mended_between_two_tries_gets_everything(bench: Poisoned) -> None:
    bench.measure_with(2 * RECORDS_AT_ONCE)

    async def run() -> None:
        bench.cloud.mood = by_name
        sender, cloud = bench.opened(0.0)
        assert await cloud.round() >= 60.0
        bench.cloud.mood = lambda _: None
        assert await cloud.round() == CATCH_UP_S
        await cloud.farewell()
        sender.save()

    asyncio.run(run())
    assert bench.whole()


@pytest.mark.parametrize("body", [{"refused": "a word"}, {"refused": "a word", "digest": message.digest(b"another")}])
def test_a_proxys_refusal_passes_nothing_over(bench: Poisoned, body: dict[str, str]) -> None:
    bench.measure_with(RECORDS_AT_ONCE)
    bench.cloud.mood = lambda _: JSONResponse({"id": "no-block", **body}, 422)
    (wait_s,), _ = bench.rounds()
    assert wait_s >= 60.0
    assert bench.cloud.counts == [RECORDS_AT_ONCE]
    bench.cloud.mood = lambda _: None
    bench.rounds()
    assert bench.whole()


def test_after_a_restart_before_the_next_commit_it_is_asked_once_more_and_told(bench: Poisoned) -> None:
    bench.measure_with(10, 10)
    bench.rounds(3)
    assert bench.cloud.counts == [10, 5, 5, 2, 2, 1], "once, in three rounds"
    assert bench.position == 9
    assert bench.account().breaks == ()
    bench.cloud.counts.clear()
    bench.measure_with(5)
    bench.rounds()  # a new process
    assert bench.cloud.counts[0] == 6
    assert reasons(bench.account()) == [("refused", 1)]
    assert bench.position == 15


def test_a_refused_event_holds_up_no_other(bench: Poisoned, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(1, 31):
        bench.happen(number)
    bench._writer.note("boot", "event", {"boot": "boot", "sequence": 31, "kind": "gap", "utc": NEVER})
    for number in range(32, 40):
        bench.happen(number)
    bench.rounds()
    assert bench.told() == [number for number in range(1, 40) if number != 31]
    assert bench.account().missing_events == 1
    assert "event 31 of boot boot" in caplog.text
    assert Cursor(bench.cursor.with_name("uplink-https-events.json")).position == 39


def test_a_cloud_that_refuses_all_events_gets_them_later(bench: Poisoned) -> None:
    for number in range(1, 3 * IN_A_ROW):
        bench.happen(number)
    bench.cloud.mood = lambda body: by_name(body) if b"events" in body else None
    bench.rounds(2)
    assert bench.told() == []
    bench.cloud.mood = lambda _: None
    bench.rounds()
    assert bench.told() == list(range(1, 3 * IN_A_ROW))


def test_a_refused_word_of_a_gap_does_not_hold_up_the_block_behind_it(bench: Poisoned) -> None:
    bench.measure_with(3, 2)
    bench.cloud.mood = lambda body: by_name(body) if _is_gap(body) else None
    bench.rounds()
    assert bench.account().readings == 2
    assert bench.position == 3


def _is_gap(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["events"])
    except ValueError:
        return False
