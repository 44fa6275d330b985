"""How many readings a second one process of the reference cloud takes, into SQLite and into PostgreSQL.

ingest.py [BLOCKS]     blocks of 60 readings; `of bare`: of an executemany or a COPY of ready tuples into the
                       same table in the same run, with as many rows in a commit
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.benchmarks.backlog import cpu_s
from tests.benchmarks.journal_wear import made

from ampguard.block import encoded
from ampguard.readings import as_json
from ampguard.uplink import message
from ampguard_hil.broker import Broker, choose_port
from ampguard_hil.cloud import postgres, sqlite
from ampguard_hil.cloud.ingest import AT_ONCE, _without_delay
from ampguard_hil.cloud.place import Cloud
from ampguard_hil.cloud.store import open_store, received
from ampguard_hil.ports import HOST
from ampguard_hil.postgres import Postgres
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ampguard_hil.cloud.store import Received

IN_A_BLOCK, BLOCKS, DIFFERENT = 60, 3000, 100
TARGETS = {"SQLite": 40_000, "PostgreSQL": 25_000}
WAY = "{:44}{:>12,.0f} readings/s{:>8.2f} of bare  {}"


def sent(count: int) -> list[tuple[str, bytes]]:
    """Serial and block; many units send the same readings, which no store can know."""
    chance = random.Random(1)
    blocks: list[bytes] = []
    for number in range(DIFFERENT):
        first = number * IN_A_BLOCK + 1
        bodies = [as_json(made(first + index, chance)) for index in range(IN_A_BLOCK)]
        blocks.append(encoded([body for body in bodies if isinstance(body, dict)]))
    return [(f"AG{index // DIFFERENT:07}", blocks[index % DIFFERENT]) for index in range(count)]


def batches(arrived: Sequence[tuple[str, bytes]]) -> Iterator[Sequence[tuple[str, bytes]]]:
    """What is committed at once."""
    for first in range(0, len(arrived), AT_ONCE):
        yield arrived[first : first + AT_ONCE]


def rate(readings: int, work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    work()
    return readings / (time.perf_counter() - begin_s)


def fill(where: str, arrived: Sequence[tuple[str, bytes]]) -> None:
    """Open and commit, as an ingest process does."""
    store = open_store(where)
    for batch in batches(arrived):
        store.commit([received(serial, block) for serial, block in batch])
    store.close()


def bare_sqlite(where: str, ready: Sequence[Sequence[Received]]) -> None:
    with contextlib.closing(sqlite3.connect(where, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = FULL")
        for batch in ready:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(sqlite._INSERT, (row for block in batch for row in block.rows))
            database.execute("COMMIT")


def bare_postgres(where: str, ready: Sequence[Sequence[Received]]) -> None:
    with psycopg.connect(where, autocommit=True) as connection:
        for batch in ready:
            with (
                connection.transaction(),
                connection.cursor() as cursor,
                cursor.copy(postgres._COPY.replace("arriving", "reading").encode()) as copy,
            ):
                copy.set_types(postgres._IN_BINARY)
                for block in batch:
                    for row in block.rows:
                        copy.write_row(row)


def piped(folder: Path, where: str, arrived: Sequence[tuple[str, bytes]]) -> tuple[float, float]:
    """Readings a second from the first that is sent to the last that is acknowledged; of the process's own time."""
    folder.mkdir()
    broker = Broker(folder, choose_port(None))
    broker.start()
    cloud = Cloud(folder, broker, where)
    cloud.process.start()
    wait_until(lambda: "connected" in cloud.process.last_words(), 10.0)
    acknowledged: list[int] = []
    unit = paho.Client(CallbackAPIVersion.VERSION2, "units", protocol=MQTTProtocolVersion.MQTTv5)
    unit.on_message = lambda _client, _userdata, heard: acknowledged.append(heard.mid)
    unit.on_socket_open = _without_delay
    unit.max_inflight_messages_set(100)
    unit.connect(HOST, broker.port)
    unit.loop_start()
    unit.subscribe(message.topic("+", "acknowledged"), qos=0)
    readings, spent_s, begin_s = len(arrived) * IN_A_BLOCK, cpu_s(cloud.process), time.perf_counter()
    for serial, block in arrived:
        unit.publish(message.topic(serial, "records"), block, qos=1)
    done = wait_until(lambda: len(acknowledged) >= len(arrived), 300.0)
    taken_s, spent_s = time.perf_counter() - begin_s, cpu_s(cloud.process) - spent_s
    if not done:
        print(f"only {len(acknowledged)} of {len(arrived)} blocks acknowledged\n{cloud.process.last_words(20)}")
    unit.disconnect()
    unit.loop_stop()
    cloud.process.stop()
    broker.stop()
    return readings / taken_s, readings / spent_s


def report(
    kind: str,
    folder: Path,
    fresh: Callable[[], str],
    bare: Callable[[str, Sequence[Sequence[Received]]], None],
    arrived: Sequence[tuple[str, bytes]],
) -> None:
    readings, target = len(arrived) * IN_A_BLOCK, TARGETS[kind]
    where = fresh()
    with contextlib.closing(open_store(where)) as store:
        store.serials()  # makes the tables
    ready = [[received(serial, block) for serial, block in batch] for batch in batches(arrived)]
    limit = rate(readings, lambda: bare(where, ready))
    print(WAY.format(f"{kind}: bare, ready tuples", limit, 1.0, ""))
    ready.clear()
    where = fresh()
    filled = rate(readings, lambda: fill(where, arrived))
    print(WAY.format(f"{kind}: decode and commit", filled, filled / limit, f"target {target:,}"))
    again = rate(readings, lambda: fill(where, arrived))
    print(WAY.format(f"{kind}: the same once more, all known", again, again / limit, ""))
    through, own = piped(folder / kind, fresh(), arrived)
    print(WAY.format(f"{kind}: whole pipe, Mosquitto, MQTT 5 $share", through, through / limit, f"target {target:,}"))
    print(WAY.format(f"{kind}: the same, by the process's own time", own, own / limit, ""))


def main() -> int:
    """Measure and print."""
    arrived = sent(int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS)
    print(f"{len(arrived)} blocks of {IN_A_BLOCK} readings, up to {AT_ONCE} blocks in a commit")
    alone = rate(len(arrived) * IN_A_BLOCK, lambda: [received(serial, block).boot for serial, block in arrived])
    print(f"{'decode alone':44}{alone:>12,.0f} readings/s")
    with tempfile.TemporaryDirectory(prefix="ag-") as place, contextlib.closing(Postgres()) as server:
        folder, number = Path(place), iter(range(100))
        server.start()

        def database() -> str:
            name = f"cloud_{next(number)}"
            with psycopg.connect(server.address, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return server.address.replace("/postgres?", f"/{name}?")

        report("SQLite", folder, lambda: str(folder / f"{next(number)}.sqlite"), bare_sqlite, arrived)
        report("PostgreSQL", folder, database, bare_postgres, arrived)
    return 0


if __name__ == "__main__":
    sys.exit(main())
