"""A unit and a cloud in network namespaces of their own, with a broker and an HTTPS entrance, name server and all.

The unit brings its journal to both at once; each has a store of its own, so each fault is tried on both ways.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from tests.system.lone import SERIAL, Lone, logs, stored

from ampguard_hil.cloud.authority import Authority
from ampguard_hil.network import DEVICE, Place, Wire
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAME = "cloud.test"
UNIT, CLOUD, MOVED, RESOLVER = "10.77.0.2", "10.77.0.1", "10.77.0.3", "10.77.0.9"
LIFE = timedelta(days=2)
"""Of certificates."""
PATIENCE_S = 60.0
_BROKER = """
per_listener_settings false
allow_anonymous true
log_dest stdout
log_timestamp false
user root
max_queued_messages 100000
listener 8883
certfile {certificate}
keyfile {key}
listener 1883
listener 0 {socket}
"""


class Apart:
    """All of it; `begin` starts the cloud's side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stores = {"mqtt": folder / "mqtt.sqlite", "https": folder / "https.sqlite"}
        self.authority = Authority(folder / "authority")
        self.socket = folder / "broker.sock"
        """The broker's, for who listens from outside."""
        self.hosts = folder / "hosts"
        self._ends = contextlib.ExitStack()
        try:
            self.unit, self.cloud = (self._place(*one) for one in (("unit", UNIT), ("cloud", CLOUD)))
            self.wire = Wire(self.unit, self.cloud)
            self._ends.callback(self.wire.stop)
            for address in (MOVED, RESOLVER):
                self.cloud.do("ip", "address", "add", f"{address}/24", "dev", DEVICE)
            self.unit.resolver.write_text(f"nameserver {RESOLVER}\noptions timeout:1 attempts:2\n")
            self.certificate, self.key = self.authority.pair("server", [NAME], LIFE)
        except BaseException:
            self._ends.close()
            raise
        names = [
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--local=/test/",
            f"--addn-hosts={self.hosts}",
            "--user=root",
        ]
        where = [f"--listen-address={RESOLVER}", "--bind-interfaces", f"--pid-file={folder / 'dns.pid'}"]
        self.dns = self.started_in(self.cloud, "dns", [_program("dnsmasq"), *names, *where])
        self.resolves_to(CLOUD)

    def _place(self, name: str, address: str) -> Place:
        made = Place(name, self.folder, address)
        self._ends.callback(made.stop)
        return made

    def started_in(self, place: Place, name: str, command: Sequence[str]) -> Process:
        """A process that ends with this; not started yet."""
        process = Process(name, [*place.within, *command], self.folder / f"{name}.log", {})
        self._ends.callback(process.stop)
        return process

    def begin(self) -> None:
        """Broker, ingest and entrance."""
        self._serve()
        where = ["--store", str(self.stores["mqtt"]), "--host", "127.0.0.1", "--port", "1883"]
        self.ingest = self.started_in(self.cloud, "ingest", [sys.executable, "-m", "ampguard_hil.cloud.ingest", *where])
        self.dns.start()
        self.ingest.start()
        # a block that comes before somebody listens waits for its second try
        self.until(lambda: "connected" in self.ingest.last_words())

    def serve_with(self, certificate: Path, key: Path) -> None:
        """Broker and entrance are started again with another certificate."""
        self.broker.stop()
        self.entrance.stop()
        self.certificate, self.key = certificate, key
        self._serve()

    def _serve(self) -> None:
        file = self.folder / "broker.conf"
        file.write_text(_BROKER.format(certificate=self.certificate, key=self.key, socket=self.socket))
        self.broker = self.started_in(self.cloud, "broker", [_program("mosquitto"), "-c", str(file)])
        words = ["--store", str(self.stores["https"]), "--host", "0.0.0.0", "--port", "443"]
        words += ["--certificate", str(self.certificate), "--key", str(self.key)]
        command = [sys.executable, "-m", "ampguard_hil.cloud.https", *words]
        self.entrance = self.started_in(self.cloud, "entrance", command)
        self.broker.start()
        self.entrance.start()

    def resolves_to(self, address: str | None) -> None:
        """What the name server says of the cloud's name; None: there is no such name."""
        self.hosts.write_text("" if address is None else f"{address} {NAME}\n")
        if self.dns.pid is not None:
            os.kill(self.dns.pid, signal.SIGHUP)

    def settings(self) -> str:
        """Both destinations, encrypted, by name."""
        return (
            f'[mqtt]\nhost = "{NAME}"\nport = 8883\ntls_ca_file = "{self.authority.file}"\nbatch_s = 1.0\n'
            f'[https]\nurl = "https://{NAME}"\nca_file = "{self.authority.file}"\nbatch_s = 1.0\n'
        )

    def stored(self) -> dict[str, int]:
        """Readings that are there, by way."""
        return {way: stored(store) for way, store in self.stores.items()}

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Fail with all logs where it does not come true."""
        assert wait_until(condition, timeout_s), f"{self.stored()}\n{logs(self.folder)}"

    def under_way(self) -> None:
        """Both ways have brought something."""
        self.until(lambda: all(self.stored().values()))

    def judge(self, unit: Lone, timeout_s: float = 2 * PATIENCE_S) -> None:
        """By both ways, all that the journal holds is in the store once, reading by reading."""
        for way, store in self.stores.items():
            verdict = unit.arrived(store, timeout_s)
            assert verdict.good, f"{way}: {verdict}\n{logs(self.folder)}"

    @contextlib.contextmanager
    def listening(self, lane: str, heard: Callable[[bytes], None]) -> Iterator[None]:
        """Somebody at the broker itself who takes what comes on a lane of the unit."""
        client = paho.Client(CallbackAPIVersion.VERSION2, transport="unix")
        client.on_message = lambda _client, _data, message: heard(bytes(message.payload))
        client.connect(str(self.socket), 1883)
        client.subscribe(f"ampguard/{SERIAL}/{lane}")
        client.loop_start()
        try:
            yield
        finally:
            client.disconnect()
            client.loop_stop()

    def close(self) -> None:
        """Everything ends, the newest first."""
        self._ends.close()


@contextlib.contextmanager
def apart() -> Iterator[Apart]:
    """In a folder of its own: Unix sockets want short paths."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Apart(Path(folder))
        try:
            yield found
        finally:
            found.close()


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    assert found is not None, f"wanted {name}, met none: apt install it"
    return found
