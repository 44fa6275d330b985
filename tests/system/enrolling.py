"""A cloud with an authority, where units can enrol."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.uplink.certificates import certificate
from ampguard_drivers.simulated import board
from ampguard_hil.broker import Broker, Secured
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.cloud.place import Cloud, HttpsCloud
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_rights import Actor, Role
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_hil.processes import Process

SERIAL, OTHER, PIN = "26110007G", "26110008G", "k3tt1e42"
OPERATOR = Actor("0", "operator@cloud.example", "Operator", Role.OPERATOR, None)


class Site:
    """A cloud with an authority, a broker that admits its units, and a unit that knows neither yet."""

    def __init__(self, folder: Path, certificate_days: float = 365.0) -> None:
        self.folder, self.store = folder, folder / "cloud.sqlite"
        self.data = folder / "data"
        self.data.mkdir()
        self.authority = Authority(folder / "authority")
        pair = self.authority.pair("broker", [HOST, "localhost"])
        self.units_port = free_port()
        self.broker = Broker(folder, free_port(), Secured(self.units_port, self.authority.file, *pair))
        self.ingest = Cloud(folder, self.broker)
        port = free_port()
        self.url = f"https://{HOST}:{port}"
        words = ["--authority", str(self.authority.folder), "--certificate-days", str(certificate_days)]
        self.entrance = HttpsCloud(folder, port, [*words, "--units-broker", f"{HOST}:{self.units_port}"])
        registry = Registry(self.store)
        for serial, pin in ((SERIAL, PIN), (OTHER, PIN), (board.SERIAL, board.PIN)):
            registry.equipment.register_device(OPERATOR, serial, pin, "home")
        registry.close()

    @property
    def processes(self) -> tuple[Process, ...]:
        return (self.broker.process, self.ingest.process, self.entrance.process)

    def start(self) -> None:
        self.broker.start()
        self.ingest.process.start()
        self.entrance.start()

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def enrol(self, pin: str = PIN, *words: str, serial: str = SERIAL) -> subprocess.CompletedProcess[str]:
        """The command on the unit; the PIN comes by standard input."""
        code = "from ampguard.services.cli import main; raise SystemExit(main())"
        asked = ["--url", self.url, "--ca-file", str(self.authority.file), "--serial", serial, "--pin-file", "-"]
        return subprocess.run(
            [sys.executable, "-c", code, "enrol", *asked, *words],
            env={**os.environ, "AMPGUARD_DATA": str(self.data), "AMPGUARD_RUN": str(self.folder / "run")},
            input=f"{pin}\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def mqtt(self) -> str:
        return f'[mqtt]\nhost = "{HOST}"\nport = {self.units_port}\nbatch_s = 1.0\nenrolled = true\n'

    @property
    def https(self) -> str:
        return f'[https]\nurl = "{self.url}"\nbatch_s = 1.0\nenrolled = true\n'

    def mqtt_with(self, certificate_file: Path | None, key_file: Path | None, authority: Path | None = None) -> str:
        """Settings with files of their own."""
        lines = [
            f'[mqtt]\nhost = "{HOST}"\nport = {self.units_port}\ntls_ca_file = "{authority or self.authority.file}"'
        ]
        if certificate_file is not None:
            lines += [f'client_certificate_file = "{certificate_file}"', f'client_key_file = "{key_file}"']
        return "\n".join([*lines, ""])

    def certificate(self) -> certificate.Certificate:
        return certificate.read(self.data / "certificates" / "unit.crt")


@contextlib.contextmanager
def site(certificate_days: float = 365.0) -> Iterator[Site]:
    """In a folder of its own: Unix sockets want short paths."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Site(Path(folder), certificate_days)
        try:
            found.start()
            yield found
        finally:
            found.stop()
