"""One MQTT connection against a real broker: accepted, acknowledged, lost."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto, refused, with_connection

from ampguard.errors import UplinkFault
from ampguard.settings.destinations import MqttSettings
from ampguard.uplink import message
from ampguard.uplink.broker import mqtt as mqtt_module
from ampguard.uplink.broker.mqtt import MqttConnection, Told
from ampguard_hil.ports import HOST, free_port


@needs_mosquitto
@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_messages_are_acknowledged(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        await connection.connect()
        await connection.publish("state", message.state("AG1", online=True), retained=True)
        await asyncio.gather(*(connection.publish("live", b"%d" % number) for number in range(100)))
        connection.close()
        await asyncio.sleep(0.1)
        assert lost.empty(), "closing is no loss"

    port = free_port()
    with broker(tmp_path, port):
        with_connection(MqttSettings(HOST, port), scenario, version)


@needs_mosquitto
def test_a_killed_broker_is_told_once_and_fails_what_waits(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port) as process:

        async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
            await connection.connect()
            process.send_signal(signal.SIGSTOP)  # stopped: it takes, and acknowledges nothing
            waiting = asyncio.create_task(connection.publish("live", b"1"))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            process.kill()
            assert await lost.get()
            with pytest.raises(UplinkFault, match="lost"):
                await waiting
            with pytest.raises(UplinkFault):
                await connection.publish("live", b"2")
            connection.close()
            assert lost.empty()

        with_connection(MqttSettings(HOST, port), scenario)


@needs_mosquitto
def test_after_a_loss_a_new_connection_is_made(tmp_path: Path) -> None:
    port = free_port()

    async def scenario(connection: MqttConnection, lost: asyncio.Queue[str]) -> None:
        with broker(tmp_path, port):
            await connection.connect()
        await lost.get()
        connection.close()
        again = MqttConnection(MqttSettings(HOST, port), "AG1", Told(lost.put_nowait, lost.put_nowait))
        await refused(again)
        with broker(tmp_path, port):
            await again.connect()
            await again.publish("live", b"1")
            again.close()

    with_connection(MqttSettings(HOST, port), scenario)


@needs_mosquitto
def test_no_acknowledgement_in_time_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_module, "ACKNOWLEDGE_TIMEOUT_S", 0.3)
    port = free_port()
    with broker(tmp_path, port) as process:

        async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
            await connection.connect()
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(UplinkFault, match="no acknowledgement"):
                await connection.publish("live", b"1")

        with_connection(MqttSettings(HOST, port), scenario)


@needs_mosquitto
def test_the_last_will_is_heard_when_the_unit_is_gone(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port):
        heard: list[bytes] = []
        watcher = paho.Client(CallbackAPIVersion.VERSION2, "watcher")
        watcher.on_message = lambda _client, _data, one: heard.append(bytes(one.payload))
        watcher.connect(HOST, port)
        watcher.subscribe("ampguard/AG1/state", 1)
        watcher.loop_start()

        async def scenario(connection: MqttConnection, _lost: asyncio.Queue[str]) -> None:
            await connection.connect()
            await connection.publish("state", message.state("AG1", online=True), retained=True)
            client = connection._client
            assert client is not None
            raw = client.socket()
            assert isinstance(raw, socket.socket)
            raw.shutdown(socket.SHUT_RDWR)
            while len(heard) < 2:  # noqa: ASYNC110 - filled by the other client's thread
                await asyncio.sleep(0.02)

        try:
            with_connection(MqttSettings(HOST, port), scenario)
        finally:
            watcher.disconnect()
            watcher.loop_stop()
        assert heard == [message.state("AG1", online=True), message.state("AG1", online=False)]
