"""Everything to a broker: the newest reading at once, records until they are committed, events, the wiring.

The live lane sends every new reading once, and forgets it. The record lane walks the journal; its words of what is
committed come as messages. Events come from the journal, with a cursor of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, cast

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import JournalFault, UplinkFault
from ampguard.readings import Interval
from ampguard.uplink import message
from ampguard.uplink.answer import BlockTooLarge
from ampguard.uplink.backoff import Backoff
from ampguard.uplink.control import Control
from ampguard.uplink.mqtt import MqttConnection, OldBroker, Told
from ampguard.uplink.outgoing import Outgoing
from ampguard.uplink.performing import Performer
from ampguard.uplink.presence import Introduction
from ampguard.uplink.sending import Sending
from ampguard.uplink.session import Do, Event, State, step

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from ampguard.journal.reader import JournalReader
    from ampguard.live.subscriber import Message
    from ampguard.readings import Json
    from ampguard.settings import CommandName, MqttSettings
    from ampguard.uplink.eventlane import EventSender
    from ampguard.uplink.heard import Arrived
    from ampguard.uplink.lane import Batch
    from ampguard.uplink.presence import Presence
    from ampguard.uplink.records import RecordSender

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
        logger: logging.Logger,
        allowed: frozenset[CommandName] = frozenset(),
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._reader = reader
        self._events = events
        self._log = logger
        self._state = State.IDLE
        self._version = MQTTProtocolVersion.MQTTv5
        self._backoff = Backoff()
        self._connection: MqttConnection | None = None
        self._serial: str | None = None
        self._sending = Sending(self._failed, logger)
        self._wiring: dict[str, Json] | None = None
        self._allowed = allowed
        self._introduction = Introduction(allowed)
        self._presence: Presence | None = None
        """What was said of the unit over this connection."""
        self._control: Control | None = None
        self._outgoing: Outgoing | None = None
        self._told = Told(self._heard_loss, self._heard_refusal)
        self._said = ""
        """Why the latest try failed."""
        self._lost = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether there is a session."""
        return self._state is State.CONNECTED and self._connection is not None

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._state

    async def run(self, serial: str) -> None:
        """Send for ever."""
        self._serial = serial
        performer = Performer(self._reader, self._introduction, lambda: self._sender.position, self._sending.send_again)
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
            works.create_task(self._session(serial))
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
        if self._serial is None or self._connection is None or self._outgoing is None:
            return
        if changed:
            payload = message.wiring(self._serial, heard.body)
            self._sending.spawn(self._sending.send(self._connection, "wiring", payload, retained=True))
        if heard.kind == "event" and not heard.body.get("journaled"):
            # what the journal does not have is said at once or never
            payload = message.event(self._serial, cast("dict[str, Json]", heard.body["occurrence"]))
            self._sending.spawn(self._sending.send(self._connection, "event", payload))
        if heard.kind == "reading" and heard.body.get("interval") == Interval.SECOND.value:
            self._outgoing.live(message.live(self._serial, heard.body))

    async def bring(self, batch: Batch, block: bytes) -> bool:
        """Send a block on its way; whether it is committed is said later. Raises UplinkFault."""
        del batch
        connection, outgoing = self._connection, self._outgoing
        if connection is None or outgoing is None:
            raise UplinkFault("not connected")
        if (most := connection.most_bytes("records")) is not None and len(block) > most:
            raise BlockTooLarge(f"takes blocks of at most {most} bytes, this one has {len(block)}")
        await outgoing.block(block)
        if connection is not self._connection:
            raise UplinkFault("the connection was lost before there was room")
        return False

    async def tell(self, event: Mapping[str, Json]) -> None:
        """An event that goes ahead of the next block. Raises UplinkFault."""
        connection = self._connection
        if connection is None or self._serial is None or not await self._tell(connection, self._serial, event):
            raise UplinkFault("the event before the next block was not taken")

    async def farewell(self) -> None:
        """Bring the last records, if the broker is there, say that the unit goes, and hang up."""
        await self._sending.stop()
        if self._connection is not None and self._serial is not None:
            with contextlib.suppress(JournalFault, UplinkFault, TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._sender.send(self, flush=True)
            await self._sender.settle(LAST_WORDS_S)
            with contextlib.suppress(UplinkFault):
                await self._connection.publish("state", message.state(self._serial, online=False), retained=True)
        self._drop()
        self._sender.save()
        self._events.save()

    async def _session(self, serial: str) -> None:
        """Perform what the table says."""
        event = Event.START
        while True:
            self._state, do = step(self._state, event)
            match do:
                case Do.CONNECT:
                    event = await self._connect(serial)
                case Do.ANNOUNCE:
                    self._backoff.succeeded()
                    self._log.info("connected to %s:%d", self._settings.host, self._settings.port)
                    await self._lost.wait()
                    self._version = MQTTProtocolVersion.MQTTv5
                    event = Event.LOST
                case Do.WAIT:
                    self._drop()
                    await asyncio.sleep(self._backoff.next_s())
                    event = Event.WAITED
                case None:
                    raise UplinkFault(f"the session has no answer to {event} in {self._state}")

    async def _connect(self, serial: str) -> Event:
        self._lost.clear()
        takers = {"acknowledged": self._heard_acknowledged, **(self._control.takers() if self._control else {})}
        connection = MqttConnection(self._settings, serial, self._told, self._version, takers)
        self._sending.newest = connection
        try:
            await connection.connect()
            self._introduction.connected("5" if self._version is MQTTProtocolVersion.MQTTv5 else "3.1.1")
            self._presence = self._introduction.presence()
            payload = message.state(serial, online=True, presence=self._presence.body())
            await connection.publish("state", payload, retained=True)
            if self._wiring is not None:
                await connection.publish("wiring", message.wiring(serial, self._wiring), retained=True)
        except OldBroker as fault:
            self._log.info("%s: going on with MQTT 3.1.1", fault)
            self._version = MQTTProtocolVersion.MQTTv311
            return await self._connect(serial)
        except UplinkFault as fault:
            connection.close()
            self._version = MQTTProtocolVersion.MQTTv5
            if str(fault) != self._said:  # the same, again and again, is no news
                self._said = str(fault)
                self._log.warning("%s; tried again", fault)
            return Event.REFUSED
        self._said = ""
        self._sender.restart()
        self._sender.moved.set()
        self._events.restart()
        self._connection = connection
        self._outgoing = Outgoing(
            functools.partial(self._sending.send, connection), self._sending.spawn, connection.in_flight
        )
        return Event.ACCEPTED

    def _heard_loss(self, reason: str) -> None:
        if not self._lost.is_set():
            self._log.warning("connection lost: %s", reason)
        self._lost.set()

    def _heard_refusal(self, sentence: str) -> None:
        if "subscription" not in self._sending.refused:
            self._sending.refused.add("subscription")
            self._log.warning("%s; it is tried again", sentence)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _failed(self, connection: MqttConnection, reason: str) -> None:
        if connection is self._connection:
            self._heard_loss(reason)

    async def _catch_up(self) -> None:
        """The record lane: all that the journal keeps, until the other side has committed it."""
        while True:
            await _or_later(self._sender.moved)
            if self._connection is not None:
                with contextlib.suppress(JournalFault, UplinkFault):
                    await self._send_what_fits()
                if self._sender.is_deaf:
                    self._heard_loss("nobody says that the records are committed")

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
            if self._connection is None or presence == self._presence:
                continue
            payload = message.state(serial, online=True, presence=presence.body())
            if await self._sending.send(self._connection, "state", payload, retained=True):
                self._presence = presence

    def _heard_acknowledged(self, arrived: Arrived) -> None:
        if (name := message.read_acknowledged(arrived.payload)) is not None:
            self._events.answered()
            self._sender.committed(name)
        elif (event := message.read_acknowledged_event(arrived.payload)) is not None:
            self._events.committed(*event)

    async def _report(self, serial: str) -> None:
        """Events out of the journal: at once, and after an outage what happened meanwhile."""
        while True:
            await _or_later(self._events.happened)
            if self._connection is not None:
                with contextlib.suppress(JournalFault):
                    await self._events.send(functools.partial(self._tell, self._connection, serial))

    async def _tell(self, connection: MqttConnection, serial: str, body: Mapping[str, Json]) -> bool:
        return await self._sending.send(connection, "event", message.event(serial, body))


async def _or_later(happened: asyncio.Event) -> None:
    """Wait until it happened, or a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CATCH_UP_S):
            await happened.wait()
    happened.clear()
