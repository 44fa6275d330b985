"""`ampguard-uplink`: what the unit measures to a broker, to a cloud, or to both. No devices.

Each destination has its own cursor in the journal and goes at its own pace: one that is away does not keep the other
one waiting.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from ampguard import log
from ampguard.errors import SetupError
from ampguard.indication.table import Communication
from ampguard.journal.reader import JournalReader
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.services.cloud_group import possible
from ampguard.services.cloud_update import ask_for
from ampguard.services.notify import notify
from ampguard.services.renewal import Renewal
from ampguard.services.tasks import run_until_asked
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.places import Places
from ampguard.settings.settings import Settings, load
from ampguard.uplink.broker.tobroker import ToBroker
from ampguard.uplink.cloud.tocloud import ToCloud
from ampguard.uplink.commands.grouping import GroupFile
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.eventlane import EventSender, EventSource
from ampguard.uplink.lanes.records import RecordSender
from ampguard.uplink.route import has_route

if TYPE_CHECKING:
    import logging

    from ampguard.readings import Json

STATUS_S = 1.0
LOOK_S = 1.0
"""How often the settings are looked at."""
_D = TypeVar("_D")


@dataclass(frozen=True, slots=True)
class Bringing(Generic[_D]):
    """A destination, and the work of bringing things there."""

    destination: _D
    work: asyncio.Task[None]


class Uplink:
    """The process. Settings that are changed are taken up while it runs."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        self._settings = load(places.settings)
        self._log = logger
        self._places = places
        self._changes = SettingsWatch(places.settings, self._settings, logger)
        self._feed = Publisher(places.uplink_feed)
        self._broker: Bringing[ToBroker] | None = None
        self._cloud: Bringing[ToCloud] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._serial = ""
        self._introduced = asyncio.Event()
        """The meter has told the serial."""

    @property
    def _destinations(self) -> tuple[ToBroker | ToCloud, ...]:
        return tuple(one.destination for one in (self._broker, self._cloud) if one is not None)

    async def run(self) -> int:
        """Send until asked to stop; the exit code."""
        try:
            await run_until_asked(self._bring(), self._listen(), self._listen_to_balancer(), self._tell())
        finally:
            await asyncio.gather(*(destination.farewell() for destination in self._destinations))
            self._feed.close()
        self._log.info("stopped")
        return 0

    async def _bring(self) -> None:
        """What the settings ask for, as long as they do."""
        if self._settings.mqtt is None and self._settings.https is None:
            self._log.warning("%s: neither [mqtt] nor [https]: nothing is sent", self._places.settings)
        try:
            await self._take_up(Settings(), self._settings)
            while True:
                await asyncio.sleep(LOOK_S)
                for work in self._works():
                    if work.done():
                        work.result()
                if (settings := self._changes.look()) is not None:
                    before, self._settings = self._settings, settings
                    await self._take_up(before, settings)
        finally:
            works = self._works()
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _take_up(self, before: Settings, settings: Settings) -> None:
        """End in order what is wanted no more, then begin what is: the places in the journal stay."""
        if (settings.mqtt, settings.commands) != (before.mqtt, before.commands):
            broker, self._broker = self._broker, None
            await self._end(broker, "broker")
            if settings.mqtt is not None:
                found = _to_broker(self._places, settings, settings.mqtt, self._log)
                self._broker = Bringing(found, asyncio.create_task(self._bring_to(found)))
        if settings.https != before.https:
            cloud, self._cloud = self._cloud, None
            await self._end(cloud, "cloud")
            if settings.https is not None:
                entrance = _to_cloud(self._places, settings.https, self._log)
                self._cloud = Bringing(entrance, asyncio.create_task(self._bring_to(entrance)))
        enrolled = any(one is not None and one.enrolled for one in (settings.mqtt, settings.https))
        if enrolled and self._renewal is None:
            self._renewal = asyncio.create_task(Renewal(self._places.data, self._log).run())
        elif self._renewal is not None and not enrolled:
            self._renewal.cancel()
            self._renewal = None

    async def _end(self, bringing: Bringing[ToBroker] | Bringing[ToCloud] | None, what: str) -> None:
        if bringing is None:
            return
        self._log.info("settings were changed: the %s is left", what)
        bringing.work.cancel()
        await asyncio.gather(bringing.work, return_exceptions=True)
        await bringing.destination.farewell()

    def _works(self) -> list[asyncio.Task[None]]:
        works = [one.work for one in (self._broker, self._cloud) if one is not None]
        return works if self._renewal is None else [*works, self._renewal]

    async def _bring_to(self, destination: ToBroker | ToCloud) -> None:
        await self._introduced.wait()
        await destination.run(self._serial)

    async def _listen(self) -> None:
        """Who we are, and what goes out at once."""
        async for heard in Subscriber(self._places.live_feed).messages():
            if heard is None:
                continue
            if heard.kind == "status" and isinstance(serial := heard.body.get("serial"), str):
                self._serial = serial
                self._introduced.set()
            if self._broker is not None:
                self._broker.destination.hear(heard)

    async def _listen_to_balancer(self) -> None:
        async for heard in Subscriber(self._places.balancer_feed).messages():
            if heard is not None and self._broker is not None:
                self._broker.destination.hear_balancer(heard)

    async def _tell(self) -> None:
        while True:
            broker = None if self._broker is None else self._broker.destination
            cloud = None if self._cloud is None else self._cloud.destination
            entrance = cloud is not None and cloud.connected
            is_broker = broker is not None and broker.connected
            self._feed.publish("status", {
                "communication": reached(self._settings, broker=is_broker, entrance=entrance).value,
                **of_cloud(self._settings, broker=is_broker, entrance=entrance),
                "refused": sum(destination.passed_over for destination in self._destinations),
                "session": None if broker is None else broker.state.value,
                "broker_trouble": None if broker is None else broker.trouble,
                "cloud_trouble": None if cloud is None else cloud.trouble,
                "settings": self._changes.version,
            })  # fmt: skip
            for kind, body in [] if broker is None else broker.within():
                self._feed.publish(kind, body)
            notify("WATCHDOG=1")
            await asyncio.sleep(STATUS_S / 4)


