"""Somebody at the broker who writes down what arrives: each reading once, and which are missing."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ampguard import block
from ampguard.uplink import message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paho.mqtt.client import ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode


@dataclass(frozen=True, slots=True)
class Tally:
    """What arrived so far."""

    readings: int
    """Different ones."""
    missing: int
    """Numbers below the highest of their boot that did not arrive."""
    waiting: int
    """Of these, the ones above the highest that came as a record: a unit sends as records what is on its medium."""
    twice: int
    """Arrived more than once."""
    boots: int
    online: bool | None


class Listener:
    """Subscribes to everything of all units; comes back by itself when the broker does."""

    def __init__(self, host: str, port: int) -> None:
        self._lock = threading.Lock()
        self._sequences: defaultdict[str, set[int]] = defaultdict(set)
        self._by_lane: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._twice = 0
        self._online: bool | None = None
        self.latest: Mapping[str, Any] | None = None
        self.latest_s: float | None = None
        """When the latest one arrived, monotonic."""
        self.wiring: Mapping[str, Any] | None = None
        self.balance: Mapping[str, Any] | None = None
        """What the unit says of its load-balancing group; None: nothing yet."""
        self.changes: list[Mapping[str, Any]] = []
        """Of chargers' limits, each with its reason."""
        self.events: list[Mapping[str, Any]] = []
        # a session that lasts: what arrives at the broker while nobody listens is kept for us
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, "bench", clean_session=False, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.connect_async(host, port, keepalive=20)
        self._client.loop_start()

    def tally(self) -> Tally:
        """The count now."""
        with self._lock:
            found = sum(len(numbers) for numbers in self._sequences.values())
            highest = sum(max(numbers) for numbers in self._sequences.values())
            waiting = sum(self._waiting(boot, numbers) for boot, numbers in self._sequences.items())
            return Tally(found, highest - found, waiting, self._twice, len(self._sequences), self._online)

    def _waiting(self, boot: str, numbers: set[int]) -> int:
        recorded = max(self._by_lane["records", boot], default=0)
        return max(numbers) - recorded - sum(number > recorded for number in numbers)

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if not reason.is_failure:
            client.subscribe(message.topic("+", "#"), qos=1)

    def _arrived(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        lane = arrived.topic.rpartition("/")[2]
        if lane == "records":
            readings = block.decoded(bytes(arrived.payload))
            with self._lock:
                for reading in readings:
                    self._count(reading, lane)
            return
        body = cast("dict[str, Any]", json.loads(arrived.payload))
        with self._lock:
            match lane:
                case "live":
                    self._count(body, lane)
                    self.latest, self.latest_s = body, time.monotonic()
                case "state":
                    self._online = body["online"]
                case "wiring":
                    self.wiring = body
                case "balance":
                    self.balance = body
                case "why":
                    self.changes.append(body)
                case "event":
                    self.events.append(body)
                case _:
                    pass

    def _count(self, reading: Mapping[str, Any], lane: str) -> None:
        number = reading["sequence"]
        known = self._by_lane[lane, reading["boot"]]
        self._twice += number in known
        known.add(number)
        self._sequences[reading["boot"]].add(number)


@dataclass(frozen=True, slots=True)
class Heard:
    """One reading that arrived."""

    reading: Mapping[str, Any]
    lane: str
    """"live" or "records"."""
    arrived_s: float
    """Monotonic."""
    arrived_utc: datetime


class Recorder(Listener):
    """A listener that also keeps each reading, in the order of arrival, as often as it came."""

    def __init__(self, host: str, port: int) -> None:
        self.heard: list[Heard] = []
        super().__init__(host, port)

    def highest(self) -> int:
        """The newest number of the boot that speaks live; 0: none spoke yet."""
        boot = (self.latest or {}).get("boot")
        return max((one.reading["sequence"] for one in tuple(self.heard) if one.reading["boot"] == boot), default=0)

    def lost(self) -> set[tuple[str, int]]:
        """Boots and numbers that did not come as a record, though later ones did.

        What comes live is a courtesy; what comes as a record comes out of the box's journal, and must all come.
        """
        kept: defaultdict[str, set[int]] = defaultdict(set)
        for one in tuple(self.heard):
            if one.lane == "records":
                kept[one.reading["boot"]].add(one.reading["sequence"])
        return {(boot, number) for boot, came in kept.items() for number in range(1, max(came)) if number not in came}

    @property
    def readings(self) -> list[Mapping[str, Any]]:
        """All that came until now."""
        return [one.reading for one in tuple(self.heard)]

    def _count(self, reading: Mapping[str, Any], lane: str) -> None:
        self.heard.append(Heard(reading, lane, time.monotonic(), datetime.now(UTC)))
        super()._count(reading, lane)
