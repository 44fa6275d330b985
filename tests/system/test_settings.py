"""Settings changed while the unit streams: they count within seconds, no reading is lost, nothing is sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import Unit, running

from ampguard.journal.reader import JournalReader
from ampguard.settings.history import By, Means
from ampguard.settings.store import SettingsStore
from ampguard_hil.broker import Broker
from ampguard_hil.cloud.place import Cloud
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ampguard.settings.values import Value

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
PAGE = By(Means.PAGE, "192.0.2.7")


@pytest.fixture
def unit() -> Iterator[Unit]:
    with running("steady") as unit:
        yield unit


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Broker, Cloud]]:
    """Another broker, with another cloud behind it."""
    broker = Broker(tmp_path, free_port())
    broker.start()
    cloud = Cloud(tmp_path, broker)
    cloud.process.start()
    try:
        yield broker, cloud
    finally:
        cloud.process.stop()
        broker.stop()


def change(unit: Unit, wanted: dict[str, Value | None]) -> None:
    assert SettingsStore(unit.box.settings).change(wanted, PAGE) is not None


def events(unit: Unit, kind: str) -> list[Any]:
    notes = JournalReader(unit.folder / "data" / "journal.sqlite").notes(0, 1000, "event")
    return [one.body["event"] for one in notes if one.body is not None and one.body["kind"] == kind]


def seconds(unit: Unit) -> list[Any]:
    """All of the journal, without a hole."""
    found = JournalReader(unit.folder / "data" / "journal.sqlite").readings(0, 100_000)
    assert [one.sequence for one in found] == list(range(1, len(found) + 1)), "no reading is missing"
    return [one.body for one in found if one.body is not None]


def test_all_of_it_counts_at_once_and_nothing_is_lost(unit: Unit, elsewhere: tuple[Broker, Cloud]) -> None:
    broker, cloud = elsewhere
    assert unit.until(unit.received(3)), unit.logs()
    pids = {name: process.pid for name, process in unit.box.firmware.items()}

    # a fuse below what flows, a nominal voltage far from what is there
    change(unit, {"main_fuse_a": 1.0, "nominal_voltage_v": 127.0})
    assert unit.until(lambda: {one["turn"] for one in events(unit, "overload")} == {"begun"}), unit.logs()
    assert unit.until(lambda: len(events(unit, "wrong_voltage")) == 1), unit.logs()
    (told,) = events(unit, "configuration")
    assert {one["name"]: (one["before"], one["after"]) for one in told["changes"]} == {
        "main_fuse_a": ("63.0", "1.0"), "nominal_voltage_v": ("230.0", "127.0"),
    }  # fmt: skip
    SettingsStore(unit.box.settings).undo(PAGE)
    assert unit.until(lambda: [one["turn"] for one in events(unit, "wrong_voltage")] == ["begun", "ended"]), unit.logs()
    assert unit.until(lambda: events(unit, "overload")[-1]["turn"] == "ended"), unit.logs()
    clean = seconds(unit)

    # elsewhere from now on
    change(unit, {"mqtt.port": broker.port})
    assert unit.until(lambda: bool(_stored(unit, cloud))), unit.logs()
    assert unit.until(lambda: _stored(unit, cloud)[0].readings >= 3), unit.logs()
    (here,), (there,) = _stored(unit, unit.cloud), _stored(unit, cloud)
    assert here.missing == ()
    assert there.missing == ((1, here.readings),), "where the one ends the other begins: nothing lost, nothing twice"
    assert unit.listener.tally().online is False, "the first broker knows that the unit is gone"

    # the chip must stand still for another nominal frequency: what that costs is said
    change(unit, {"nominal_frequency_hz": 60.0})
    assert unit.until(lambda: seconds(unit)[-1]["health"]["lost_samples"] > clean[-1]["health"]["lost_samples"])
    assert unit.until(lambda: [one["reason"] for one in events(unit, "gap")][-1] == "samples_lost"), unit.logs()
    lost = seconds(unit)[-1]["health"]["lost_samples"] - clean[-1]["health"]["lost_samples"]
    assert 0 < lost < 8000, "less than a second"
    assert {name: process.pid for name, process in unit.box.firmware.items()} == pids, "nothing was started again"
    assert unit.says("meter").count("starting the chip") == 1
    assert [one.by for one in SettingsStore(unit.box.settings).history()] == [PAGE] * 4


def _stored(unit: Unit, cloud: Cloud) -> list[Any]:
    serial = unit.listener.latest["serial"] if unit.listener.latest else ""
    return list(cloud.committed(serial))
