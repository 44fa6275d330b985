"""What becomes of a batch in which something can never be stored, and of what can never be dated."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard_hil.cloud.test_store import block, event

from ampguard.uplink import message
from ampguard_hil.cloud import app
from ampguard_hil.cloud.entrance import Entrance
from ampguard_hil.cloud.ingest import Ingest, _Arrived
from ampguard_hil.cloud.sqlite import SqliteStore
from ampguard_hil.cloud.store import RefusedBlockError, StoreError, open_store, received

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from ampguard_hil.cloud.store import Received, ReceivedEvent


def broken(_anything: object) -> int:
    raise LookupError("nobody thought of this")


def test_only_what_no_store_takes_is_left_out_of_a_batch(where: str) -> None:
    ingest = Ingest(where, ("127.0.0.1", 1), MQTTProtocolVersion.MQTTv5, "ingest", logging.getLogger("ingest"))
    store = open_store(where)
    good, later = received("AG1", block(1)), received("AG1", block(2, 3))
    bad = replace(good, rows=[("AG1", None, *good.rows[0][2:])])
    arrived = _Arrived("AG1", "records", b"what came", 1, 1)
    stored, never = ingest._commit(store, [(arrived, one) for one in (good, bad, event(1), later)])
    assert stored == [good, event(1), later]
    assert [one for one, _ in never] == [arrived]
    assert [one.readings for one in store.completeness("AG1")] == [3]
    assert store.events("AG1") == [event(1)]
    stored, never = ingest._commit(store, [(arrived, bad)])
    assert (stored, [one for one, _ in never]) == ([], [arrived])
    store.close()


def test_a_refusal_is_said_once_however_often_the_store_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ingest = Ingest("no store", ("127.0.0.1", 1), MQTTProtocolVersion.MQTTv5, "ingest", logging.getLogger("ingest"))
    monkeypatch.setattr(ingest._stopping, "wait", lambda _timeout_s: False)
    failures = [StoreError("full"), StoreError("full")]

    class Picky(SqliteStore):
        def commit(self, blocks: Sequence[Received], events: Sequence[ReceivedEvent] = ()) -> None:
            if len(blocks) > 1 or blocks[0].first_sequence == 1:
                raise RefusedBlockError("never that one")
            if failures:
                raise failures.pop()
            super().commit(blocks, events)

    store = Picky(tmp_path / "cloud.sqlite")
    said: list[tuple[str, bytes]] = []
    monkeypatch.setattr(ingest._client, "publish", lambda topic, payload, **_rest: said.append((topic, payload)))
    for sequence in (1, 2):
        ingest._arrived.put(_Arrived("AG1", "records", block(sequence), sequence, 0))
    ingest._work(store)
    assert len(said) == 2
    assert [message.read_refused(payload) is not None for _, payload in said] == [True, False]
    assert (ingest.stored, ingest.events, ingest.refused) == (1, 0, 1)
    assert "refused so far: 1 messages; stored: 0 readings, 0 events" in caplog.text
    store.close()


def test_what_fails_while_dating_keeps_nothing_from_being_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    where = str(tmp_path / "cloud.sqlite")
    monkeypatch.setattr(SqliteStore, "date", broken)
    ingest = Ingest(where, ("127.0.0.1", 1), MQTTProtocolVersion.MQTTv5, "ingest", logging.getLogger("ingest"))
    ingest._arrived.put(_Arrived("AG1", "records", block(1), 1, 0))
    store = open_store(where)
    ingest._work(store)
    assert [one.readings for one in store.completeness("AG1")] == [1]
    assert "nobody thought of this" in caplog.text
    store.close()


def test_what_fails_while_dating_is_tried_again_by_the_entrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(SqliteStore, "date", broken)
    monkeypatch.setattr(app, "DATE_EVERY_S", 0.01)

    async def several_times() -> None:
        entrance = Entrance(tmp_path / "cloud.sqlite")
        dating = asyncio.create_task(app._date(entrance))
        for _ in range(3000):
            if caplog.text.count("nobody thought of this") > 1 or dating.done():
                break
            await asyncio.sleep(0.01)
        assert not dating.done()
        dating.cancel()
        await asyncio.gather(dating, return_exceptions=True)
        await entrance.close()

    asyncio.run(several_times())
