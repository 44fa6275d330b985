"""`python -m ampguard_hil.cloud.ingest`: takes units' records from a broker, commits them, and only then says so.

Several of these may share the work: each message goes to one of them (a shared subscription of MQTT 5). A message is
acknowledged to the broker after the commit, so one that dies gives back what it had not stored.
"""

from __future__ import annotations

import argparse
import logging
import queue
import signal
import sqlite3
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ampguard.uplink import message
from ampguard_hil.cloud.store import Received, RefusedBlockError, Store, received

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

AT_ONCE = 200
"""Blocks of one commit at most."""
WAIT_S = 0.5
SESSION_S = 3600
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, slots=True)
class _Arrived:
    serial: str
    payload: bytes
    number: int


class Ingest:
    """One connection to the broker, one thread that stores."""

    def __init__(
        self, store: Path, where: tuple[str, int], version: MQTTProtocolVersion, name: str, logger: logging.Logger
    ) -> None:
        self._store_path = store
        self._shares = version is MQTTProtocolVersion.MQTTv5
        self._log = logger
        self._arrived: queue.Queue[_Arrived] = queue.Queue()
        self._stopping = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            name,
            protocol=version,
            clean_session=None if self._shares else False,
            manual_ack=True,
        )
        self._client.max_inflight_messages_set(AT_ONCE)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        host, port = where
        if self._shares:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
            properties.SessionExpiryInterval = SESSION_S
            properties.ReceiveMaximum = AT_ONCE
            self._client.connect_async(host, port, keepalive=20, clean_start=False, properties=properties)
        else:
            self._client.connect_async(host, port, keepalive=20)
        self.stored = 0
        """Readings so far."""

    def run(self) -> None:
        """Work until asked to stop."""
        store = Store(self._store_path)
        self._client.loop_start()
        try:
            while not self._stopping.is_set():
                self._work(store)
        finally:
            self._client.disconnect()
            self._client.loop_stop()
            store.close()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stopping.set()

    def _work(self, store: Store) -> None:
        try:
            batch = [self._arrived.get(timeout=WAIT_S)]
        except queue.Empty:
            return
        while len(batch) < AT_ONCE and not self._arrived.empty():
            batch.append(self._arrived.get_nowait())
        blocks = [block for one in batch if (block := self._opened(one)) is not None]
        try:
            store.commit(blocks)
        except sqlite3.Error as why:
            # nothing of it is acknowledged: unit and broker keep it
            self._log.error("the store takes nothing: %s", why)
            for one in batch:
                self._arrived.put(one)
            self._stopping.wait(WAIT_S)
            return
        self.stored += sum(len(block.rows) for block in blocks)
        self._speak_for(batch, blocks)

    def _opened(self, arrived: _Arrived) -> Received | None:
        try:
            return received(arrived.serial, arrived.payload)
        except RefusedBlockError as why:
            # never acknowledged, and said: an operator must look at that unit
            self._log.error("%s: %s", arrived.serial, why)
            return None

    def _speak_for(self, batch: Sequence[_Arrived], blocks: Sequence[Received]) -> None:
        for block in blocks:
            payload = message.acknowledged(block.boot, block.first_sequence, block.last_sequence)
            self._client.publish(message.topic(block.serial, "acknowledged"), payload, qos=1)
        for one in batch:
            self._client.ack(one.number, qos=1)

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if reason.is_failure:
            self._log.error("the broker refuses: %s", reason)
            return
        records = message.topic("+", "records")
        client.subscribe(f"$share/ingest/{records}" if self._shares else records, qos=1)
        self._log.info("connected")

    def _heard(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        self._arrived.put(_Arrived(arrived.topic.split("/")[1], bytes(arrived.payload), arrived.mid))


def main(words: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was asked to stop."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-ingest", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--mqtt", choices=_VERSIONS, default="5", help="3.1.1 shares nothing: only one may run then")
    parser.add_argument("--name", default="ingest-1", help="one for each that runs")
    asked = parser.parse_args(words)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    where, version = (asked.host, asked.port), _VERSIONS[asked.mqtt]
    ingest = Ingest(asked.store, where, version, asked.name, logging.getLogger(asked.name))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ingest.stop())
    ingest.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
