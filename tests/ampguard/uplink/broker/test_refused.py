"""What no store can take, over a real broker to a real ingest: passed over, told, sent again on demand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.journal.made import reading
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto
from tests.ampguard.uplink.side import PATIENCE_S, Side, unit

from ampguard import block as blocks
from ampguard.journal.writer import JournalWriter
from ampguard.uplink import message
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.message import RECORDS_AT_ONCE
from ampguard_hil.cloud import ingest as of_the_cloud
from ampguard_hil.cloud.ingest import Ingest
from ampguard_hil.cloud.store import RefusedBlockError, open_store, received
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from ampguard.readings import Json
    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.store import Received

NEVER = "1900-01-01T00:00:00+00:00"
COUNT = 4 * RECORDS_AT_ONCE
BAD = 2 * RECORDS_AT_ONCE
"""The last one of a block: what follows does not wait to become full."""


@contextlib.contextmanager
def ingesting(store: Path, port: int) -> Iterator[Ingest]:
    logger = logging.getLogger("ingest")
    ingest = Ingest(str(store), (HOST, port), MQTTProtocolVersion.MQTTv5, "ingest", logger)
    thread = threading.Thread(target=ingest.run)
    thread.start()
    try:
        yield ingest
    finally:
        ingest.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def poisoned(folder: Path) -> Path:
    """A journal with a reading and an event of a time that no store takes."""
    writer = JournalWriter(folder / "journal.sqlite")
    for first in range(1, COUNT, RECORDS_AT_ONCE):
        made = [reading(number) for number in range(first, first + RECORDS_AT_ONCE)]
        writer.append([replace(one, end_utc=NEVER) if one.sequence == BAD else one for one in made])
    for number in (1, 2, 3):
        when = {"utc": NEVER} if number == 2 else {}
        writer.note("boot", "event", {"boot": "boot", "sequence": number, "kind": "voltage", **when})
    writer.sync()
    writer.close()
    return folder / "journal.sqlite"


def account(path: Path) -> Account:
    store = open_store(path)
    try:
        return store.account("AG1")
    finally:
        store.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - filled by the ingest's thread
        await asyncio.sleep(0.05)


@needs_mosquitto
def test_one_bad_reading_and_one_bad_event_hold_up_nothing_and_come_when_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, journal, port = tmp_path / "cloud.sqlite", poisoned(tmp_path), free_port()

    def mended(serial: str, block: bytes) -> Received:
        """As a cloud that has learnt to take it."""
        try:
            return received(serial, block)
        except RefusedBlockError:
            sound = {**reading_of(block), "end_utc": "2026-01-01T00:00:00.000+00:00"}
            return received(serial, message.records([sound]))

    async def scenario(ingest: Ingest) -> None:
        side = Side(port)
        try:
            async with unit(journal, port) as going, asyncio.timeout(3 * PATIENCE_S):
                # two events, and the word of the gap
                await until(lambda: going._sender.position == COUNT and ingest.events == 3)
                assert going.passed_over == 2
                before = account(store)
                assert before.readings == COUNT - 1
                assert [(one.reason, one.missing) for one in before.breaks if one.after] == [("refused", 1)]
                assert before.missing_events == 1
                side.ask("report", "r1")
                [told] = await side.until("response/report")
                assert told.body["result"]["refused"] == 2
                monkeypatch.setattr(of_the_cloud, "received", mended)
                side.ask("resend", "s1", boot="boot", first_sequence=BAD, last_sequence=BAD)
                await until(lambda: account(store).readings == COUNT)
        finally:
            side.close()

    with broker(tmp_path, port), ingesting(store, port) as ingest:
        asyncio.run(scenario(ingest))
    after = account(store)
    assert (after.readings, [one.reason for one in after.breaks if one.after]) == (COUNT, [])
    assert Cursor(tmp_path / "committed.json").position == 3
    for said in (f"reading {BAD} of boot boot", "event 2 of boot boot", "wanted a time of day"):
        assert said in "".join(one.getMessage() for one in caplog.records if one.name == "test")


@needs_mosquitto
def test_a_cloud_that_refuses_everything_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, journal, port = tmp_path / "cloud.sqlite", poisoned(tmp_path), free_port()

    def never(serial: str, block: bytes) -> Received:
        raise RefusedBlockError(f"{serial}: {len(block)} bytes and no number 7")

    async def scenario(ingest: Ingest) -> None:
        async with unit(journal, port) as going, asyncio.timeout(3 * PATIENCE_S):
            await until(lambda: going._sender.passed_over == 3)
            refused = -1
            while refused != ingest.refused:  # it waits: before the time is over nothing more comes for a while
                refused = ingest.refused
                await asyncio.sleep(2.5)
            assert going.connected
            assert going._sender.position == 0

    with monkeypatch.context() as bad:
        bad.setattr(of_the_cloud, "received", never)
        with broker(tmp_path, port), ingesting(store, port) as ingest:
            asyncio.run(scenario(ingest))
    assert Cursor(tmp_path / "records.json").position == 0


def reading_of(block: bytes) -> dict[str, Json]:
    """The only one in it."""
    [one] = blocks.decoded(block)
    return dict(one)
