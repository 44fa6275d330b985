"""What an ingest process makes of a batch in which something can never be stored."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard_hil.cloud.test_store import block, event

from ampguard_hil.cloud.ingest import Ingest, _Arrived
from ampguard_hil.cloud.store import open_store, received

if TYPE_CHECKING:
    import pytest


def test_only_what_no_store_takes_is_left_out_of_a_batch(where: str, caplog: pytest.LogCaptureFixture) -> None:
    ingest = Ingest(where, ("127.0.0.1", 1), MQTTProtocolVersion.MQTTv5, "ingest", logging.getLogger("ingest"))
    store = open_store(where)
    good, later = received("AG1", block(1)), received("AG1", block(2, 3))
    bad = replace(good, rows=[("AG1", None, *good.rows[0][2:])])
    arrived = _Arrived("AG1", "records", b"what came", 1, 1)
    assert ingest._commit(store, [(arrived, one) for one in (good, bad, event(1), later)]) == [good, event(1), later]
    assert [one.readings for one in store.completeness("AG1")] == [3]
    assert store.events("AG1") == [event(1)]
    assert (ingest.stored, ingest.events, ingest.refused) == (3, 1, 1)
    assert "refused so far: 1 messages; stored: 1 readings, 0 events" in caplog.text
    assert ingest._commit(store, [(arrived, bad)]) == []
    store.close()
