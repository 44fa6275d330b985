"""`python -m ampguard_hil.cloud.ingest`: takes units' records and events from a broker, commits them, and then says so.

Several of these may share the work: each message goes to one of them (a shared subscription of MQTT 5). A message is
acknowledged to the broker after the commit, so one that dies gives back what it had not stored. A message that no store
can ever take is given up to the broker, so that it does not come for ever; its unit is told why, and keeps it; the log
tells.
"""

from __future__ import annotations

import argparse
import logging
import math
import queue
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ampguard.uplink import message
from ampguard_hil.cloud.arrived import LONGEST_NAME
from ampguard_hil.cloud.dating import DATE_EVERY_S, UNFORESEEN
from ampguard_hil.cloud.store import (
    Received,
    ReceivedEvent,
    RefusedBlockError,
    StoreError,
    open_store,
    received,
    received_event,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

    from ampguard_hil.cloud.store import Store

    _Opened: TypeAlias = "Received | ReceivedEvent"

AT_ONCE = 200
"""Messages of one commit at most."""
ASK_AGAIN_S = 5.0
"""For a subscription that the broker refused: a cluster without a leader does, and has one soon."""
ON_THE_WAY = 2 * AT_ONCE
"""Messages that the broker may send ahead: the next ones come while these are committed."""
WAIT_S = 0.5
SESSION_S = 3600
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, slots=True)
class _Arrived:
    serial: str
    lane: str
    payload: bytes
    number: int
    connection: int
    """The number means this message on the connection on which it came, and any other one on another."""


