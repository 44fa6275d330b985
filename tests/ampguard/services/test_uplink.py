"""The uplink's start: what the settings ask for is set up, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
