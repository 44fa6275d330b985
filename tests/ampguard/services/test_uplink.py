"""The uplink's start: what the settings ask for is set up, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ampguard.indication.table import Communication
from ampguard.live.subscriber import Subscriber
from ampguard.readings import Json
from ampguard.services.uplink import Uplink, of_cloud, reached
from ampguard.settings.places import Places
from ampguard.settings.settings import parsed
from ampguard_hil.ports import free_port

MQTT = '[mqtt]\nhost = "127.0.0.1"\n'
HTTPS = '[https]\nurl = "https://cloud.example"\n'
CODE = """
import asyncio, logging, os, signal, sys
from ampguard.services.uplink import Uplink
from ampguard.settings.places import Places
async def run():
    asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)
    await Uplink(Places.from_environment(), logging.getLogger()).run()
asyncio.run(run())
print(*sorted({"httpx", "ssl"} & set(sys.modules)))
"""


ENROLLED = f"{MQTT}enrolled = true\n"


def started(folder: Path, settings: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "settings.toml").write_text(settings)
    environment = {**os.environ, "AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("settings", "loads"), [("", False), (MQTT, False), (HTTPS, True), (MQTT + HTTPS, True)])
def test_httpx_is_loaded_only_for_https(tmp_path: Path, settings: str, *, loads: bool) -> None:
    done = started(tmp_path, settings, "-c", CODE)
    assert done.returncode == 0, done.stderr
    assert ("httpx" in done.stdout.split()) == loads


@pytest.mark.parametrize(
    ("settings", "broker", "entrance", "is_set_up", "is_connected"),
    [
        ("", False, False, False, False),
        (MQTT, True, False, False, False),
        (ENROLLED, False, False, True, False),
        (ENROLLED, True, False, True, True),
        (HTTPS, False, False, True, False),
        (HTTPS, False, True, True, True),
        (MQTT + HTTPS, True, False, True, False),
    ],
)
def test_it_tells_whether_a_cloud_is_set_up_and_reached(
    *, settings: str, broker: bool, entrance: bool, is_set_up: bool, is_connected: bool
) -> None:
    wanted = parsed(Path("settings"), settings.encode())
    assert of_cloud(wanted, broker=broker, entrance=entrance) == {"cloud": is_set_up, "cloud_connected": is_connected}


@pytest.mark.parametrize(
    ("settings", "broker", "entrance", "is_green"),
    [
        (MQTT, True, False, True),
        (MQTT, False, False, False),
        (ENROLLED, True, False, True),
        (HTTPS, False, True, True),
        (MQTT + HTTPS, True, False, False),  # the owner's broker is no cloud, and there is one
        (MQTT + HTTPS, False, True, True),
        ("", False, False, False),
    ],
)
def test_the_light_is_green_when_the_cloud_is_reached_that_is_set_up(
    *, settings: str, broker: bool, entrance: bool, is_green: bool
) -> None:
    found = reached(parsed(Path("settings"), settings.encode()), broker=broker, entrance=entrance)
    assert (found is Communication.CONNECTED) is is_green


def told_by(places: Places, key: str, *, serial: str = "") -> Mapping[str, Json]:
    """The first status of an uplink that says something under this key."""

    async def heard() -> Mapping[str, Json]:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20.0), contextlib.aclosing(Subscriber(places.uplink_feed).messages()) as told:
                async for message in told:
                    if message is not None and message.kind == "status" and message.body.get(key) is not None:
                        return message.body
        return {}

    async def run() -> Mapping[str, Json]:
        uplink = Uplink(places, logging.getLogger("ampguard-uplink"))
        if serial:
            uplink._serial = serial
            uplink._introduced.set()
        running = asyncio.create_task(uplink.run())
        try:
            return await heard()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return asyncio.run(run())


def test_what_it_tells_is_on_its_feed(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(HTTPS)
    told = told_by(Places(tmp_path, tmp_path, None), "cloud")
    assert (told["cloud"], told["cloud_connected"]) == (True, False)
    assert (told["broker_trouble"], told["cloud_trouble"]) == (None, None)


def test_why_the_broker_is_not_reached_is_on_its_feed(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f"{MQTT}port = {free_port()}\n")
    told = told_by(Places(tmp_path, tmp_path, None), "broker_trouble", serial="AG1")
    assert "no connection: " in str(told.get("broker_trouble"))
    assert "refused" in str(told["broker_trouble"])
