"""Everything to a broker: the newest reading at once, records until they are committed, events, the wiring.

The live lane sends every new reading once, and forgets it. The record lane walks the journal; its words of what is
committed come as messages. Events come from the journal, with a cursor of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, cast

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import JournalFault, UplinkFault
from ampguard.readings import Interval
from ampguard.uplink import message
from ampguard.uplink.backoff import Backoff
from ampguard.uplink.mqtt import MqttConnection, OldBroker, Refused
from ampguard.uplink.session import Do, Event, State, step

if TYPE_CHECKING:
    import logging
    from collections.abc import Coroutine

    from ampguard.journal.reader import JournalReader
    from ampguard.live.subscriber import Message
    from ampguard.readings import Json
    from ampguard.settings import MqttSettings
    from ampguard.uplink.cursor import Cursor
    from ampguard.uplink.lane import Batch
    from ampguard.uplink.records import RecordSender

CATCH_UP_S = 2.0
"""How often the journal is asked for what the live lane missed."""
EVENTS_AT_ONCE = 60
LAST_WORDS_S = 3.0
"""What the end waits for the other side to commit the last records."""


class ToBroker:
    """One destination: a session that is made again and again, and what goes over it."""

    def __init__(
        self,
        settings: MqttSettings,
        sender: RecordSender,
        reader: JournalReader,
        events: Cursor,
        logger: logging.Logger,
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._reader = reader
        self._events = events
        self._log = logger
        self._happened = asyncio.Event()
        """The meter told of an event."""
        self._state = State.IDLE
        self._version = MQTTProtocolVersion.MQTTv5
        self._backoff = Backoff()
        self._connection: MqttConnection | None = None
        self._serial: str | None = None
        self._refused: set[str] = set()
        """Lanes that the broker does not take now."""
        self._wiring: dict[str, Json] | None = None
        self._lost = asyncio.Event()
        self._tasks: set[asyncio.Task[bool]] = set()

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
        async with asyncio.TaskGroup() as works:
            works.create_task(self._session(serial))
            works.create_task(self._catch_up())
            works.create_task(self._report(serial))

    def hear(self, heard: Message) -> None:
        """What the meter tells: some of it goes out at once."""
        if heard.kind == "event" and heard.body.get("journaled"):
            self._happened.set()
        changed = heard.kind == "condition" and heard.body != self._wiring
        if changed:
            self._wiring = heard.body
        if self._serial is None or self._connection is None:
            return
        if changed:
            payload = message.wiring(self._serial, heard.body)
            self._spawn(self._send(self._connection, "wiring", payload, retained=True))
        if heard.kind == "event" and not heard.body.get("journaled"):
            # what the journal does not have is said at once or never
            payload = message.event(self._serial, cast("dict[str, Json]", heard.body["occurrence"]))
            self._spawn(self._send(self._connection, "event", payload))
        if heard.kind == "reading" and heard.body.get("interval") == Interval.SECOND.value:
            self._spawn(self._send(self._connection, "live", message.live(self._serial, heard.body)))

    async def bring(self, batch: Batch, block: bytes) -> bool:
        """Send a block on its way; whether it is committed is said later. Raises UplinkFault."""
        del batch
        if self._connection is None:
            raise UplinkFault("not connected")
        self._spawn(self._send(self._connection, "records", block))
        return False

    async def farewell(self) -> None:
        """Bring the last records, if the broker is there, say that the unit goes, and hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection is not None and self._serial is not None:
            with contextlib.suppress(JournalFault, UplinkFault):
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
                    event = Event.LOST
                case Do.WAIT:
                    self._drop()
                    await asyncio.sleep(self._backoff.next_s())
                    event = Event.WAITED
                case None:
                    raise UplinkFault(f"the session has no answer to {event} in {self._state}")

    async def _connect(self, serial: str) -> Event:
        self._lost.clear()
        connection = MqttConnection(self._settings, serial, self._heard_loss, self._version, self._heard_acknowledged)
        try:
            await connection.connect()
            await connection.publish("state", message.state(serial, online=True), retained=True)
            if self._wiring is not None:
                await connection.publish("wiring", message.wiring(serial, self._wiring), retained=True)
        except OldBroker as fault:
            self._log.info("%s: going on with MQTT 3.1.1", fault)
            self._version = MQTTProtocolVersion.MQTTv311
            return await self._connect(serial)
        except UplinkFault as fault:
            connection.close()
            self._log.warning("%s", fault)
            return Event.REFUSED
        self._sender.restart()
        self._sender.moved.set()
        self._connection = connection
        return Event.ACCEPTED

    def _heard_loss(self, reason: str) -> None:
        self._log.warning("connection lost: %s", reason)
        self._lost.set()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _spawn(self, work: Coroutine[None, None, bool]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, connection: MqttConnection, lane: str, payload: bytes, *, retained: bool = False) -> bool:
        try:
            await connection.publish(lane, payload, retained=retained)
        except Refused as fault:
            if lane not in self._refused:
                self._refused.add(lane)
                self._log.warning("%s: %s; it is tried again", lane, fault)
            return False
        except UplinkFault as fault:
            self._log.debug("%s: %s", lane, fault)
            if connection is self._connection:
                self._lost.set()
            return False
        self._refused.discard(lane)
        return True

    async def _catch_up(self) -> None:
        """The record lane: all that the journal keeps, until the other side has committed it."""
        while True:
            await _or_later(self._sender.moved)
            if self._connection is not None:
                with contextlib.suppress(JournalFault, UplinkFault):
                    await self._sender.send(self, flush=False)

    def _heard_acknowledged(self, payload: bytes) -> None:
        name = message.read_acknowledged(payload)
        if name is not None:
            self._sender.committed(name)

    async def _report(self, serial: str) -> None:
        """Events, one by one out of the journal: at once, and after an outage what happened meanwhile."""
        while True:
            await _or_later(self._happened)
            if self._connection is not None:
                with contextlib.suppress(JournalFault):
                    await self._send_events(self._connection, serial)

    async def _send_events(self, connection: MqttConnection, serial: str) -> None:
        self._events.follow(await asyncio.to_thread(self._reader.name))
        while stored := await asyncio.to_thread(self._reader.notes, self._events.position, EVENTS_AT_ONCE, "event"):
            for one in stored:
                if one.body is None:
                    self._log.error("an event in the journal is damaged: passed over")
                elif not await self._send(connection, "event", message.event(serial, one.body)):
                    return
                self._events.advance(one.position)


async def _or_later(happened: asyncio.Event) -> None:
    """Wait until it happened, or a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CATCH_UP_S):
            await happened.wait()
    happened.clear()
