"""A week without a cloud: how long a unit takes until 604,800 readings are committed in the reference cloud.

backlog.py [READINGS] [WAY ...]      ways: mqtt, mqtt-tls, https (all of them by default); HTTPS is over TLS 1.3

One uplink process, one cloud process, for MQTT one Mosquitto, all on this machine; TLS 1.3 with the unit's certificate.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.journal_wear import made

from ampguard.block import encoded
from ampguard.journal.writer import IN_A_BLOCK, JournalWriter
from ampguard.live.publisher import Publisher
from ampguard.readings import as_json
from ampguard_hil.broker import choose_port
from ampguard_hil.cloud.place import Cloud, HttpsCloud
from ampguard_hil.fleet.broker import FleetBroker
from ampguard_hil.fleet.certificates import prepare
from ampguard_hil.ports import HOST, answers
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json
    from ampguard_hil.fleet.certificates import Certificates

WEEK = 7 * 86_400
TARGET_S, PATIENCE_S = 60.0, 600.0
LOOK_SHARE = 10.0
"""Counting takes the cloud's processor: so much longer than it takes nobody counts."""
TEMPLATES = 50
SERIAL = "2611000001G"
WAYS = ("mqtt", "mqtt-tls", "https")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Far:
    """Where the readings go: the cloud, the broker before it, and what the unit is told of them."""

    cloud: Cloud | HttpsCloud
    broker: FleetBroker | None
    settings: str

    def start(self, port: int) -> bool:
        if self.broker is not None:
            self.broker.start()
        self.cloud.process.start()
        return wait_until(
            lambda: answers(port) if self.broker is None else "connected" in self.cloud.process.last_words(), 20.0
        )

    def stop(self) -> None:
        self.cloud.process.stop()
        if self.broker is not None:
            self.broker.stop()


def fill(path: Path, readings: int) -> None:
    """A journal of so many readings of one boot, in full blocks."""
    chance = random.Random(1)
    writer = JournalWriter(path)
    templates: list[list[Mapping[str, Json]]] = []
    for _ in range(TEMPLATES):
        minute = [as_json(made(number, chance)) for number in range(IN_A_BLOCK)]
        templates.append([body for body in minute if isinstance(body, dict)])
    rows: list[tuple[object, ...]] = []
    for block in range(readings // IN_A_BLOCK):
        first = block * IN_A_BLOCK + 1
        bodies: list[Mapping[str, Json]] = [
            {**body, "sequence": first + index, "monotonic_ns": (first + index) * 1_000_000_000}
            for index, body in enumerate(templates[block % TEMPLATES])
        ]
        last = first + IN_A_BLOCK - 1
        rows.append(("1s", first, last, "boot", first, last, encoded(bodies)))
    writer._database.execute("BEGIN")
    writer._database.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    writer._database.execute("COMMIT")
    writer.close()


def cpu_s(process: Process) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(process: Process) -> float:
    """Its largest resident memory so far."""
    (line,) = (one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def far(way: str, folder: Path, port: int, own: Certificates) -> Far:
    """The far side of one way."""
    files = f'client_certificate_file = "{own.unit(SERIAL)}"\nclient_key_file = "{own.unit(SERIAL)}"\n'
    if way == "https":
        words = ["--certificate", str(own.broker), "--key", str(own.broker_key), "--client-ca", str(own.authority)]
        told = f'[https]\nurl = "https://{HOST}:{port}"\nca_file = "{own.authority}"\n{files}'
        return Far(HttpsCloud(folder, port, words), None, told)
    if way == "mqtt":
        broker = FleetBroker(folder, port)
        return Far(Cloud(folder, broker), broker, f'[mqtt]\nhost = "{HOST}"\nport = {port}\n')
    tls_port = port + 1
    broker = FleetBroker(folder, port, tls_port, own)
    told = f'[mqtt]\nhost = "{HOST}"\nport = {tls_port}\ntls_ca_file = "{own.authority}"\n{files}'
    return Far(Cloud(folder, broker), broker, told)


def bring(way: str, folder: Path, journal: Path, own: Certificates, readings: int) -> bool:
    """Send it all this way and print; whether it all came in time."""
    data = folder / "data"
    data.mkdir(parents=True)
    for part in journal.parent.glob("journal*"):
        shutil.copy(part, data / part.name)
    port = choose_port(None)
    there = far(way, folder, port, own)
    if not there.start(port):
        print(f"{way}: the far side does not start\n{there.cloud.process.last_words(20)}")
        there.stop()
        return False
    (data / "settings.toml").write_text(there.settings)
    environment = {"AMPGUARD_DATA": str(data), "AMPGUARD_RUN": str(folder / "run")}
    feed = Publisher(folder / "run" / "live.sock")
    uplink = Process("uplink", [sys.executable, "-m", "ampguard.services.uplink"], folder / "uplink.log", environment)
    cloud_s = cpu_s(there.cloud.process)
    uplink.start()
    begin_s = look_s = time.monotonic()

    def committed() -> bool:
        nonlocal look_s
        feed.publish("status", {"serial": SERIAL})
        now_s = time.monotonic()
        if now_s < look_s:
            return False
        boots = there.cloud.committed(SERIAL)
        look_s = time.monotonic() + LOOK_SHARE * (time.monotonic() - now_s)
        return bool(boots) and boots[0].readings >= readings

    done = wait_until(committed, PATIENCE_S)
    taken_s = time.monotonic() - begin_s
    boots = there.cloud.committed(SERIAL)
    stored, missing = sum(boot.readings for boot in boots), [boot.missing for boot in boots if boot.missing]
    wanted = f"(target {TARGET_S:g} for a week)"
    print(
        f"{way:<9} {stored} of {readings} readings committed in {taken_s:.1f} s {wanted}, missing {missing or 'none'}"
    )
    if uplink.pid is not None and there.cloud.process.pid is not None:
        unit = f"uplink {cpu_s(uplink):.1f} s of a core, {resident_bytes(uplink) / 1e6:.0f} MB (target 45)"
        spent = f"cloud {cpu_s(there.cloud.process) - cloud_s:.1f} s of a core"
        print(f"          {unit}; {spent}; load average {os.getloadavg()[0]:.1f}")
    if not done:
        print(uplink.last_words(20), there.cloud.process.last_words(20))
    uplink.stop()
    there.stop()
    feed.close()
    return done


def main() -> int:
    """Fill one journal, send it every way, and print."""
    words = sys.argv[1:]
    readings = int(words.pop(0)) if words and words[0].isdecimal() else WEEK
    with tempfile.TemporaryDirectory(prefix="ag-") as place:
        folder = Path(place)
        journal = folder / "journal" / "journal.sqlite"
        journal.parent.mkdir()
        fill(journal, readings)
        own = prepare(folder / "certificates", [SERIAL])
        done = [bring(way, folder / way, journal, own, readings) for way in words or WAYS]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
