"""A cluster of three NATS servers as the broker: how many blocks a second, and what a server that dies costs.

nats.py [BLOCKS] [postgres]   one publisher with 20 on their way, three servers, one ingest process into SQLite or
                              PostgreSQL, all on this machine
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.benchmarks.journal_wear import made

from ampguard.block import encoded
from ampguard.readings import as_json
from ampguard.uplink import message
from ampguard_hil.cloud.store import open_store
from ampguard_hil.nats import Cluster
from ampguard_hil.ports import HOST
from ampguard_hil.postgres import Postgres
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

BLOCKS, IN_A_BLOCK, WINDOW = 1000, 60, 20
PATIENCE_S = 180.0
NAME = "publisher"


@dataclass
class Timing:
    """Of every block, by its first sequence number (s, monotonic)."""

    sent_s: dict[int, float] = field(default_factory=dict[int, float])
    puback_s: dict[int, float] = field(default_factory=dict[int, float])
    committed_s: dict[int, float] = field(default_factory=dict[int, float])


class Publisher:
    """One unit's session, bare: it sends blocks and notes when they are acknowledged, twice."""

    def __init__(self, serial: str, port: int) -> None:
        self.timing = Timing()
        self._serial = serial
        self._room = threading.Semaphore(WINDOW)
        self._lock = threading.Lock()
        self._first: dict[int, int] = {}
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, f"{NAME}-{serial}", protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        self._client.on_connect = lambda client, *_: client.subscribe(message.topic(serial, "acknowledged"), qos=1)
        self._client.on_publish = self._acknowledged
        self._client.on_message = self._committed
        self._client.reconnect_delay_set(1, 2)
        self._client.connect(HOST, port, keepalive=20)
        self._client.loop_start()

    @property
    def name(self) -> str:
        """As what it connects."""
        return f"{NAME}-{self._serial}"

    def send(self, first: int, block: bytes) -> None:
        """As soon as there is room."""
        self._room.acquire()
        with self._lock:
            self.timing.sent_s[first] = time.monotonic()
            sent = self._client.publish(message.topic(self._serial, "records"), block, qos=1)
            self._first[sent.mid] = first

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()

    def _acknowledged(self, client: paho.Client, userdata: object, mid: int, *rest: object) -> None:
        del client, userdata, rest
        with self._lock:
            first = self._first.pop(mid, None)
        if first is not None:
            self.timing.puback_s[first] = time.monotonic()
            self._room.release()

    def _committed(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        del client, userdata
        name = message.read_acknowledged(bytes(arrived.payload))
        if name is not None:
            self.timing.committed_s.setdefault(name[1], time.monotonic())


def blocks(count: int) -> list[tuple[int, bytes]]:
    """First sequence number and block of each, of one boot."""
    chance = random.Random(1)
    template = [as_json(made(number, chance)) for number in range(IN_A_BLOCK)]
    found: list[tuple[int, bytes]] = []
    for first in range(1, count * IN_A_BLOCK + 1, IN_A_BLOCK):
        bodies = [
            {**body, "sequence": first + index, "monotonic_ns": (first + index) * 1_000_000_000}
            for index, body in enumerate(template)
            if isinstance(body, dict)
        ]
        found.append((first, encoded(bodies)))
    return found


def main() -> int:
    """Without and with a server that is killed in the middle."""
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), BLOCKS)
    database = Postgres() if "postgres" in sys.argv else None
    wanted = blocks(count)
    print(f"{count} blocks of {IN_A_BLOCK} readings, {statistics.mean(len(one) for _, one in wanted):.0f} bytes each")
    with tempfile.TemporaryDirectory(prefix="ag-") as place:
        folder = Path(place)
        cluster = Cluster(folder)
        begin_s = time.monotonic()
        cluster.start()
        print(f"cluster ready after {time.monotonic() - begin_s:.1f} s")
        if database is not None:
            database.start()
        store = str(folder / "cloud.sqlite") if database is None else database.address
        print(f"store: {'SQLite' if database is None else 'PostgreSQL'}")
        where = ["--store", store, "--host", HOST, "--port", str(cluster.port)]
        command = [sys.executable, "-m", "ampguard_hil.cloud.ingest", *where, "--mqtt", "3.1.1"]
        ingest = Process("cloud", command, folder / "cloud.log", {})
        ingest.start()
        wait_until(lambda: "connected" in ingest.last_words(), PATIENCE_S)
        try:
            good = all(_run(cluster, store, wanted, kill) for kill in (False, True))
            print("memory of a server", *(f"{_resident_bytes(node.process) / 1e6:.0f} MB" for node in cluster.nodes))
        finally:
            ingest.stop()
            cluster.stop()
            if database is not None:
                database.close()
    return 0 if good else 1


def _run(cluster: Cluster, address: str, wanted: list[tuple[int, bytes]], kill: bool) -> bool:  # noqa: FBT001 - two rows
    serial = "KILLED" if kill else "STEADY"
    publisher = Publisher(serial, cluster.port)
    wait_until(lambda: cluster.serving(publisher.name) is not None, PATIENCE_S)
    begin_s = time.monotonic()
    for number, (first, block) in enumerate(wanted):
        if kill and number == len(wanted) // 2:
            node = cluster.serving(publisher.name) or cluster.nodes[0]
            node.process.kill()
        publisher.send(first, block)
    timing = publisher.timing
    wait_until(lambda: len(timing.puback_s) == len(wanted), PATIENCE_S)
    taken_s = max(timing.puback_s.values(), default=begin_s) - begin_s
    everything = wait_until(lambda: len(timing.committed_s) == len(wanted), PATIENCE_S if not kill else 60.0)
    committed_s = max(timing.committed_s.values(), default=begin_s) - begin_s
    publisher.close()
    store = open_store(address)
    boots = store.completeness(serial)
    store.close()
    stored = sum(boot.readings for boot in boots)
    lost = len(timing.puback_s) * IN_A_BLOCK - stored
    print(f"\none server killed half-way: {'yes' if kill else 'no'}")
    print(f"acknowledged by the cluster   {len(timing.puback_s)} blocks, {len(timing.puback_s) / taken_s:.0f} a second")
    print(f"  PUBACK                      {_shown(timing.sent_s, timing.puback_s)}")
    print(
        f"acknowledged by the ingest    {len(timing.committed_s)} blocks, {stored / committed_s:.0f} readings a second"
    )
    print(f"  word that it is committed   {_shown(timing.sent_s, timing.committed_s)}")
    print(
        f"acknowledged but not stored   {max(0, lost)} readings; holes {[one.missing for one in boots if one.missing]}"
    )
    if not everything:
        print("  (words of commits that came while nobody was connected are not counted)")
    return lost <= 0 and not any(one.missing for one in boots)


def _shown(sent_s: dict[int, float], heard_s: dict[int, float]) -> str:
    taken_s = sorted(heard_s[first] - sent_s[first] for first in heard_s)
    if not taken_s:
        return "none"
    p50, p99 = taken_s[len(taken_s) // 2], taken_s[min(len(taken_s) - 1, len(taken_s) * 99 // 100)]
    return f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, longest {taken_s[-1]:.1f} s"


def _resident_bytes(process: Process) -> float:
    if process.pid is None:
        return 0.0
    (line,) = (one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())
