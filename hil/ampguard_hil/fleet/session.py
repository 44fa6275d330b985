"""One connection of a simulated unit: paho-mqtt driven by the event loop, without a thread of its own.

Measured: 5 KiB and one open file for each connection, 60 KiB with TLS (context, certificate, buffers).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ampguard.uplink import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

    from ampguard_hil.fleet.certificates import Certificates

KEEPALIVE_S = 20
IN_FLIGHT = 20
CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 10.0, 10.0


class SessionError(Exception):
    """No session; the reason in a few words."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where units connect, and how."""

    host: str
    port: int
    version: MQTTProtocolVersion
    authority: Path | None = None
    """Whom to believe that this is the broker; None: no TLS."""
    certificates: Certificates | None = None
    """The units' own; None: they have none."""


class Session:
    """Made once; after its loss a new one is made. All of it in one event loop."""

    def __init__(
        self,
        broker: Broker,
        serial: str,
        on_acknowledged: Callable[[int, str | None], None],
        on_committed: Callable[[bytes], None],
    ) -> None:
        """`on_acknowledged` is told a message's number and why it was refused; `on_committed` the cloud's words."""
        self._broker = broker
        self._serial = serial
        self._on_acknowledged = on_acknowledged
        self._on_committed = on_committed
        self._loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[str | None] = self._loop.create_future()
        self._client = self._made()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Why it ended."""

    async def open(self, executor: Executor) -> None:
        """Connect. Raises SessionError."""
        try:
            # resolving, connecting and the handshake block: not in the loop
            await self._loop.run_in_executor(executor, self._connect)
        except (OSError, ValueError) as why:
            raise SessionError(why.strerror or str(why) if isinstance(why, OSError) else str(why)) from why
        connection = self._client.socket()
        if connection is None:
            raise SessionError("hung up at once")
        self._client.on_socket_close = self._closed
        self._loop.add_reader(connection, self._readable)
        self._flush()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                refusal = await self._accepted
        except TimeoutError as why:
            self.close()
            raise SessionError("no answer to the request for a session") from why
        if refusal is not None:
            self.close()
            raise SessionError(refusal)

    def publish(self, lane: str, payload: bytes, *, retained: bool = False, qos: int = 1) -> int | None:
        """Send; the message's number, None where the connection is gone."""
        sent = self._client.publish(message.topic(self._serial, lane), payload, qos=qos, retain=retained)
        self._flush()
        return sent.mid if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def look(self) -> None:
        """To be called every few seconds: keeps the connection alive, and finds that it is not."""
        self._client.loop_misc()
        self._flush()

    def close(self) -> None:
        """Hang up as one does."""
        self._client.disconnect()
        self._flush()
        if self._client.socket() is not None:
            self._client.loop_read()  # whatever it says now
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            self._forget(connection)
            connection.close()
        self._ended("closed")

    def _made(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"ampguard-{self._serial}",
            protocol=self._broker.version,
            clean_session=None if self._broker.version is MQTTProtocolVersion.MQTTv5 else True,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(IN_FLIGHT)
        client.connect_timeout = CONNECT_TIMEOUT_S
        will = message.state(self._serial, online=False)
        client.will_set(message.topic(self._serial, "state"), will, qos=1, retain=True)
        client.on_connect = self._heard_connect
        client.on_disconnect = self._heard_disconnect
        client.on_publish = self._heard_acknowledgement
        client.on_message = self._heard_message
        client.on_socket_open = _without_delay
        return client

    def _connect(self) -> None:
        broker = self._broker
        if broker.authority is not None:
            context = ssl.create_default_context(cafile=broker.authority)
            if broker.certificates is not None:
                context.load_cert_chain(broker.certificates.unit(self._serial))
            self._client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType] - paho declares a bare SSLContext
        properties = None
        if broker.version is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
            properties.SessionExpiryInterval = 0
        self._client.connect(broker.host, broker.port, KEEPALIVE_S, properties=properties)

    def _readable(self) -> None:
        self._client.loop_read()
        while isinstance(connection := self._client.socket(), ssl.SSLSocket) and connection.pending():
            self._client.loop_read()  # decrypted already: nothing more will be said of it
        self._flush()

    def _flush(self) -> None:
        if self._client.want_write():
            self._client.loop_write()
        connection = self._client.socket()
        if connection is None:
            return
        if self._client.want_write():
            self._loop.add_writer(connection, self._flush)
        else:
            self._loop.remove_writer(connection)

    def _closed(self, client: paho.Client, userdata: object, connection: object) -> None:
        del client, userdata
        if isinstance(connection, socket.socket):
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        self._loop.remove_reader(connection)
        self._loop.remove_writer(connection)

    def _heard_connect(
        self, client: paho.Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del userdata, flags, properties
        if not reason.is_failure:
            client.subscribe(message.topic(self._serial, "acknowledged"), qos=1)
        if not self._accepted.done():
            self._accepted.set_result(f"the broker refuses: {reason}" if reason.is_failure else None)

    def _heard_disconnect(
        self, client: paho.Client, userdata: object, flags: DisconnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, flags, properties
        self._loop.call_soon_threadsafe(self._ended, str(reason))

    def _ended(self, reason: str) -> None:
        if not self._accepted.done():
            self._accepted.set_result(f"hung up before the session: {reason}")
        if not self.lost.done():
            self.lost.set_result(reason)

    def _heard_acknowledgement(
        self, client: paho.Client, userdata: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        del client, userdata, properties
        # not here: what is published inside of a callback of paho's may not be written there
        self._loop.call_soon(self._on_acknowledged, mid, str(reason) if reason.is_failure else None)

    def _heard_message(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        self._loop.call_soon(self._on_committed, bytes(arrived.payload))


def _without_delay(client: paho.Client, userdata: object, connection: object) -> None:
    """Small packets go out at once."""
    del client, userdata
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
