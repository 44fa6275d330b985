"""A week without a cloud: how long a unit takes until 604,800 readings are committed in the reference cloud.

backlog.py [READINGS]      one uplink process, Mosquitto, one ingest process, all on this machine
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.journal_wear import made

from ampguard.block import encoded
from ampguard.journal.writer import IN_A_BLOCK, JournalWriter
from ampguard.live.publisher import Publisher
from ampguard.readings import as_json
from ampguard_hil.broker import HOST, Broker, choose_port
from ampguard_hil.cloud.place import Cloud
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

WEEK = 7 * 86_400
TEMPLATES = 50
SERIAL = "2611000001G"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


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
    writer._do("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    writer.close()


def cpu_s(process: Process) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(process: Process) -> float:
    """Its largest resident memory so far."""
    (line,) = (one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main() -> int:
    """Fill, send, and print."""
    readings = int(sys.argv[1]) if len(sys.argv) > 1 else WEEK
    with tempfile.TemporaryDirectory(prefix="ag-") as place:
        folder = Path(place)
        (folder / "data").mkdir()
        fill(folder / "data" / "journal.sqlite", readings)
        broker = Broker(folder, choose_port(None))
        broker.start()
        cloud = Cloud(folder, broker)
        cloud.process.start()
        (folder / "data" / "settings.toml").write_text(f'[mqtt]\nhost = "{HOST}"\nport = {broker.port}\n')
        environment = {"AMPGUARD_DATA": str(folder / "data"), "AMPGUARD_RUN": str(folder / "run")}
        feed = Publisher(folder / "run" / "live.sock")
        uplink = Process(
            "uplink", [sys.executable, "-m", "ampguard.services.uplink"], folder / "uplink.log", environment
        )
        uplink.start()
        wait_until(lambda: "connected" in cloud.process.last_words(), 10.0)
        begin_s = time.monotonic()

        def committed() -> bool:
            feed.publish("status", {"serial": SERIAL})
            boots = cloud.committed(SERIAL)
            return bool(boots) and boots[0].readings >= readings

        done = wait_until(committed, 600.0)
        taken_s = time.monotonic() - begin_s
        boots = cloud.committed(SERIAL)
        stored, missing = sum(boot.readings for boot in boots), [boot.missing for boot in boots if boot.missing]
        print(f"backlog         {stored} of {readings} readings committed in {taken_s:.1f} s (target 60 for a week)")
        print(f"missing         {missing or 'none'}")
        print(f"uplink          {cpu_s(uplink):.1f} s of a core, {resident_bytes(uplink) / 1e6:.0f} MB (target 45)")
        print(f"ingest          {cpu_s(cloud.process):.1f} s of a core")
        if not done:
            print(uplink.last_words(20), cloud.process.last_words(20))
        for process in (uplink, cloud.process):
            process.stop()
        feed.close()
        broker.stop()
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
