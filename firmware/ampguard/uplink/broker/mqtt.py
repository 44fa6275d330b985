"""One MQTT connection, through paho-mqtt: MQTT 5, or 3.1.1 where the broker knows no better.

Callbacks of paho's network thread are carried into the event loop; nothing else happens in that thread.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ampguard.errors import UplinkFault
from ampguard.uplink import message
from ampguard.uplink.broker import client as paho_client
from ampguard.uplink.broker.client import IN_FLIGHT
from ampguard.uplink.broker.refusal import NO_ANSWER, refusal
from ampguard.uplink.broker.subscription import Subscription
from ampguard.uplink.certificates import tls
from ampguard.uplink.faults import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

    from ampguard.settings.destinations import MqttSettings
    from ampguard.uplink.heard import Arrived

ANSWER_TIMEOUT_S = 5.0
ACKNOWLEDGE_TIMEOUT_S = 20.0
ASK_AGAIN_S, LONGEST_ASK_AGAIN_S = 5.0, 600.0
"""For a subscription that was refused."""
_MOST_HEAD = 80
"""Bytes of a PUBLISH without topic and payload: up to 10, and 67 of correlation data."""


class Refused(UplinkFault):
    """The broker took a message and said no; the connection is good."""


class Told(NamedTuple):
    """Who is told, each time with a sentence."""

    lost: Callable[[str], None]
    """The connection is no more."""
    unheard: Callable[[str], None]
    """It is there, and a subscription is not."""


class MqttConnection:
    """A connection that is made once; after its loss a new one is made."""

    def __init__(
        self,
        settings: MqttSettings,
        serial: str,
        told: Told,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        takers: Mapping[str, Callable[[Arrived], None]] | None = None,
    ) -> None:
        self.version = version
        self._settings = settings
        self._serial = serial
        self._on_lost, self._on_unheard = told
        self._subscription = Subscription(serial, takers or {})
        self._loop = asyncio.get_running_loop()
        self._client: paho.Client | None = None
        self._starting = threading.Lock()
        """Held while paho's thread is started, which happens in the executor."""
        self._connected: asyncio.Future[int] = self._loop.create_future()
        self._unacknowledged: dict[int, asyncio.Future[None]] = {}
        files = (settings.tls_ca_file, settings.client_certificate_file, settings.client_key_file)
        self._trust = None if settings.tls_ca_file is None else tls.Trust(*files)
        self.in_flight = IN_FLIGHT
        """So many messages may be without an acknowledgement."""
        self._room = asyncio.Semaphore(self.in_flight)
        self._ask_again_s = ASK_AGAIN_S
        self._largest_packet: int | None = None
        """What the broker takes, in bytes; None: it did not say."""

    async def connect(self) -> None:
        """Connect.

        Raises OldBroker where MQTT 5 is not understood, NotAdmitted where the owner must act, UplinkFault with the
        reason otherwise.
        """
        where = f"{self._settings.host}:{self._settings.port}"
        self._connected = self._loop.create_future()
        self._client = self._made()
        try:
            # resolving and connecting block: not in the loop
            await self._loop.run_in_executor(None, self._open, self._client)
        except asyncio.CancelledError:
            self.close()
            raise
        except (OSError, ValueError) as why:  # ValueError: a name that cannot be one
            self.close()
            if self._trust is not None and (words := tls.denial(why)) is not None:
                raise NotAdmitted(f"{where}: {self._trust.denied(words)}") from why
            raise UplinkFault(f"{where}: no connection: {tls.mistrust(why) or why}") from why
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                code = await self._connected
        except TimeoutError:
            code = NO_ANSWER
        except asyncio.CancelledError:
            self.close()
            raise
        if code == 0:
            return
        self.close()
        raise await refusal(code, self.version, self._settings, self._trust)

    async def publish(
        self, lane: str, payload: bytes, *, retained: bool = False, correlation_data: bytes | None = None
    ) -> None:
        """Publish with QoS 1 and wait for the acknowledgement. Raises Refused, UplinkFault.

        `correlation_data` travels with MQTT 5 only.
        """
        if self._client is None:
            raise UplinkFault("not connected")
        if (most := self.most_bytes(lane)) is not None and len(payload) > most:
            # sent all the same it would cost the connection (MQTT 5, 3.2.2.3.6)
            raise Refused(f"the broker takes messages of at most {most} bytes here, this one has {len(payload)}")
        properties = None
        if correlation_data is not None and self.version is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
            properties.CorrelationData = correlation_data
        async with self._room:
            await self._deliver(message.topic(self._serial, lane), payload, properties, retained=retained)

    async def _deliver(self, topic: str, payload: bytes, properties: Properties | None, *, retained: bool) -> None:
        if self._client is None:
            raise UplinkFault("not connected any more")
        acknowledged: asyncio.Future[None] = self._loop.create_future()
        sent = self._client.publish(topic, payload, qos=1, retain=retained, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise UplinkFault(f"not sent: {paho.error_string(sent.rc)}")
        self._unacknowledged[sent.mid] = acknowledged
        try:
            async with asyncio.timeout(ACKNOWLEDGE_TIMEOUT_S):
                await acknowledged
        except TimeoutError as why:
            raise UplinkFault(f"no acknowledgement within {ACKNOWLEDGE_TIMEOUT_S:g} s") from why
        finally:
            self._unacknowledged.pop(sent.mid, None)

    def most_bytes(self, lane: str) -> int | None:
        """The longest payload that the broker takes there; None: it did not say."""
        if self._largest_packet is None:
            return None
        return max(0, self._largest_packet - _MOST_HEAD - len(message.topic(self._serial, lane).encode()))

    def close(self) -> None:
        """Disconnect; nothing is heard of this connection any more."""
        with self._starting:
            client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            client.disconnect()
            client.loop_stop()
        self._fail_all("disconnected")

    def _made(self) -> paho.Client:
        client = paho_client.made(self._settings, self._serial, self.version, self._trust)
        client.on_connect = self._heard_connect
        client.on_disconnect = self._heard_disconnect
        client.on_publish = self._heard_acknowledgement
        client.on_message = self._heard_message
        client.on_subscribe = self._heard_subscribed
        return client

    def _open(self, client: paho.Client) -> None:
        paho_client.connect(client, self._settings)
        with self._starting:
            if self._client is client:  # else nobody waits any more
                client.loop_start()
            else:
                client.disconnect()

    def _heard_connect(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags
        self._in_loop(self._keep_to, properties)
        if not reason.is_failure:
            self._subscription.begin(client)
        self._in_loop(self._settle, self._connected, reason.value)

    def _keep_to(self, properties: object) -> None:
        """What the broker asks for in its CONNACK (MQTT 5): paho itself does not keep to it, nor can it be told now."""
        self.in_flight = min(IN_FLIGHT, getattr(properties, "ReceiveMaximum", IN_FLIGHT))
        self._room = asyncio.Semaphore(self.in_flight)
        self._largest_packet = getattr(properties, "MaximumPacketSize", None)

    def _heard_disconnect(
        self, client: paho.Client, userdata: object, flags: DisconnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, flags, properties
        self._in_loop(self._lost, str(reason), reason.value)

    def _heard_acknowledgement(
        self, client: paho.Client, userdata: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, properties
        self._in_loop(self._acknowledged, mid, None if not reason.is_failure else str(reason))

    def _heard_subscribed(
        self, client: paho.Client, userdata: object, mid: int, reasons: Sequence[ReasonCode], properties: object
    ) -> None:
        del userdata, mid, properties
        if any(reason.is_failure for reason in reasons):
            self._in_loop(self._ask_again_later, client, ", ".join(str(reason) for reason in reasons))

    def _ask_again_later(self, client: paho.Client, reasons: str) -> None:
        """A broker that cannot now may soon; one that will not is asked seldom."""
        if client is self._client:
            self._on_unheard(f"the broker does not let us hear all that we should: {reasons}")
            self._ask_again_s = min(2.0 * self._ask_again_s, LONGEST_ASK_AGAIN_S)
            self._loop.call_later(self._ask_again_s, self._ask_again, client)

    def _ask_again(self, client: paho.Client) -> None:
        if client is self._client:
            self._subscription.begin(client)

    def _heard_message(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        if (taken := self._subscription.takes(arrived)) is not None:
            self._in_loop(*taken)

    def _in_loop(self, function: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    @staticmethod
    def _settle(future: asyncio.Future[int], code: int) -> None:
        if not future.done():
            future.set_result(code)

    def _lost(self, reason: str, code: int) -> None:
        if not self._connected.done():
            self._connected.set_result(code)
        if self._connected.cancelled() or self._connected.result() != 0:
            return  # it never was one
        self._fail_all(reason)
        self._on_lost(reason)

    def _fail_all(self, reason: str) -> None:
        for future in tuple(self._unacknowledged.values()):
            if not future.done():
                future.set_exception(UplinkFault(f"the connection was lost: {reason}"))

    def _acknowledged(self, mid: int, refusal: str | None) -> None:
        future = self._unacknowledged.get(mid)
        if future is None or future.done():
            return
        if refusal is None:
            future.set_result(None)
        else:
            shown = "" if self._trust is None else f" ({self._trust.shown()})"
            future.set_exception(Refused(f"the broker refused a message: {refusal}{shown}"))
