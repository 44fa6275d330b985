"""MQTT over TLS 1.3 against a real broker: who is let in, what is said of the others, what the broker asks for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto, refused, with_connection

from ampguard.settings.destinations import MqttSettings
from ampguard.uplink.broker.mqtt import MqttConnection, Refused, Told
from ampguard.uplink.faults import NotAdmitted
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.ports import HOST, free_port

pytestmark = needs_mosquitto
BOTH = pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
LONG_AGO = datetime.now(UTC) - timedelta(days=9)


@dataclass(frozen=True, slots=True)
class Site:
    authority: Authority
    port: int

    def settings(self, pair: tuple[Path, Path] | None, authority: Path | None = None) -> MqttSettings:
        certificate, key = (None, None) if pair is None else map(str, pair)
        return MqttSettings(
            HOST,
            self.port,
            tls_ca_file=str(authority or self.authority.file),
            client_certificate_file=certificate,
            client_key_file=key,
        )


@contextlib.contextmanager
def site(
    folder: Path, hosts: tuple[str, ...] = (HOST,), begins: datetime | None = None, more: str = ""
) -> Iterator[Site]:
    authority, port = Authority(folder / "authority"), free_port()
    certificate, key = authority.pair("broker", hosts, timedelta(days=1), begins)
    (folder / "acl").write_text("pattern readwrite ampguard/%u/#\n")
    (folder / "acl").chmod(0o600)
    lines = [
        f"cafile {authority.file}\ncertfile {certificate}\nkeyfile {key}\ntls_version tlsv1.3\n{more}",
        "require_certificate true\nuse_identity_as_username true",
        f"allow_anonymous false\nacl_file {folder / 'acl'}\n",
    ]
    with broker(folder, port, "\n".join(lines)):
        yield Site(authority, port)


@BOTH
def test_a_unit_with_its_certificate_is_let_in(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        await connection.connect()
        await asyncio.gather(*(connection.publish("live", b"%d" % number) for number in range(100)))
        client = connection._client
        assert client is not None
        raw = client.socket()
        assert isinstance(raw, ssl.SSLSocket)
        assert raw.version() == "TLSv1.3"
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert lost.empty()

    with site(tmp_path) as place:
        with_connection(place.settings(place.authority.pair("AG1")), scenario, version)


@BOTH
def test_a_refusal_names_what_is_wrong_with_the_units_certificate(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    words = ""

    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        found = await refused(connection, NotAdmitted)
        assert "does not admit this unit" in found
        assert words in found
        assert lost.empty()

    with site(tmp_path) as place:
        words = "a certificate is wanted, and none was shown (no certificate is set up)"
        with_connection(place.settings(None), scenario, version)
        words = "the unit's certificate has expired"
        with_connection(place.settings(place.authority.pair("AG1", (), timedelta(days=1), LONG_AGO)), scenario, version)
        words = "of an authority that is not known there"
        rogue = Authority(tmp_path / "rogue").pair("AG1")
        with_connection(place.settings(rogue), scenario, version)
        words = f"{rogue[0]}: AG1, valid from "
        with_connection(place.settings(rogue), scenario, version)


def test_a_server_that_is_not_to_be_trusted_gets_nothing(tmp_path: Path) -> None:
    words = ""

    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        found = await refused(connection)
        assert "its certificate is not trusted" in found
        assert words in found

    (tmp_path / "elsewhere").mkdir()
    with site(tmp_path / "elsewhere", ("elsewhere.example",)) as place:
        words = "mismatch"
        with_connection(place.settings(place.authority.pair("AG1")), scenario)
        words = "certificate"
        rogue = Authority(tmp_path / "rogue")
        with_connection(place.settings(place.authority.pair("AG1"), rogue.file), scenario)
    (tmp_path / "expired").mkdir()
    with site(tmp_path / "expired", begins=LONG_AGO) as place:
        words = "certificate has expired; this unit's clock says 20"
        with_connection(place.settings(place.authority.pair("AG1")), scenario)


def test_a_broker_of_an_older_tls_is_refused(tmp_path: Path) -> None:
    authority, port = Authority(tmp_path / "authority"), free_port()
    certificate, key = authority.pair("broker", [HOST])

    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        assert "no connection" in await refused(connection)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def run() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, port, ssl=context)
        async with server:
            connection = MqttConnection(
                MqttSettings(HOST, port, tls_ca_file=str(authority.file)), "AG1", Told(print, print)
            )
            await scenario(connection, asyncio.Queue())

    asyncio.run(run())


def test_a_unit_has_its_own_topics_and_no_others(tmp_path: Path) -> None:
    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        await connection.connect()
        with pytest.raises(Refused, match=r"Not authorized.*AG2, valid from"):
            await connection.publish("live", b"1")

    with site(tmp_path) as place:
        with_connection(place.settings(place.authority.pair("AG2")), scenario)


def test_no_more_messages_are_on_their_way_than_the_broker_takes(tmp_path: Path) -> None:
    most: list[int] = []

    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        await connection.connect()

        async def one(number: int) -> None:
            await connection.publish("live", b"%d" % number)
            most.append(len(connection._unacknowledged) + 1)

        await asyncio.gather(*(one(number) for number in range(50)))
        assert lost.empty()

    with site(tmp_path, more="max_inflight_messages 3\n") as place:
        with_connection(place.settings(place.authority.pair("AG1")), scenario)
    assert 1 <= max(most) <= 3


def test_a_message_larger_than_the_broker_takes_is_not_sent(tmp_path: Path) -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        await connection.connect()
        most = connection.most_bytes("records")
        assert most is not None
        assert 1800 < most < 2000
        with pytest.raises(Refused, match=f"at most {most} bytes"):
            await connection.publish("records", bytes(most + 1))
        await connection.publish("records", bytes(most))
        assert lost.empty(), "the connection is as good as before"

    with site(tmp_path, more="max_packet_size 2000\n") as place:
        with_connection(place.settings(place.authority.pair("AG1")), scenario)
