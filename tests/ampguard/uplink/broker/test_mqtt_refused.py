"""No MQTT connection: refused, nobody there, nonsense in the settings, a peer that is no broker."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto, peer, refused, with_connection

from ampguard.errors import UplinkFault
from ampguard.settings.destinations import MqttSettings
from ampguard.uplink.broker import mqtt as mqtt_module
from ampguard.uplink.broker.mqtt import MqttConnection, Told
from ampguard.uplink.broker.refusal import OldBroker
from ampguard.uplink.faults import NotAdmitted
from ampguard_hil.ports import HOST, free_port


@needs_mosquitto
@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_a_broker_that_wants_a_password_refuses(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        assert (
            "the broker refuses: wrong user" in (said := await refused(connection, NotAdmitted)) or "not auth" in said
        )
        await asyncio.sleep(0.1)
        assert lost.empty(), "it never was a connection"

    (tmp_path / "passwords").touch(0o600)
    port = free_port()
    with broker(tmp_path, port, f"allow_anonymous false\npassword_file {tmp_path / 'passwords'}\n"):
        with_connection(MqttSettings(HOST, port, "me", "wrong"), scenario, version)


def test_nobody_there() -> None:
    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        assert "no connection" in await refused(connection)

    with_connection(MqttSettings(HOST, free_port()), scenario)


@pytest.mark.parametrize("host", ["x" * 70, "a..b", "no.such.host.invalid", "with space", "ä" * 60, "nul\x00l"])
def test_a_name_that_leads_nowhere(host: str) -> None:
    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        assert "no connection" in await refused(connection)

    with_connection(MqttSettings(host, 1883), scenario)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        assert str(file) in await refused(connection, NotAdmitted)

    with_connection(MqttSettings(HOST, free_port(), tls_ca_file=str(file)), scenario)


def test_a_peer_that_hangs_up_is_taken_for_an_old_broker() -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        await refused(connection, OldBroker)
        assert lost.empty()

    with peer(lambda connection: connection.close()) as port:
        with_connection(MqttSettings(HOST, port), scenario)


@pytest.mark.parametrize(
    ("version", "kind"), [(MQTTProtocolVersion.MQTTv5, OldBroker), (MQTTProtocolVersion.MQTTv311, UplinkFault)]
)
def test_a_peer_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch, version: MQTTProtocolVersion, kind: type[UplinkFault]
) -> None:
    monkeypatch.setattr(mqtt_module, "ANSWER_TIMEOUT_S", 0.3)

    async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
        await refused(connection, kind)

    def silent(connection: socket.socket) -> None:
        while connection.recv(1000):
            pass

    with peer(silent) as port:
        with_connection(MqttSettings(HOST, port), scenario, version)


def test_a_loss_after_the_wait_for_an_answer_is_no_defect() -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        trying = asyncio.create_task(connection.connect())
        await asyncio.sleep(0.2)
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying
        await asyncio.sleep(0.6)
        assert lost.empty()

    def hang_up(connection: socket.socket) -> None:
        connection.recv(1000)
        time.sleep(0.4)

    with peer(hang_up) as port:
        with_connection(MqttSettings(HOST, port), scenario)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.3])
def test_a_cancelled_connection_leaves_no_thread(after_s: float) -> None:
    async def scenario(port: int) -> None:
        trying = asyncio.create_task(MqttConnection(MqttSettings(HOST, port), "AG1", Told(print, print)).connect())
        await asyncio.sleep(after_s)
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying

    def networking() -> bool:
        return any("paho" in one.name for one in threading.enumerate())

    with peer(lambda _: time.sleep(1.5)) as port:
        asyncio.run(scenario(port))
        deadline_s = time.monotonic() + 1.0
        while networking() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert not networking()


def test_a_subscription_that_is_refused_is_said_and_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a cluster does that is busy electing a leader; Mosquitto refuses none."""
    monkeypatch.setattr(mqtt_module, "ASK_AGAIN_S", 0.1)
    asked = threading.Semaphore(0)

    def busy(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(bytes([0x20, 2, 0, 0]))  # CONNACK: accepted
        for code in (0x80, 0x80, 0x01):
            subscribe = connection.recv(1000)
            assert subscribe[0] == 0x82
            connection.sendall(bytes([0x90, 3, *subscribe[2:4], code]))
            asked.release()
        connection.recv(1000)

    async def run(port: int) -> None:
        said: asyncio.Queue[str] = asyncio.Queue()
        told, takers = Told(said.put_nowait, said.put_nowait), {"acknowledged": print}
        connection = MqttConnection(MqttSettings(HOST, port), "AG1", told, MQTTProtocolVersion.MQTTv311, takers)
        await connection.connect()
        async with asyncio.timeout(8.0):
            for _ in range(3):
                await asyncio.to_thread(asked.acquire)
        await asyncio.sleep(0.1)
        connection.close()
        assert said.qsize() == 2
        assert "does not let us hear" in said.get_nowait()

    with peer(busy) as port:
        asyncio.run(run(port))