class Ingest:
    """One connection to the broker, one thread that stores."""

    def __init__(
        self, store: str, where: tuple[str, int], version: MQTTProtocolVersion, name: str, logger: logging.Logger
    ) -> None:
        self._store_address = store
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
        self._connection = 0
        self._date_s = -math.inf
        """When it is looked again whether anything can be dated (monotonic)."""
        self._dated = 0
        self._ask_s = math.inf
        """When the subscription is asked for again (monotonic); a refused one only."""
        self._client.max_inflight_messages_set(ON_THE_WAY)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._heard
        self._client.on_socket_open = _without_delay
        host, port = where
        if self._shares:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
            properties.SessionExpiryInterval = SESSION_S
            properties.ReceiveMaximum = ON_THE_WAY
            self._client.connect_async(host, port, keepalive=20, clean_start=False, properties=properties)
        else:
            self._client.connect_async(host, port, keepalive=20)
        self.stored = 0
        """Readings so far."""
        self.events = 0
        """Events so far."""
        self.refused = 0
        """Messages so far that no store can take."""

    def run(self) -> None:
        """Work until asked to stop. Raises StoreError where there can be no such store."""
        store = open_store(self._store_address)
        self._client.loop_start()
        try:
            while not self._stopping.is_set():
                self._work(store)
        finally:
            self._client.disconnect()
            self._client.loop_stop()
            store.close()
            self._log.info("%d readings, %d events, %d messages refused", self.stored, self.events, self.refused)

    def stop(self) -> None:
        """Ask it to stop."""
        self._stopping.set()

    def _work(self, store: Store) -> None:
        dates_more = self._date(store)
        if time.monotonic() >= self._ask_s:
            self._subscribe()
        try:
            batch = [self._arrived.get(timeout=0.0 if dates_more else WAIT_S)]
        except queue.Empty:
            return
        while len(batch) < AT_ONCE and not self._arrived.empty():
            batch.append(self._arrived.get_nowait())
        opened = [(one, found) for one in batch if (found := self._opened(one)) is not None]
        while not self._stopping.is_set():
            try:
                stored, never = self._commit(store, opened)
            except StoreError as why:
                # nothing of it is acknowledged: unit and broker keep it
                self._log.error("the store takes nothing: %s", why)
                self._stopping.wait(WAIT_S)
            else:
                for one, reason in never:
                    self._refuse(one, reason)
                self._speak_for(batch, stored)
                return

    def _date(self, store: Store) -> bool:
        """Now and then: some of what came without a time of day gets one. Whether there is more of it."""
        if time.monotonic() < self._date_s:
            return False
        try:
            count = store.date()
        except StoreError as why:
            self._log.error("nothing can be dated now: %s", why)
            count = None
        except UNFORESEEN:
            self._log.exception("nothing can be dated now")
            count = None
        if count is not None:
            self._dated += count
            return True
        self._date_s = time.monotonic() + DATE_EVERY_S
        if self._dated:
            self._log.info("%d readings and events of clocks that were not set are dated now", self._dated)
            self._dated = 0
        return False

    def _opened(self, arrived: _Arrived) -> Received | ReceivedEvent | None:
        try:
            if arrived.lane == "event":
                return received_event(arrived.serial, arrived.payload)
            return received(arrived.serial, arrived.payload)
        except RefusedBlockError as why:
            self._refuse(arrived, why)
            return None

    def _commit(
        self, store: Store, arrived: Sequence[tuple[_Arrived, _Opened]]
    ) -> tuple[Sequence[_Opened], Sequence[tuple[_Arrived, RefusedBlockError]]]:
        """What is stored now, and what never can be. Raises StoreError: all of it is to be tried again."""
        opened = [one for _, one in arrived]
        blocks = [one for one in opened if isinstance(one, Received)]
        events = [one for one in opened if isinstance(one, ReceivedEvent)]
        try:
            store.commit(blocks, events)
        except RefusedBlockError as why:
            if len(arrived) == 1:
                return [], [(arrived[0][0], why)]
            # which one it was shows when each is alone
            alone = [self._commit(store, [one]) for one in arrived]
            return [one for stored, _ in alone for one in stored], [one for _, never in alone for one in never]
        return opened, []

    def _refuse(self, arrived: _Arrived, why: RefusedBlockError) -> None:
        """Said to its unit, which passes it over, and loudly: an operator must look at that unit."""
        self.refused += 1
        self._log.error(
            "%s: %s (refused so far: %d messages; stored: %d readings, %d events)",
            *(ascii(arrived.serial), why, self.refused, self.stored, self.events),
        )
        if len(arrived.serial) <= LONGEST_NAME:
            what = "no-events" if arrived.lane == "event" else "no-block"
            refusal = message.Refusal(what, str(why), message.digest(arrived.payload))
            self._client.publish(message.topic(arrived.serial, "acknowledged"), message.refused(refusal.body()), qos=1)

    def _speak_for(self, batch: Sequence[_Arrived], stored: Sequence[_Opened]) -> None:
        for one in stored:
            if isinstance(one, Received):
                self.stored += len(one.rows)
                payload = message.acknowledged(one.boot, one.first_sequence, one.last_sequence)
            else:
                self.events += 1
                payload = message.acknowledged_event(one.boot, one.sequence)
            self._client.publish(message.topic(one.serial, "acknowledged"), payload, qos=1)
        for arrived in batch:
            if arrived.connection == self._connection:
                self._client.ack(arrived.number, qos=1)

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, flags, properties
        if reason.is_failure:
            self._log.error("the broker refuses: %s", reason)
            return
        self._connection += 1
        self._subscribe()
        self._log.info("connected")

    def _subscribe(self) -> None:
        self._ask_s = math.inf
        ways = [message.topic("+", lane) for lane in ("records", "event")]
        self._client.subscribe([(f"$share/ingest/{way}" if self._shares else way, 1) for way in ways])

    def _subscribed(
        self, client: paho.Client, userdata: object, mid: int, reasons: Sequence[ReasonCode], properties: object
    ) -> None:
        del client, userdata, mid, properties
        if any(reason.is_failure for reason in reasons):
            self._ask_s = time.monotonic() + ASK_AGAIN_S
            met = ", ".join(str(reason) for reason in reasons)
            self._log.error("the broker does not let us hear all that we should: %s; tried again", met)

    def _heard(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        _, serial, lane = arrived.topic.split("/")
        self._arrived.put(_Arrived(serial, lane, bytes(arrived.payload), arrived.mid, self._connection))


def _without_delay(client: paho.Client, userdata: object, opened: object) -> None:
    """What is committed is told at once, and not when the kernel has gathered a packet."""
    del client, userdata
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main(words: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was asked to stop."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-ingest", description=__doc__)
    parser.add_argument("--store", required=True, help="the SQLite file, or postgresql://...")
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
    try:
        ingest.run()
    except StoreError as why:
        sys.stderr.write(f"{why}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
