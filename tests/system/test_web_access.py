"""The web by itself: it makes its certificate, lets the owner in over HTTPS, and forgets no wrong PIN in a kill."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ampguard.identity import Unit, keep_card
from ampguard.web.access.certificate import OWN
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.board import PIN, PIN_HASH, SERIAL
from ampguard_hil.processes import Process, wait_until

pytestmark = pytest.mark.system
PATIENCE_S = 40.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Web:
    """`ampguard-web` on this machine, with a data folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run").mkdir()
        keep_card(folder / "identity", Unit(Identity(SERIAL, PIN_HASH, Variant.HOME), Calibration((), 0.0, 25.0, "")))
        self.port = free_port()

    @contextmanager
    def running(self) -> Iterator[Process]:
        command = [sys.executable, "-m", "ampguard.services.web", "--https", f"127.0.0.1:{self.port}"]
        known = {"AMPGUARD_DATA": str(self.folder), "AMPGUARD_RUN": str(self.folder / "run"), "AMPGUARD_CLOCK": "host"}
        process = Process("web", command, self.folder / "web.log", known)
        process.start()
        try:
            assert wait_until(self._answers, PATIENCE_S), (self.folder / "web.log").read_text()
            yield process
        finally:
            process.stop()

    def browser(self) -> httpx.Client:
        """One that trusts the unit's own certificate, and no other."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "identity" / OWN))
        trusted.check_hostname = False  # by its address, as long as there is no name server
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=trusted, timeout=PATIENCE_S)

    def _answers(self) -> bool:
        try:
            with self.browser() as browser:
                return browser.get("/api/v1/session").status_code == 401
        except (httpx.HTTPError, OSError):
            return False


def test_the_owner_comes_in_and_a_kill_gives_a_guesser_nothing_back(tmp_path: Path) -> None:
    web = Web(tmp_path)
    with web.running() as process:
        with web.browser() as thief:
            answers = [thief.post("/api/v1/session", json={"pin": f"guess{one}"}).json()["id"] for one in range(3)]
            assert answers == ["wrong-pin"] * 3
        certificate = (tmp_path / "identity" / OWN).read_bytes()
        process.kill()
    assert json.loads((tmp_path / "web" / "failures.json").read_text())["failures"] == {"127.0.0.1": 3}
    with web.running():
        assert (tmp_path / "identity" / OWN).read_bytes() == certificate
        with web.browser() as owner:
            tries: list[httpx.Response] = []

            def is_in() -> bool:
                tries.append(owner.post("/api/v1/session", json={"pin": PIN}))
                return tries[-1].status_code == 200

            assert wait_until(is_in, PATIENCE_S)
            assert {one.json()["id"] for one in tries[:-1]} <= {"wait"}  # none, where the start took longer
            assert tries[-1].json()["failed_before_count"] == 3
            assert owner.get("/").status_code == 200
        with web.browser() as nobody:
            assert nobody.get("/", follow_redirects=False).headers["location"] == "/sign-in"
