"""Somebody at a storm's broker who hears what the unit says of its wiring."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ampguard.uplink import message

if TYPE_CHECKING:
    from pathlib import Path

    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

_LANE = "wiring"
_ANY_PORT = 1883


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict of the unit's."""

    at_s: float
    voltage: str
    current: str
    sentence: str

    @property
    def wrong(self) -> bool:
        """Whether it calls anything wrong or missing."""
        return not {self.voltage, self.current} <= {"right", "undecided"}


class Witness:
    """Comes back by itself when the broker does."""

    def __init__(self, socket: Path, serial: str) -> None:
        self._said: list[Said] = []
        self._lock = threading.Lock()
        self._topic = message.topic(serial, _LANE)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, transport="unix")
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.connect_async(str(socket), _ANY_PORT)
        self._client.loop_start()

    def said(self) -> tuple[Said, ...]:
        """All that was heard until now."""
        with self._lock:
            return tuple(self._said)

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if not reason.is_failure:
            client.subscribe(self._topic, 1)

    def _arrived(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        body = json.loads(arrived.payload)
        one = Said(time.monotonic(), str(body["voltage"]), str(body["current"]), str(body["sentence"]))
        with self._lock:
            self._said.append(one)
