"""`ampguard-uplink`: readings to the broker, newest first, and what was missed from the journal. No devices.

The live lane sends every new reading at once, and forgets it. The record lane walks the journal and sends all of it in
batches; its cursor moves only over batches that the other side says it has committed. Events come from the journal,
with a cursor of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard import log
from ampguard.errors import JournalFault, SetupError, UplinkFault
from ampguard.indication.table import Communication
from ampguard.journal.reader import JournalReader, StoredReading
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.readings import Interval
from ampguard.services.notify import notify
from ampguard.services.tasks import run_until_asked
from ampguard.settings import MqttSettings, Places, load
from ampguard.uplink import message
from ampguard.uplink.backoff import Backoff
from ampguard.uplink.cursor import Cursor
from ampguard.uplink.lane import Batch, RecordLane
from ampguard.uplink.mqtt import MqttConnection, OldBroker, Refused
from ampguard.uplink.route import has_route
from ampguard.uplink.session import Do, Event, State, step

if TYPE_CHECKING:
    import logging
    from collections.abc import Coroutine

    from ampguard.readings import Json

STATUS_S = 1.0
CATCH_UP_S = 2.0
"""How often the journal is asked for what the live lane missed."""
EVENTS_AT_ONCE = 60
LAST_WORDS_S = 3.0
"""What the end waits for the other side to commit the last records."""


class Uplink:
    """The process."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._log = logger
        self._places = places
        self._settings = _broker(places)
        self._reader = JournalReader(places.journal)
        self._cursor = Cursor(places.data / "uplink-mqtt.json")
        self._events = Cursor(places.data / "uplink-mqtt-events.json")
        self._happened = asyncio.Event()
        """The meter told of an event."""
        self._feed = Publisher(places.uplink_feed)
        self._state = State.IDLE
        self._version = MQTTProtocolVersion.MQTTv5
        self._backoff = Backoff()
        self._connection: MqttConnection | None = None
        self._serial: str | None = None
        self._lane = RecordLane(self._cursor.position)
        self._moved = asyncio.Event()
        """The other side has committed something."""
        self._batched_s = 0.0
        """When the latest batch was made."""
        self._boot_ended = False
        """Whether the records that were read last are the last of their boot."""
        self._refused: set[str] = set()
        """Lanes that the broker does not take now."""
        self._wiring: dict[str, Json] | None = None
        self._introduced = asyncio.Event()
        """The meter has told the serial."""
        self._lost = asyncio.Event()
        self._live_tasks: set[asyncio.Task[bool]] = set()

    async def run(self) -> int:
        """Send until asked to stop; the exit code."""
        try:
            await run_until_asked(self._session(), self._listen(), self._catch_up(), self._report(), self._tell())
        finally:
            for task in self._live_tasks:
                task.cancel()
            await asyncio.gather(*self._live_tasks, return_exceptions=True)
            await self._farewell()
            self._cursor.save()
            self._events.save()
            self._feed.close()
        self._log.info("stopped")
        return 0

    async def _session(self) -> None:
        """Perform what the table says."""
        await self._introduced.wait()
        serial = self._serial
        if serial is None:
            return
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
        self._lane.restart(self._cursor.position)
        self._moved.set()
        self._connection = connection
        return Event.ACCEPTED

    def _heard_loss(self, reason: str) -> None:
        self._log.warning("connection lost: %s", reason)
        self._lost.set()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _listen(self) -> None:
        """The live lane, and who we are."""
        async for heard in Subscriber(self._places.live_feed).messages():
            if heard is None:
                continue
            if heard.kind == "event" and heard.body.get("journaled"):
                self._happened.set()
            if heard.kind == "status" and isinstance(serial := heard.body.get("serial"), str):
                self._serial = serial
                self._introduced.set()
            changed = heard.kind == "condition" and heard.body != self._wiring
            if changed:
                self._wiring = heard.body
            if self._serial is None or self._connection is None:
                continue
            if changed:
                payload = message.wiring(self._serial, heard.body)
                self._spawn(self._send(self._connection, "wiring", payload, retained=True))
            if heard.kind == "event" and not heard.body.get("journaled"):
                # what the journal does not have is said at once or never
                payload = message.event(self._serial, cast("dict[str, Json]", heard.body["occurrence"]))
                self._spawn(self._send(self._connection, "event", payload))
            if heard.kind == "reading" and heard.body.get("interval") == Interval.SECOND.value:
                self._spawn(self._send(self._connection, "live", message.live(self._serial, heard.body)))

    def _spawn(self, work: Coroutine[None, None, bool]) -> None:
        task = asyncio.create_task(work)
        self._live_tasks.add(task)
        task.add_done_callback(self._live_tasks.discard)

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_S):
                    await self._moved.wait()
            self._moved.clear()
            if self._connection is not None:
                with contextlib.suppress(JournalFault):
                    await self._send_records(self._connection, flush=False)

    async def _send_records(self, connection: MqttConnection, *, flush: bool) -> None:
        """As many batches as the lane has room for; `flush`: also one that is not full and has not waited."""
        journal = await asyncio.to_thread(self._reader.name)
        if journal != self._cursor.journal:
            self._cursor.follow(journal)
            self._lane.restart(self._cursor.position)
        now_s = time.monotonic()
        if self._lane.give_up(now_s):
            self._log.info("records: nobody says that they are committed; they are sent again")
        while self._lane.has_room:
            same = await self._next_records()
            full = len(same) == message.RECORDS_AT_ONCE or self._boot_ended
            if not same or not (full or flush or now_s - self._batched_s >= self._settings.batch_s):
                return
            if not self._send_batch(connection, same, now_s):
                return

    async def _next_records(self) -> list[StoredReading]:
        """Of one boot, behind what is on its way."""
        after = self._lane.next_position
        stored = await asyncio.to_thread(self._reader.readings, after, message.RECORDS_AT_ONCE)
        same = list(takewhile(lambda one: one.boot == stored[0].boot, stored))
        self._boot_ended = len(same) < len(stored)
        return same

    def _send_batch(self, connection: MqttConnection, stored: list[StoredReading], now_s: float) -> bool:
        """Whether there may be more to send now."""
        self._batched_s = now_s
        bodies = [one.body for one in stored if one.body is not None]
        if len(bodies) < len(stored):
            self._log.error("%d readings in the journal are damaged: passed over", len(stored) - len(bodies))
        if not bodies:
            if self._lane.next_position != self._lane.position:
                return False  # what is on its way comes first
            self._lane.pass_over(stored[-1].position)
            self._cursor.advance(self._lane.position)
            return True
        batch = Batch(stored[0].boot, _sequence(bodies[0]), _sequence(bodies[-1]), stored[-1].position)
        self._lane.sent(batch, now_s)
        self._spawn(self._send(connection, "records", message.records(bodies)))
        return True

    def _heard_acknowledged(self, payload: bytes) -> None:
        name = message.read_acknowledged(payload)
        if name is not None and self._lane.committed(name, time.monotonic()):
            self._cursor.advance(self._lane.position)
            self._moved.set()

    async def _report(self) -> None:
        """Events, one by one out of the journal: at once, and after an outage what happened meanwhile."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_S):
                    await self._happened.wait()
            self._happened.clear()
            if self._connection is not None and self._serial is not None:
                with contextlib.suppress(JournalFault):
                    await self._send_events(self._connection, self._serial)

    async def _send_events(self, connection: MqttConnection, serial: str) -> None:
        self._events.follow(await asyncio.to_thread(self._reader.name))
        while stored := await asyncio.to_thread(self._reader.notes, self._events.position, EVENTS_AT_ONCE, "event"):
            for one in stored:
                if one.body is None:
                    self._log.error("an event in the journal is damaged: passed over")
                elif not await self._send(connection, "event", message.event(serial, one.body)):
                    return
                self._events.advance(one.position)

    async def _tell(self) -> None:
        while True:
            if self._state is State.CONNECTED and self._connection is not None:
                communication = Communication.CONNECTED
            else:
                communication = Communication.NETWORK if has_route() else Communication.NONE
            self._feed.publish("status", {"communication": communication.value, "session": self._state.value})
            notify("WATCHDOG=1")
            await asyncio.sleep(STATUS_S / 4)

    async def _settle(self) -> None:
        """Wait a moment for what is on its way."""
        deadline_s = time.monotonic() + LAST_WORDS_S
        while self._lane.next_position != self._lane.position and time.monotonic() < deadline_s:
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, deadline_s - time.monotonic())):
                    await self._moved.wait()

    async def _farewell(self) -> None:
        if self._connection is not None and self._serial is not None:
            with contextlib.suppress(JournalFault):
                await self._send_records(self._connection, flush=True)
            await self._settle()
            with contextlib.suppress(UplinkFault):
                await self._connection.publish("state", message.state(self._serial, online=False), retained=True)
        self._drop()


def _sequence(reading: dict[str, Json]) -> int:
    sequence = reading.get("sequence")
    return sequence if isinstance(sequence, int) else -1


def _broker(places: Places) -> MqttSettings:
    settings = load(places.settings)
    if settings.mqtt is None:
        raise SetupError(f"{places.settings}: mqtt: wanted a broker to publish to, met none")
    return settings.mqtt


def main() -> int:
    """Run the uplink; 0 when it was asked to stop."""
    logger = log.begin("ampguard-uplink")
    try:
        uplink = Uplink(Places.from_environment(), logger)
        return asyncio.run(uplink.run())
    except SetupError as fault:
        logger.error("%s %s: %s", fault.code, type(fault).__name__, fault)  # noqa: TRY400 - a sentence for people
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70


if __name__ == "__main__":
    raise SystemExit(main())
