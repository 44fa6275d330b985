"""What a process writes of itself holds no secret of the settings, whatever goes wrong, and however much it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampguard.journal.writer import JournalWriter
from ampguard.live.publisher import Publisher

pytestmark = pytest.mark.system

PASSWORD, TOKEN, WORD = "hunter2-of-the-broker", "token-of-the-cloud", "word-of-the-proxy"
SETTINGS = f"""\
[mqtt]
host = "127.0.0.1"
port = 1
username = "me"
password = "{PASSWORD}"
[https]
url = "https://127.0.0.1:1"
token = "{TOKEN}"
proxy = "http://me:{WORD}@127.0.0.1:1"
"""
WRONG = (
    SETTINGS.replace(f'"{PASSWORD}"', f'["{PASSWORD}"]'),
    SETTINGS.replace(TOKEN, f"{TOKEN} with a blank"),
    SETTINGS.replace(f"{WORD}@127.0.0.1:1", f"{WORD}@127.0.0.1:1/somewhere"),
    SETTINGS.replace(f'"{PASSWORD}"', PASSWORD),
)


class Said:
    """What the process has written, while a meter seems to be there."""

    def __init__(self, log: Path, feed: Publisher) -> None:
        self._log, self._feed = log, feed

    def until(self, what: str, times: int) -> bool:
        """Whether it says so that often within a minute."""
        deadline_s = time.monotonic() + 60.0
        while self._log.read_text().count(what) < times and time.monotonic() < deadline_s:
            self._feed.publish("status", {"serial": "2611000001G"})
            time.sleep(0.2)
        return self._log.read_text().count(what) >= times


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher(tmp_path / "run" / "live.sock")
    yield publisher
    publisher.close()


def test_the_uplink_says_what_is_wrong_and_no_secret(tmp_path: Path, feed: Publisher) -> None:
    data, log = tmp_path / "data", tmp_path / "uplink.log"
    data.mkdir()
    JournalWriter(data / "journal.sqlite").close()
    settings = data / "settings.toml"
    settings.write_text(SETTINGS)
    places = {"AMPGUARD_DATA": str(data), "AMPGUARD_RUN": str(tmp_path / "run"), "AMPGUARD_LOG": "debug"}
    with log.open("wb") as file:
        command = [sys.executable, "-m", "ampguard.services.uplink"]
        process = subprocess.Popen(command, env={**os.environ, **places}, stdout=file, stderr=file)
        try:
            said = Said(log, feed)
            assert said.until("no connection", 1), log.read_text()
            for number, text in enumerate(WRONG):
                settings.write_text(text)
                assert said.until("settings that are in force count on", number + 1), log.read_text()
        finally:
            process.terminate()
            process.wait(30.0)
    for secret in (PASSWORD, TOKEN, WORD):
        assert secret not in log.read_text()
