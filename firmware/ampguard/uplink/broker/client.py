"""paho's client as a unit sets it up: its session, its last will, TLS. Who hears of it is set by `mqtt`."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ampguard.uplink import message
from ampguard.uplink.certificates import tls

if TYPE_CHECKING:
    from ampguard.settings.destinations import MqttSettings

KEEPALIVE_S = 20
IN_FLIGHT = 20
CONNECT_TIMEOUT_S = 10.0
LEAST_TLS = ssl.TLSVersion.TLSv1_3


def made(settings: MqttSettings, serial: str, version: MQTTProtocolVersion, trust: tls.Trust | None) -> paho.Client:
    """A client that is not connected yet. Raises NotAdmitted where a file of `trust` is not what it should be."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"ampguard-{serial}",
        protocol=version,
        clean_session=None if version is MQTTProtocolVersion.MQTTv5 else True,
        reconnect_on_failure=False,
    )
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    if trust is not None:
        context = trust.context(LEAST_TLS)
        context.sslsocket_class = tls.TidySocket
        client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType] - paho declares a bare SSLContext
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect_timeout = CONNECT_TIMEOUT_S
    will = None
    if version is MQTTProtocolVersion.MQTTv5:
        will = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]  # paho's own
        will.WillDelayInterval = 0  # at once; and without an expiry: it holds until the unit is back
    words = message.state(serial, online=False)
    client.will_set(message.topic(serial, "state"), words, qos=1, retain=True, properties=will)
    client.on_socket_open = _without_delay
    return client


def connect(client: paho.Client, settings: MqttSettings) -> None:
    """Connect, which blocks. Raises OSError, ValueError (a name that cannot be one)."""
    properties = None
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        properties.SessionExpiryInterval = 0
    client.connect(settings.host, settings.port, KEEPALIVE_S, properties=properties)


def _without_delay(client: paho.Client, userdata: object, connection: object) -> None:
    """Small packets go out at once (Nagle's algorithm would hold them back)."""
    del client, userdata
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
