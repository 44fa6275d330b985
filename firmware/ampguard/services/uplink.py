"""`ampguard-uplink`: what the unit measures to a broker, to a cloud, or to both. No devices.

Each destination has its own cursor in the journal and goes at its own pace: one that is away does not keep the other
one waiting.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ampguard import log
from ampguard.errors import SetupError
from ampguard.indication.table import Communication
from ampguard.journal.reader import JournalReader
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.services.notify import notify
from ampguard.services.renewal import Renewal
from ampguard.services.tasks import run_until_asked
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.places import Places
from ampguard.settings.settings import Settings, load
from ampguard.uplink.broker.tobroker import ToBroker
from ampguard.uplink.cloud.tocloud import ToCloud
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.uplink.lanes.eventlane import EventSender, EventSource
from ampguard.uplink.lanes.records import RecordSender
from ampguard.uplink.route import has_route

if TYPE_CHECKING:
    import logging

STATUS_S = 1.0


class Uplink:
    """The process."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        settings = load(places.settings)
        if settings.mqtt is None and settings.https is None:
            raise SetupError(f"{places.settings}: wanted [mqtt] or [https], something to send to, met neither")
        self._log = logger
        self._places = places
        self._feed = Publisher(places.uplink_feed)
        self._broker = None if settings.mqtt is None else _to_broker(places, settings, settings.mqtt, logger)
        self._cloud = None if settings.https is None else _to_cloud(places, settings.https, logger)
        own = [one for one in (settings.mqtt, settings.https) if one is not None and one.enrolled]
        self._renewal = Renewal(places.data, logger) if own else None
        self._serial = ""
        self._introduced = asyncio.Event()
        """The meter has told the serial."""

    @property
    def _destinations(self) -> tuple[ToBroker | ToCloud, ...]:
        return tuple(one for one in (self._broker, self._cloud) if one is not None)

    async def run(self) -> int:
        """Send until asked to stop; the exit code."""
        works = [self._bring_to(destination) for destination in self._destinations]
        if self._renewal is not None:
            works.append(self._renewal.run())
        try:
            await run_until_asked(*works, self._listen(), self._tell())
        finally:
            await asyncio.gather(*(destination.farewell() for destination in self._destinations))
            self._feed.close()
        self._log.info("stopped")
        return 0

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
                self._broker.hear(heard)

    async def _tell(self) -> None:
        while True:
            if any(destination.connected for destination in self._destinations):
                communication = Communication.CONNECTED
            else:
                communication = Communication.NETWORK if has_route() else Communication.NONE
            self._feed.publish("status", {
                "communication": communication.value,
                "refused": sum(destination.passed_over for destination in self._destinations),
                "session": None if self._broker is None else self._broker.state.value,
            })  # fmt: skip
            for kind, body in [] if self._broker is None else self._broker.within():
                self._feed.publish(kind, body)
            notify("WATCHDOG=1")
            await asyncio.sleep(STATUS_S / 4)


def _sender(places: Places, name: str, batch_s: float, logger: logging.Logger) -> RecordSender:
    return RecordSender(JournalReader(places.journal), Cursor(places.data / f"uplink-{name}.json"), batch_s, logger)


def _to_broker(places: Places, settings: Settings, broker: MqttSettings, logger: logging.Logger) -> ToBroker:
    told, committed = (Cursor(places.data / f"uplink-mqtt-events{end}.json") for end in ("", "-committed"))
    events = EventSender(JournalReader(places.journal), told, committed, logger)
    sender = _sender(places, "mqtt", broker.batch_s, logger)
    return ToBroker(broker, sender, JournalReader(places.journal), events, logger, settings.commands)


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
