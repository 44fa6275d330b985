"""Somebody at the broker during a campaign: what the units said aloud, and when, so that a kill can be aimed."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ampguard import block
from ampguard.uplink import message

if TYPE_CHECKING:
    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

    Heard: TypeAlias = "tuple[str, str, int]"

LANES = ("live", "records", "acknowledged", "event")


class Ear:
    """Hears what it can; while the broker is away it hears nothing, and comes back by itself."""

    def __init__(self, host: str, port: int) -> None:
        self._news = threading.Condition()
        self._messages: Counter[str] = Counter()
        self._live: set[Heard] = set()
        self._records: set[Heard] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "campaign", protocol=MQTTProtocolVersion.MQTTv311)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.connect_async(host, port, keepalive=20)
        self._client.loop_start()

    def next_message(self, lane: str, timeout_s: float) -> bool:
        """Wait for the next message of a lane, of whichever unit; whether one came in that time."""
        with self._news:
            known = self._messages[lane]
            return self._news.wait_for(lambda: self._messages[lane] > known, timeout_s)

    def live(self) -> frozenset[Heard]:
        """Serial, boot and sequence of what was published live."""
        with self._news:
            return frozenset(self._live)

    def records(self) -> frozenset[Heard]:
        """Likewise of what was in blocks: the broker had taken these."""
        with self._news:
            return frozenset(self._records)

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if not reason.is_failure:
            client.subscribe([(message.topic("+", lane), 1) for lane in LANES])

    def _arrived(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        _, serial, lane = arrived.topic.split("/")
        with self._news:
            self._messages[lane] += 1
            self._news.notify_all()
        # only then: whoever aims wants to know at once
        heard = _heard(serial, lane, bytes(arrived.payload))
        with self._news:
            (self._live if lane == "live" else self._records).update(heard)


def _heard(serial: str, lane: str, payload: bytes) -> set[Heard]:
    match lane:
        case "live":
            body = json.loads(payload)
            return {(serial, str(body["boot"]), int(body["sequence"]))}
        case "records":
            found = block.columns(payload)
            return {
                (serial, str(boot), int(str(sequence)))
                for boot, sequence in zip(found["boot"], found["sequence"], strict=True)
            }
        case _:
            return set()
