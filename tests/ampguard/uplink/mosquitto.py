"""A real broker on a free port, a peer that behaves as it likes, and a connection with somebody who listens to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import UplinkFault
from ampguard.settings.destinations import MqttSettings
from ampguard.uplink.broker.mqtt import MqttConnection, Told
from ampguard_hil.ports import HOST

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto here")


@contextlib.contextmanager
def broker(folder: Path, port: int, more: str = "allow_anonymous true\n") -> Iterator[subprocess.Popen[bytes]]:
    user = pwd.getpwuid(os.geteuid()).pw_name
    (folder / "broker.conf").write_text(f"listener {port} {HOST}\nuser {user}\npersistence false\n{more}")
    process = subprocess.Popen(
        [MOSQUITTO or "", "-c", str(folder / "broker.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 5.0
    try:
        while True:
            try:
                socket.create_connection((HOST, port), timeout=0.5).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait(5.0)


@contextlib.contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that takes a connection and behaves as it likes."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        server.settimeout(3.0)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(3.0)
                    behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
    thread.join(5.0)


def with_connection(
    settings: MqttSettings,
    scenario: Callable[[MqttConnection, asyncio.Queue[str]], Awaitable[None]],
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
) -> None:
    async def run() -> None:
        lost: asyncio.Queue[str] = asyncio.Queue()
        connection = MqttConnection(settings, "AG1", Told(lost.put_nowait, lost.put_nowait), version)
        loop = asyncio.get_running_loop()
        complaints: list[dict[str, object]] = []
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            async with asyncio.timeout(8.0):
                await scenario(connection, lost)
                await asyncio.sleep(0.05)
        finally:
            connection.close()
        assert complaints == []

    asyncio.run(run())


async def refused(connection: MqttConnection, kind: type[UplinkFault] = UplinkFault) -> str:
    with pytest.raises(UplinkFault) as caught:
        await connection.connect()
    assert type(caught.value) is kind
    with pytest.raises(UplinkFault, match="not connected"):
        await connection.publish("live", b"{}")
    return str(caught.value)
