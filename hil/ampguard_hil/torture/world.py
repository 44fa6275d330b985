"""What is around a unit of a storm: a network with a name server and, behind it, a broker with TLS and the cloud.

Unit and cloud are in network namespaces of their own (`ampguard_hil.network`), so that what goes wrong between them is
the unit's alone, and several storms run beside each other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ampguard_hil.campaign_victim import Victim
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.network import DEVICE, Place, Wire
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "cloud.test"
UNIT, CLOUD, NOBODY, RESOLVER = "10.77.0.2", "10.77.0.1", "10.77.0.3", "10.77.0.9"
AGE, LIFE = timedelta(days=30), timedelta(days=60)
"""Of certificates, so that a clock that is a day off finds them as good as others do."""
START_S = 30.0
BATCH_S = 1.0
_BROKER = """
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


class World:
    """The unit's side has `within` and `settings`; the cloud's side is killed, expires and lies."""

    def __init__(self, folder: Path) -> None:
        """Raises ProcessError where a program or a right is missing."""
        self.store = folder / "cloud.sqlite"
        self.socket = folder / "broker.sock"
        """The broker's, for who listens from outside."""
        self._folder = folder
        self._ends = contextlib.ExitStack()
        try:
            self.unit, self._cloud = (self._place(*one) for one in (("unit", UNIT), ("cloud", CLOUD)))
            wire = Wire(self.unit, self._cloud)
            self._ends.callback(wire.stop)
            self._cloud.do("ip", "address", "add", f"{RESOLVER}/24", "dev", DEVICE)
        except BaseException:
            self._ends.close()
            raise
        self.unit.resolver.write_text(f"nameserver {RESOLVER}\noptions timeout:1 attempts:2\n")
        began = datetime.now(UTC) - AGE
        self._authority = Authority(folder / "authority", now=lambda: began)
        self._good = self._authority.pair("server", [NAME], LIFE, began)
        self._expired = self._authority.pair("expired", [NAME], AGE / 2, began)
        self._hosts, self._configuration = folder / "hosts", folder / "broker.conf"
        names = ["--keep-in-foreground", "--no-resolv", "--no-hosts", "--local=/test/", f"--addn-hosts={self._hosts}"]
        where = [f"--listen-address={RESOLVER}", "--bind-interfaces", f"--pid-file={folder / 'dns.pid'}"]
        self._dns = self._process("dns", [_program("dnsmasq"), "--user=root", *names, *where])
        broker = self._process("broker", [_program("mosquitto"), "-c", str(self._configuration)])
        taking = ["--store", str(self.store), "--host", "127.0.0.1", "--port", "1883"]
        ingest = self._process("ingest", [sys.executable, "-m", "ampguard_hil.cloud.ingest", *taking])
        self.victims = Victim("broker", broker), Victim("ingest", ingest)

    @property
    def settings(self) -> str:
        """What a unit is told of it."""
        return f'[mqtt]\nhost = "{NAME}"\nport = 8883\ntls_ca_file = "{self._authority.file}"\nbatch_s = {BATCH_S}\n'

    def start(self) -> None:
        """All of it, and it is ready. Raises ProcessError."""
        self.certify(expired=False)
        self.resolve_to(CLOUD)
        self._dns.start()
        for victim in self.victims:
            victim.process.start()
        ingest = self.victims[-1].process
        if not wait_until(lambda: "connected" in ingest.last_words(), START_S):
            raise ProcessError("the cloud of a storm does not start", ingest.last_words())

    def certify(self, *, expired: bool) -> None:
        """Which certificate the broker shows from its next start on."""
        certificate, key = self._expired if expired else self._good
        self._configuration.write_text(_BROKER.format(certificate=certificate, key=key, socket=self.socket))

    def resolve_to(self, address: str | None) -> None:
        """What the name server says of the cloud's name; None: there is no such name."""
        self._hosts.write_text("" if address is None else f"{address} {NAME}\n")
        if self._dns.pid is not None:
            os.kill(self._dns.pid, signal.SIGHUP)

    def stop(self) -> dict[str, int | None]:
        """The cloud's processes; exit codes by name."""
        return {victim.kind: victim.process.stop() for victim in reversed(self.victims)}

    def close(self) -> None:
        """Everything ends, the newest first."""
        self._ends.close()

    def _place(self, name: str, address: str) -> Place:
        made = Place(name, self._folder, address)
        self._ends.callback(made.stop)
        return made

    def _process(self, name: str, command: Sequence[str]) -> Process:
        """A process on the cloud's side that ends with this; not started yet."""
        process = Process(name, [*self._cloud.within, *command], self._folder / f"{name}.log", {})
        self._ends.callback(process.stop)
        return process


def _program(name: str) -> str:
    """Raises ProcessError."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ProcessError(f"wanted {name}, met none: apt install it")
    return found