def of_cloud(settings: Settings, *, broker: bool, entrance: bool) -> dict[str, Json]:
    """Whether a cloud is set up, and is reached: an HTTPS entrance, or a broker with which the unit is enrolled.

    An owner's broker is none. `broker`, `entrance`: whether each is connected.
    """
    is_broker = settings.mqtt is not None and settings.mqtt.enrolled
    return {"cloud": settings.https is not None or is_broker, "cloud_connected": entrance or (is_broker and broker)}


def reached(settings: Settings, *, broker: bool, entrance: bool) -> Communication:
    """How far the unit reaches: to its cloud where one is set up, else to the owner's broker."""
    cloud = of_cloud(settings, broker=broker, entrance=entrance)
    if cloud["cloud_connected"] if cloud["cloud"] else broker:
        return Communication.CONNECTED
    return Communication.NETWORK if has_route() else Communication.NONE


def _sender(places: Places, name: str, batch_s: float, logger: logging.Logger) -> RecordSender:
    # after a power cut the counters go on from what is on the medium: a cloud that had more would see them fall
    reader = JournalReader(places.journal, durable=True)
    return RecordSender(reader, Cursor(places.data / f"uplink-{name}.json"), batch_s, logger)


def _to_broker(places: Places, settings: Settings, broker: MqttSettings, logger: logging.Logger) -> ToBroker:
    told, committed = (Cursor(places.data / f"uplink-mqtt-events{end}.json") for end in ("", "-committed"))
    events = EventSender(JournalReader(places.journal), told, committed, logger)
    sender = _sender(places, "mqtt", broker.batch_s, logger)
    group = GroupFile(places.group, lambda wanted: possible(load(places.settings), wanted))
    install = partial(ask_for, places)
    reader = JournalReader(places.journal)
    return ToBroker(broker, sender, reader, events, group, install, logger, settings.commands)


def _to_cloud(places: Places, settings: HttpsSettings, logger: logging.Logger) -> ToCloud:
    from ampguard.uplink.cloud.https import HttpsPost  # noqa: PLC0415 - httpx is loaded only where it is used

    sender = _sender(places, "https", settings.batch_s, logger)
    events = EventSource(JournalReader(places.journal), Cursor(places.data / "uplink-https-events.json"), logger)
    return ToCloud(settings.url, lambda serial: HttpsPost(settings, serial), sender, events, logger)


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
