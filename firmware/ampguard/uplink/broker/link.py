"""The link to the broker: made, kept until it is lost, and made again, as the table of `session` says.

MQTT 5 is tried first each time; a broker that does not understand it is spoken to in 3.1.1.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import UplinkFault
from ampguard.uplink.backoff import Backoff
from ampguard.uplink.broker.mqtt import MqttConnection, Told
from ampguard.uplink.broker.refusal import OldBroker
from ampguard.uplink.broker.sending import Sending
from ampguard.uplink.broker.session import Do, Event, State, step

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.settings.destinations import MqttSettings
    from ampguard.uplink.heard import Arrived


class Speaker(Protocol):
    """Who speaks and hears over the link."""

    def takers(self) -> Mapping[str, Callable[[Arrived], None]]:
        """By the lane that is subscribed to, who takes what comes."""
        ...

    async def introduce(self, connection: MqttConnection, serial: str) -> None:
        """Say first who is there. Raises UplinkFault."""

    def begin(self, connection: MqttConnection) -> None:
        """From now on all else goes over this connection."""


class Link:
    """To one broker."""

    def __init__(self, settings: MqttSettings, logger: logging.Logger) -> None:
        self._settings = settings
        self._log = logger
        self.sending = Sending(self._failed, logger)
        """What sends over it."""
        self.connection: MqttConnection | None = None
        """That which is there now."""
        self.state = State.IDLE
        """Where the session is."""
        self._version = MQTTProtocolVersion.MQTTv5
        self._backoff = Backoff()
        self._told = Told(self.lose, self._heard_refusal)
        self._said = ""
        """Why the latest try failed."""
        self._lost = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether there is a session."""
        return self.state is State.CONNECTED and self.connection is not None

    @property
    def trouble(self) -> str | None:
        """Why there is no session, as the latest try has met it; None where there is one, or nothing is known."""
        return None if self.is_up else self._said or None

    async def run(self, serial: str, speaker: Speaker) -> None:
        """Perform what the table says, for ever."""
        event = Event.START
        while True:
            self.state, do = step(self.state, event)
            match do:
                case Do.CONNECT:
                    event = await self._connect(serial, speaker)
                case Do.ANNOUNCE:
                    self._backoff.succeeded()
                    self._log.info("connected to %s:%d", self._settings.host, self._settings.port)
                    await self._lost.wait()
                    self._version = MQTTProtocolVersion.MQTTv5
                    event = Event.LOST
                case Do.WAIT:
                    self.drop()
                    await asyncio.sleep(self._backoff.next_s())
                    event = Event.WAITED
                case None:
                    raise UplinkFault(f"the session has no answer to {event} in {self.state}")

    def lose(self, reason: str) -> None:
        """The connection carries no more: another one is made."""
        if not self._lost.is_set():
            self._log.warning("connection lost: %s", reason)
        self._lost.set()

    def drop(self) -> None:
        """Hang up."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    async def _connect(self, serial: str, speaker: Speaker) -> Event:
        self._lost.clear()
        connection = MqttConnection(self._settings, serial, self._told, self._version, speaker.takers())
        self.sending.newest = connection
        try:
            await connection.connect()
            await speaker.introduce(connection, serial)
        except OldBroker as fault:
            self._log.info("%s: going on with MQTT 3.1.1", fault)
            self._version = MQTTProtocolVersion.MQTTv311
            return await self._connect(serial, speaker)
        except UplinkFault as fault:
            connection.close()
            self._version = MQTTProtocolVersion.MQTTv5
            if str(fault) != self._said:  # the same, again and again, is no news
                self._said = str(fault)
                self._log.warning("%s; tried again", fault)
            return Event.REFUSED
        self._said = ""
        self.connection = connection
        speaker.begin(connection)
        return Event.ACCEPTED

    def _heard_refusal(self, sentence: str) -> None:
        if "subscription" not in self.sending.refused:
            self.sending.refused.add("subscription")
            self._log.warning("%s; it is tried again", sentence)

    def _failed(self, connection: MqttConnection, reason: str) -> None:
        if connection is self.connection:
            self.lose(reason)
