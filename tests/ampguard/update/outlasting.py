"""What outlasts an update: a data folder as this software leaves it, what is in it, and one kept of each form of data.

`python -m tests.ampguard.update.outlasting` keeps one of the present form in `forms/`; a form that software which was
released has written is not made anew, but kept.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.ampguard.journal.made import reading

from ampguard.balancing.ocpp.transactions import Transactions
from ampguard.clock import ClockQuality, Stamp
from ampguard.identity import Unit, keep_card, read_card
from ampguard.journal.counters import CounterFile
from ampguard.journal.reader import JournalReader, hot_path
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval, as_json
from ampguard.settings import groupstore, values
from ampguard.settings.assignment import Assignment
from ampguard.settings.history import By, Means
from ampguard.settings.places import Places
from ampguard.settings.store import SettingsStore
from ampguard.update import state, trial
from ampguard.update.dataform import OWN
from ampguard.update.state import State, Told
from ampguard.update.trial import STICK, Trial
from ampguard.uplink.lanes.cursor import Cursor
from ampguard.web.access.tokens import Scope, Tokens
from ampguard.wiring import history
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration, Identity
from ampguard_drivers.frontend import Variant

FORMS = Path(__file__).with_name("forms")
KEPT = "kept.json"
"""In an archive of a form: what its software said of the folder."""
UTC_NOW = "2026-11-22T12:00:00+00:00"
SECONDS, MINUTES = 150, 2
TOKEN = f"ampguard_00000001_{'x' * 43}"
SETTINGS = """\
main_fuse_a = 63.0 # as on the fuse
grid_type = "three-phase"
generation_on_site = true
nominal_voltage_v = 230.0
nominal_frequency_hz = 50.0
[mqtt]
host = "broker.example"
port = 8883
username = "unit"
password = "secret"
[https]
url = "https://cloud.example"
token = "secret"
[commands]
allow = ["ping", "update"]
[wiring.clamps]
l1 = "L2"
l2 = "L1 reversed"
"""
GROUP = """\
name = "Garage"
active = true
device = "gG"
max_offline_a = 20.0
[[chargers]]
id = "2611100001M"
phases = ["L2", "L3", "L1"]
max_a = 16.0
offline_a = 6.0
key = "secret-secret-secret"
"""


def fill(data: Path) -> None:
    """As this software leaves it when its power goes."""
    places = Places(data, data / "run", None)
    for folder in (places.update, places.identity, places.web, places.wiring, places.balancing):
        folder.mkdir(parents=True)
    _fill_journal(places.journal)
    CounterFile(places.counters).save(reading(SECONDS, wh=1234.5).energy)
    cursor = Cursor(data / "uplink-mqtt.json")
    cursor.follow(JournalReader(places.journal).name())
    cursor.advance(70, ("boot", 70))
    cursor.save()
    places.group.write_text(GROUP)
    places.settings.write_text(SETTINGS)
    stamp = Stamp(5_000_000_000, 5.0, UTC_NOW, ClockQuality.SYNCHRONISED)
    store = SettingsStore(places.settings, lambda: stamp)
    store.change({"main_fuse_a": 50.0}, By(Means.COMMAND))
    unit = Identity("AG000000000001G", b"\x01" * 32, Variant.HOME, b"\x02" * 32)
    keep_card(places.identity, Unit(unit, Calibration((ChannelCalibration(1.0, 0.1),) * 7, 0.0, 25.0, "set")))
    history.History(places.wiring).add(
        history.Change(
            utc=UTC_NOW, monotonic_ns=5, boot="boot", before=Assignment(), after=Assignment(),
            finding_before=None, finding_after={"current_verdict": "right"},
        )
    )  # fmt: skip
    Tokens(places.web / "tokens.json", lambda: UTC_NOW).make("panel", Scope.READ)
    asyncio.run(_charge(places.balancing / "transactions.json"))
    state.keep(places.update / trial.STATE, Told(State.INSTALLED, "0.2.0-5", STICK))
    trial.keep(places.update, Trial("B", "0.2.0-5", "0.1.0-4", uplink=True))


def _fill_journal(path: Path) -> None:
    """Two blocks of seconds, what is not a block yet, minutes and events."""
    with tempfile.TemporaryDirectory() as beside:
        live = Path(beside) / path.name
        writer = JournalWriter(live)
        for number in range(1, SECONDS + 1):
            writer.append([reading(number, wh=number * 0.25)])
        writer.append([reading(number, interval=Interval.MINUTE, seconds=60.0) for number in range(1, MINUTES + 1)])
        writer.note("boot", "event", {"kind": "start", "sequence": 1})
        writer.sync()
        for one in (path.name, f"{path.name}-wal"):
            shutil.copy(live.with_name(one), path.with_name(one))
        shutil.copy(hot_path(live), hot_path(path))
        writer.close()
    with closing(sqlite3.connect(path)) as database:  # into one file, as it is after a while
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _charge(path: Path) -> None:
    found = Transactions(path, datetime.fromisoformat(UTC_NOW))
    found.begin("2611100001M", 1, "TAG", 1000, datetime(2026, 11, 22, 11, tzinfo=UTC))
    await found.save()


def kept(data: Path) -> dict[str, Any]:
    """What this software reads in such a folder: each thing under a name, as JSON."""
    places = Places(data, data / "run", None)
    journal = JournalReader(places.journal)
    found = {
        "seconds": [[one.position, one.boot, one.body] for one in journal.readings(0, 1000)],
        "minutes": [[one.position, one.boot, one.body] for one in journal.readings(0, 1000, Interval.MINUTE)],
        "events": [[one.position, one.boot, one.body] for one in journal.notes(0, 1000, "event")],
        "counters": as_json(energy) if (energy := CounterFile(places.counters).load()) is not None else None,
        "cursor": _cursor(Cursor(data / "uplink-mqtt.json")),
        "settings": values.values(places.settings, places.settings.read_bytes()),
        "changes": [[one.number, one.by.means.value, one.edits] for one in SettingsStore(places.settings).history()],
        "group": groupstore.values(places.group, places.group.read_bytes()),
        "card": repr(read_card(places.identity)),
        "wiring": [[one.utc, one.boot, one.finding_after] for one in history.read(places.wiring)],
        "tokens": [one.name for one in Tokens(places.web / "tokens.json", lambda: None).all()],
        "charging": sorted(_running(places.balancing / "transactions.json")),
        "update": [state.read(places.update / trial.STATE).state, repr(trial.read(places.update))],
    }
    again: dict[str, Any] = json.loads(json.dumps(found))
    return again


def _cursor(cursor: Cursor) -> list[object]:
    return [cursor.journal, cursor.position, cursor.latest]


def _running(path: Path) -> list[str]:
    running = Transactions(path, datetime.fromisoformat(UTC_NOW)).running("2611100001M")
    return [f"{connector} {one.tag}" for connector, one in running.items()]


def unpack(form: int, into: Path) -> dict[str, Any]:
    """A folder of that form, and what the software that left it there said of it."""
    with tarfile.open(FORMS / f"{form}.tar.xz") as archive:
        archive.extractall(into, filter="data")
    said: dict[str, Any] = json.loads((into / KEPT).read_text())
    (into / KEPT).unlink()
    return said


def main() -> None:
    """Keep one."""
    FORMS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        fill(data)
        (data / KEPT).write_text(json.dumps(kept(data), indent=1))
        packed = FORMS / f"{OWN.written}.tar.xz"
        with lzma.open(packed, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            for path in sorted(data.iterdir()):
                archive.add(path, path.name)


if __name__ == "__main__":
    main()
