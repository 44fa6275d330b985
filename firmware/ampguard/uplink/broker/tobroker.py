"""Everything to a broker: the newest reading at once, records until they are committed, events, the wiring.

The live lane sends every new reading once, and forgets it. The record lane walks the journal; its words of what is
committed come as messages. Events come from the journal, with a cursor of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, cast

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import JournalFault, UplinkFault
from ampguard.readings import Interval, as_json
from ampguard.uplink import message
from ampguard.uplink.balance import Pace, balance_of, change_of
from ampguard.uplink.broker.link import Link
from ampguard.uplink.broker.outgoing import Outgoing
from ampguard.uplink.commands.control import Control
from ampguard.uplink.commands.performing import Performer
from ampguard.uplink.faults import BlockTooLarge
from ampguard.uplink.lanes.eventlane import MOST_UNDER_WAY, only
from ampguard.uplink.presence import Introduction

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.journal.reader import JournalReader
    from ampguard.live.subscriber import Message
    from ampguard.readings import Json
    from ampguard.settings.commands import CommandName
    from ampguard.settings.destinations import MqttSettings
    from ampguard.uplink.broker.mqtt import MqttConnection
    from ampguard.uplink.broker.session import State
    from ampguard.uplink.commands.grouping import GroupFile
    from ampguard.uplink.heard import Arrived
    from ampguard.uplink.lanes.eventlane import EventSender
    from ampguard.uplink.lanes.lane import Batch
    from ampguard.uplink.lanes.records import RecordSender
    from ampguard.uplink.presence import Presence

CATCH_UP_S = 2.0
"""How often the journal is asked for what the live lane missed."""
LAST_WORDS_S = 3.0
"""What the end waits for the other side to commit the last records."""


class ToBroker:
    """One destination: a session that is made again and again, and what goes over it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with
        self,
        settings: MqttSettings,
        sender: RecordSender,
        reader: JournalReader,
        events: EventSender,
        group: GroupFile,
        install: Callable[[str], None],
        logger: logging.Logger,
        allowed: frozenset[CommandName] = frozenset(),
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._reader = reader
        self._events = events
        self._group = group
        self._install = install
        self._log = logger
        self._link = Link(settings, logger)
        self._sending = self._link.sending
        self._serial: str | None = None
        self._wiring: dict[str, Json] | None = None
        self._allowed = allowed
        self._introduction = Introduction(allowed)
        self._presence: Presence | None = None
        """What was said of the unit over this connection."""
        self._control: Control | None = None
        self._outgoing: Outgoing | None = None
        self._pace = Pace()
        self._told: OrderedDict[str, tuple[str, int]] = OrderedDict()
        """Boot and sequence of the latest events, by what a refusal calls them."""

    @property
    def connected(self) -> bool:
        """Whether there is a session."""
        return self._link.is_up

    @property
    def passed_over(self) -> int:
        """How many readings and events so far the cloud can never store."""
        return self._sender.passed_over + self._events.passed_over

    @property
    def trouble(self) -> str | None:
        """Why it is not connected; None where it is, or nothing is known."""
        return self._link.trouble

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._link.state

    async def run(self, serial: str) -> None:
        """Send for ever."""
        self._serial = serial
        performer = Performer(
            self._reader,
            self._introduction,
            lambda: self._sender.position,
            self._sending.send_again,
            lambda: self.passed_over,
            self._group,
            self._install,
        )
        self._control = Control(
            serial,
            self._allowed,
            performer,
            self._introduction,
            say=self._sending.say,
            spawn=self._sending.spawn,
            logger=self._log,
        )
        async with asyncio.TaskGroup() as works:
            works.create_task(self._link.run(serial, self))
            works.create_task(self._catch_up())
            works.create_task(self._report(serial))
            works.create_task(self._keep_introduced(serial))

    def within(self) -> list[tuple[str, Json]]:
        """What the unit's other processes are to know of what the other side said."""
        return [] if self._control is None else self._control.within()

    def hear(self, heard: Message) -> None:
        """What the meter tells: some of it goes out at once."""
        if heard.kind == "event" and heard.body.get("journaled"):
            self._events.happened.set()
        changed = heard.kind == "condition" and heard.body != self._wiring
        if changed:
            self._wiring = heard.body
        if self._serial is None or self._link.connection is None or self._outgoing is None:
            return
        if changed:
            payload = message.wiring(self._serial, heard.body)
            self._sending.spawn(self._sending.send(self._link.connection, "wiring", payload, retained=True))
        if heard.kind == "event" and not heard.body.get("journaled"):
            # what the journal does not have is said at once or never
            payload = message.event(self._serial, cast("dict[str, Json]", heard.body["occurrence"]))
            self._sending.spawn(self._sending.send(self._link.connection, "event", payload))
        if heard.kind == "reading" and heard.body.get("interval") == Interval.SECOND.value:
            self._outgoing.newest("live", message.live(self._serial, heard.body))

    def hear_balancer(self, heard: Message) -> None:
        """What the balancer tells."""
        if self._serial is None or self._link.connection is None or self._outgoing is None:
            return
        if heard.kind == "balance":
            now = balance_of(heard.body)
            if self._pace.is_due(now, time.monotonic()):
                self._outgoing.newest("balance", message.balance(self._serial, _body(now)))
        elif heard.kind == "why":
            payload = message.why(self._serial, _body(change_of(heard.body)))
            self._sending.spawn(self._sending.send(self._link.connection, "why", payload))

    async def bring(self, batch: Batch, block: bytes) -> bool:
        """Send a block on its way; whether it is committed is said later. Raises UplinkFault."""
        del batch
        connection, outgoing = self._link.connection, self._outgoing
        if connection is None or outgoing is None:
            raise UplinkFault("not connected")
        if (most := connection.most_bytes("records")) is not None and len(block) > most:
            raise BlockTooLarge(f"takes blocks of at most {most} bytes, this one has {len(block)}")
        await outgoing.block(block)
        if connection is not self._link.connection:
            raise UplinkFault("the connection was lost before there was room")
        return False

    async def tell(self, event: Mapping[str, Json]) -> None:
        """An event that goes ahead of the next block. Raises UplinkFault."""
        connection = self._link.connection
        if connection is None or self._serial is None or not await self._tell(connection, self._serial, event):
            raise UplinkFault("the event before the next block was not taken")

    async def farewell(self) -> None:
        """Bring the last records, if the broker is there, say that the unit goes, and hang up."""
        await self._sending.stop()
        if self._link.connection is not None and self._serial is not None:
            with contextlib.suppress(JournalFault, UplinkFault, TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._sender.send(self, flush=True)
            await self._sender.settle(LAST_WORDS_S)
            with contextlib.suppress(UplinkFault):
                await self._link.connection.publish("state", message.state(self._serial, online=False), retained=True)
        self._link.drop()
        self._sender.save()
        self._events.save()

    def takers(self) -> Mapping[str, Callable[[Arrived], None]]:
        """By the lane that is subscribed to, who takes what comes."""
        return {"acknowledged": self._heard_acknowledged, **(self._control.takers() if self._control else {})}

    async def introduce(self, connection: MqttConnection, serial: str) -> None:
        """Say over a new connection what the unit is, and what is known of the wiring. Raises UplinkFault."""
        self._introduction.connected("5" if connection.version is MQTTProtocolVersion.MQTTv5 else "3.1.1")
        self._presence = self._introduction.presence()
        payload = message.state(serial, online=True, presence=self._presence.body())
        await connection.publish("state", payload, retained=True)
        if self._wiring is not None:
            # who does not take it is no reason to have no session
            await self._sending.send(connection, "wiring", message.wiring(serial, self._wiring), retained=True)

    def begin(self, connection: MqttConnection) -> None:
        """Send over a new connection all that nobody has committed."""
        self._sender.restart()
        self._sender.moved.set()
        self._events.restart()
        self._pace.begin()
        self._outgoing = Outgoing(
            functools.partial(self._sending.send, connection), self._sending.spawn, connection.in_flight
        )

    async def _catch_up(self) -> None:
        """The record lane: all that the journal keeps, until the other side has committed it."""
        while True:
            await _or_later(self._sender.moved)
            if self._link.connection is not None:
                with contextlib.suppress(JournalFault, UplinkFault):
                    await self._send_what_fits()
                if self._sender.is_deaf:
                    self._link.lose("nobody says that the records are committed")

    async def _send_what_fits(self) -> None:
        """Raises JournalFault, UplinkFault."""
        try:
            await self._sender.send(self, flush=False)
        except BlockTooLarge as fault:
            if self._sender.halve():
                self._log.info("%s: %s: half of them next", self._settings.host, fault)
                self._sender.moved.set()
            elif "records" not in self._sending.refused:
                self._sending.refused.add("records")
                self._log.error("%s: %s: one reading alone; all is kept", self._settings.host, fault)

    async def _keep_introduced(self, serial: str) -> None:
        """Say it again when something of what the unit says of itself has changed."""
        while True:
            await asyncio.sleep(CATCH_UP_S)
            presence = self._introduction.presence()
            if self._link.connection is None or presence == self._presence:
                continue
            payload = message.state(serial, online=True, presence=presence.body())
            if await self._sending.send(self._link.connection, "state", payload, retained=True):
                self._presence = presence

    def _heard_acknowledged(self, arrived: Arrived) -> None:
        if (name := message.read_acknowledged(arrived.payload)) is not None:
            self._events.answered()
            self._sender.committed(name)
        elif (event := message.read_acknowledged_event(arrived.payload)) is not None:
            self._events.committed(*event)
        elif (refusal := message.read_refused(arrived.payload)) is not None:
            self._events.answered()
            digest, why = refusal
            self._sender.refused(digest, why)
            if (event := self._told.get(digest)) is not None:
                self._events.refused(*event, why)

    async def _report(self, serial: str) -> None:
        """Events out of the journal: at once, and after an outage what happened meanwhile."""
        while True:
            await _or_later(self._events.happened)
            if self._link.connection is not None:
                with contextlib.suppress(JournalFault):
                    await self._events.send(functools.partial(self._tell, self._link.connection, serial))

    async def _tell(self, connection: MqttConnection, serial: str, body: Mapping[str, Json]) -> bool:
        payload = message.event(serial, body)
        self._told[message.digest(payload)] = only(body).first
        while len(self._told) > MOST_UNDER_WAY:
            self._told.popitem(last=False)
        return await self._sending.send(connection, "event", payload)


def _body(value: object) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", as_json(value))


async def _or_later(happened: asyncio.Event) -> None:
    """Wait until it happened, or a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CATCH_UP_S):
            await happened.wait()
    happened.clear()
