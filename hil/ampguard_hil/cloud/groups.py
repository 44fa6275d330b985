"""`python -m ampguard_hil.cloud.groups`: brings load-balancing groups to their units, and leads those that want it.

What a unit is to have follows from the store, where the pages and the REST API put it: each order is sent while its
unit is there, until that answers. What units tell of the balancing goes into the store. One of these runs beside a
broker; while it is away, units balance alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from ampguard.uplink import message
from ampguard_hil.cloud.lead import Lead
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.store import StoreError
from ampguard_hil.cloud.unit_words import LimitChange, UnitGroup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

    from ampguard.readings import Json
    from ampguard_hil.cloud.registry_orders import Orders

HEARD = ("state", "live", "balance", "why", "response/group")
LOOK_S = 1.0
"""How often the store is asked what is to be done."""
WAIT_S = 0.2
AGAIN_S = 10.0
"""An order that was sent and not answered."""
VALID_S, RENEWED_S = 15.0, 5.0
"""A lease of limits, and how often it is renewed; another limit is told at once."""
LARGEST = 1 << 20
_BUSY = "busy:"
"""How the answer of a unit begins that has something else to do: it is asked again."""
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(slots=True)
class _Led:
    """A group that this cloud balances."""

    document: Mapping[str, Json]
    lead: Lead
    told_a: Mapping[str, float] | None = None
    told_s: float = 0.0


class GroupService:
    """One connection to the broker, one thread that thinks."""

    def __init__(
        self, orders: Orders, where: tuple[str, int], version: MQTTProtocolVersion, logger: logging.Logger
    ) -> None:
        self._orders = orders
        self._log = logger
        self._arrived: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self._stopping = threading.Event()
        self._present: set[str] = set()
        """Units that are there."""
        self._sent_s: dict[str, float] = {}
        """When each order was sent, by its correlation."""
        self._led: dict[str, _Led] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "groups", protocol=version)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._heard
        self._client.connect_async(*where, keepalive=20)

    def run(self) -> None:
        """Work until asked to stop."""
        self._client.loop_start()
        look_s = 0.0
        try:
            while not self._stopping.is_set():
                try:
                    if time.monotonic() >= look_s:
                        look_s = time.monotonic() + LOOK_S
                        self._look()
                    self._hear(*self._arrived.get(timeout=WAIT_S))
                except queue.Empty:
                    continue
                except ValidationError as why:
                    self._log.warning("a unit's words are none: %s", str(why).replace("\n", " "))
                except SQLAlchemyError as why:
                    self._log.error("the store takes nothing: %s", why)
                    self._stopping.wait(LOOK_S)
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stopping.set()

    def _look(self) -> None:
        """What the store says is to be done. Raises SQLAlchemyError."""
        now_s = time.monotonic()
        due = {order.correlation: order for order in self._orders.due()}
        self._sent_s = {known: at_s for known, at_s in self._sent_s.items() if known in due}
        for order in due.values():
            last_s = self._sent_s.get(order.correlation)
            if order.serial in self._present and (last_s is None or now_s - last_s >= AGAIN_S):
                self._sent_s[order.correlation] = now_s
                asked: dict[str, Json] = {
                    "correlation": order.correlation,
                    "arguments": {"group": order.document},
                }
                self._send(order.serial, "command/group", message.command(asked))
        led = self._orders.led()
        self._led = {
            serial: known
            for serial, known in self._led.items()
            if led.get(serial) == known.document and not known.lead.is_lost(now_s)
        }
        for serial, document in led.items():
            if serial not in self._led:
                self._led[serial] = _Led(document, Lead(document))

    def _hear(self, serial: str, lane: str, payload: bytes) -> None:
        """Raises SQLAlchemyError, ValidationError."""
        if lane == "lost":
            self._present.clear()
            return
        body = _object(payload)
        match lane:
            case "state" if body.get("online") is True:
                self._present.add(serial)
            case "state":
                self._present.discard(serial)
            case "response/group":
                self._answered(serial, body)
            case "balance":
                self._orders.stands(serial, UnitGroup.model_validate(body))
                if serial in self._led:
                    self._led[serial].lead.balance(body, time.monotonic())
            case "why":
                self._orders.changed(serial, LimitChange.model_validate(body))
            case "live" if serial in self._led:
                self._led[serial].lead.reading(body, time.monotonic())
                self._limit(serial, self._led[serial])
            case _:
                pass

    def _answered(self, serial: str, body: Mapping[str, Json]) -> None:
        correlation, status, reason = (body.get(key) for key in ("correlation", "status", "reason"))
        if isinstance(correlation, str) and isinstance(status, str):
            self._log.info("%a: group %s%s", serial, status, f": {reason}" if reason else "")
            if not str(reason).startswith(_BUSY):
                self._orders.answered(serial, correlation, status, None if reason is None else str(reason))

    def _limit(self, serial: str, led: _Led) -> None:
        now_s = time.monotonic()
        limits_a = led.lead.limits_a(now_s)
        if limits_a is None or (limits_a == led.told_a and now_s - led.told_s < RENEWED_S):
            return
        lease: dict[str, Json] = {
            "issued_utc": datetime.now(UTC).isoformat(),
            "valid_s": VALID_S,
            "limits_a": dict(limits_a),
        }
        self._send(serial, "limits", message.limits(lease))
        led.told_a, led.told_s = limits_a, now_s

    def _send(self, serial: str, lane: str, payload: bytes) -> None:
        if self._client.is_connected():  # else it would wait, and be old when it arrives
            self._client.publish(message.topic(serial, lane), payload, qos=1)

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if reason.is_failure:
            self._log.error("the broker refuses: %s", reason)
            return
        client.subscribe([(message.topic("+", lane), 1) for lane in HEARD])
        self._log.info("connected")

    def _disconnected(
        self, client: paho.Client, userdata: object, flags: DisconnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, flags, properties
        self._log.info("disconnected: %s", reason)
        self._arrived.put(("", "lost", b""))

    def _heard(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        _, serial, lane = arrived.topic.split("/", 2)
        self._arrived.put((serial, lane, bytes(arrived.payload)))


def _object(payload: bytes) -> Mapping[str, Json]:
    """What a message says; nothing where it is none."""
    try:
        found: object = json.loads(payload) if len(payload) <= LARGEST else None
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Json]", found) if isinstance(found, dict) else {}


def main(words: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was asked to stop."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-groups", description=__doc__)
    parser.add_argument("--store", required=True, help="the SQLite file, or postgresql://...")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--mqtt", choices=_VERSIONS, default="5")
    asked = parser.parse_args(words)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        registry = Registry(asked.store)
    except StoreError as why:
        sys.stderr.write(f"{why}\n")
        return 1
    where, version = (asked.host, asked.port), _VERSIONS[asked.mqtt]
    service = GroupService(registry.orders, where, version, logging.getLogger("groups"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: service.stop())
    try:
        service.run()
    finally:
        registry.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
