"""A unit's way to a real broker over a journal, and the other side of it: asks, limits, listens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from tests.ampguard.journal.made import reading

from ampguard.errors import SetupError
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.settings.commands import CommandName
from ampguard.settings.destinations import MqttSettings
from ampguard.settings.group import GroupSettings
from ampguard.uplink.broker.tobroker import ToBroker
from ampguard.uplink.commands.grouping import GroupFile
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.eventlane import EventSender
from ampguard.uplink.lanes.records import RecordSender
from ampguard.uplink.message import RECORDS_AT_ONCE
from ampguard_hil.ports import HOST

EVERY = frozenset(CommandName)
PATIENCE_S = 20.0


@dataclass
class Heard:
    """A message as the other side got it."""

    topic: str
    payload: bytes
    retained: bool
    properties: Properties | None

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.payload)
        return found


@dataclass
class Side:
    """The cloud's side of the broker."""

    port: int
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    heard: list[Heard] = field(default_factory=list)
    client: paho.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=self.version)
        self.client.on_connect = lambda client, *_: client.subscribe("ampguard/AG1/#", 1)
        self.client.on_message = lambda _client, _data, one: self.heard.append(
            Heard(one.topic.removeprefix("ampguard/AG1/"), bytes(one.payload), one.retain, one.properties)
        )
        self.client.connect(HOST, self.port)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def send(
        self,
        lane: str,
        body: object,
        *,
        retained: bool = False,
        answer_to: str | None = None,
        data: bytes | None = None,
    ) -> None:
        properties = None
        if answer_to is not None or data is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
            if answer_to is not None:
                properties.ResponseTopic = answer_to
            if data is not None:
                properties.CorrelationData = data
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.client.publish(f"ampguard/AG1/{lane}", payload, 1, retained, properties)

    def ask(self, name: str, correlation: str, **arguments: object) -> None:
        self.send(f"command/{name}", {"schema": 1, "correlation": correlation, "arguments": arguments})

    def of(self, lane: str) -> list[Heard]:
        return [one for one in tuple(self.heard) if one.topic == lane]

    async def until(self, lane: str, count: int = 1) -> list[Heard]:
        """The first messages of a lane."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(lane)) < count:  # noqa: ASYNC110 - filled by the client's thread
                await asyncio.sleep(0.01)
        return found


def filled(folder: Path, blocks: int, rest: int = 0) -> Path:
    """A journal of so many blocks of one boot, and an open one; who wrote it has gone."""
    path = folder / "journal.sqlite"
    writer = JournalWriter(path)
    for first in range(1, blocks * RECORDS_AT_ONCE, RECORDS_AT_ONCE):
        writer.append([reading(number) for number in range(first, first + RECORDS_AT_ONCE)])
    if rest:
        writer.append([reading(blocks * RECORDS_AT_ONCE + number) for number in range(1, rest + 1)])
    writer.sync()
    writer.close()
    return path


MAIN_FUSE_A = 25.0


def fits(group: GroupSettings) -> None:
    """What this unit asks of a group."""
    if group.supply_max_a is not None and group.supply_max_a > MAIN_FUSE_A:
        raise SetupError(f"wanted at most {MAIN_FUSE_A:g} A")


def installs(url: str) -> None:
    """What this unit does with an update: it takes one of a place that it knows."""
    if not url.startswith("https://known.example/"):
        raise SetupError(f"wanted an update of a place that this unit knows, met {url}")


@contextlib.asynccontextmanager
async def unit(
    journal: Path, port: int, allowed: frozenset[CommandName] = EVERY, *, old: bool = False
) -> AsyncIterator[ToBroker]:
    """A unit that is connected (or about to be) to the broker of that port."""
    logger = logging.getLogger("test")
    reader = JournalReader(journal)
    sender = RecordSender(reader, Cursor(journal.with_name("records.json")), 60.0, logger)
    going = ToBroker(
        MqttSettings(HOST, port, batch_s=3600.0),
        sender,
        reader,
        EventSender(
            reader, Cursor(journal.with_name("told.json")), Cursor(journal.with_name("committed.json")), logger
        ),
        GroupFile(journal.with_name("group.toml"), fits),
        installs,
        logger,
        allowed,
    )
    if old:
        going._link._version = MQTTProtocolVersion.MQTTv311
    task = asyncio.create_task(going.run("AG1"))
    try:
        async with asyncio.timeout(3 * PATIENCE_S):
            while not going.connected:
                assert not task.done(), task
                await asyncio.sleep(0.01)
            yield going
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await going.farewell()
