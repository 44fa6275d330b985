"""The storm's invariants find what they are there for: each is broken here on purpose."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from tests.ampguard.journal.made import reading

from ampguard.block import encoded
from ampguard.journal.writer import JournalWriter
from ampguard.readings import as_json, recorded
from ampguard_hil.campaign_store import select
from ampguard_hil.campaign_victim import Death, Victim
from ampguard_hil.cloud.arrived import ReceivedEvent
from ampguard_hil.cloud.store import open_store, received
from ampguard_hil.processes import Process
from ampguard_hil.torture.fault import Terms
from ampguard_hil.torture.invariants import Course, Invariants
from ampguard_hil.torture.lights import ALL_RIGHT, Broken, Picture
from ampguard_hil.torture.unit import Cut
from ampguard_hil.torture.witness import Said

if TYPE_CHECKING:
    from ampguard_hil.campaign_journal import Body, Key
    from ampguard_hil.torture.unit import TorturedUnit

SERIAL = "AG1"
WELL = Course(struck_s=100.0, healed_s=110.0, measured_s=1.0, delivered_s=2.0, lit_s=1.0)


@dataclass
class World:
    store: Path


@dataclass
class Ear:
    heard: tuple[Said, ...] = ()

    def said(self) -> tuple[Said, ...]:
        return self.heard


@dataclass
class Unit:
    """What a storm sees of a unit, with nothing behind it."""

    folder: Path
    serial: str = SERIAL
    deaths: list[Death] = field(default_factory=list[Death])
    victims: dict[str, Victim] = field(default_factory=dict[str, Victim])
    pictures: list[Picture] = field(default_factory=lambda: [Picture(0.0, ALL_RIGHT)])
    taken: dict[Key, Body] = field(default_factory=dict["Key", "Body"])
    taken_events: dict[Key, Body] = field(default_factory=dict["Key", "Body"])
    cuts: list[Cut] = field(default_factory=list[Cut])
    witness: Ear = field(default_factory=Ear)

    @property
    def journal(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def world(self) -> World:
        return World(self.folder / "cloud.sqlite")


@pytest.fixture(name="unit")
def _unit(tmp_path: Path) -> Unit:
    """Five readings, in the journal and in the store."""
    unit = Unit(tmp_path)
    made = [reading(number, wh=float(number) / 1000.0) for number in range(1, 6)]
    writer = JournalWriter(unit.journal)
    writer.append(made)
    writer.close()
    with closing(open_store(unit.world.store)) as store:
        store.commit([received(SERIAL, encoded([json.loads(json.dumps(as_json(recorded(one)))) for one in made]))])
    return unit


def found(unit: Unit, course: Course = WELL, terms: Terms | None = None) -> str:
    return "\n".join(Invariants(cast("TorturedUnit", unit)).after(terms or Terms(), course))


def tampered(unit: Unit, statement: str) -> None:
    with closing(sqlite3.connect(unit.world.store)) as database, database:
        assert database.execute(statement).rowcount > 0


def test_a_unit_that_is_well_is_left_in_peace(unit: Unit) -> None:
    assert found(unit) == ""
    assert select(unit.world.store, "SELECT count(*) FROM reading") == [(5,)]


def test_a_reading_that_is_gone_from_the_store_is_lost(unit: Unit) -> None:
    tampered(unit, "DELETE FROM reading WHERE sequence = 3")
    assert "1 readings are lost" in found(unit)


def test_a_reading_under_two_names_is_doubled(unit: Unit) -> None:
    tampered(unit, "UPDATE reading SET monotonic_ns = 2000000000 WHERE sequence = 3")
    assert "1 readings are doubled" in found(unit)


def test_a_counter_that_falls_is_found(unit: Unit) -> None:
    tampered(unit, "UPDATE reading SET energy_total_import_wh = 0.001 WHERE sequence = 4")
    assert "energy_total_import_wh fell from 0.003 to 0.001" in found(unit)


def test_a_light_that_lies_is_found_and_one_of_before_is_not(unit: Unit) -> None:
    broken = Terms((0.0, 10.0), breaks=frozenset((Broken.CLOUD,)), shows_s=3.0)
    assert "the lights lied between 100.0 and 110.0 s" in found(unit, terms=broken)
    unit.pictures += [Picture(102.0, frozenset(ALL_RIGHT - {"communication_green"} | {"communication_blue"}))]
    assert found(unit, terms=broken) == ""


@pytest.mark.parametrize(
    ("course", "words"),
    [
        (Course(100.0, 110.0, None, None, None), "never a new reading was kept after 110.0 s"),
        (Course(100.0, 110.0, 5.1, 6.0, 1.0), "a new reading was kept 5.1 s after 110.0 s; wanted 5 s"),
        (Course(100.0, 110.0, 1.0, 20.1, 1.0), "a new reading was delivered 20.1 s"),
        (Course(100.0, 110.0, 1.0, 2.0, None), "never the lights were right again"),
    ],
)
def test_what_does_not_come_back_in_its_time_is_found(unit: Unit, course: Course, words: str) -> None:
    assert words in found(unit, course)
    assert found(unit) == ""


def test_a_machine_that_is_known_to_be_slow_has_more_time(unit: Unit) -> None:
    late = Course(100.0, 110.0, 5.1, 20.1, 1.0)
    assert Invariants(cast("TorturedUnit", unit), slowness_ratio=2.0).after(Terms(), late) == []


def test_a_process_that_ends_by_itself_is_found_unless_the_fault_explains_it(unit: Unit) -> None:
    meter = Victim("meter", Process("meter", ["false"], unit.folder / "meter.log", {}), SERIAL)
    meter.own_deaths.append(Death(101.0, "meter", SERIAL, 70))
    unit.victims["meter"] = meter
    assert "meter ended by itself at 101.0 s, exit code 70" in found(unit)
    assert found(unit, terms=Terms(may_end=frozenset(("meter",)))) == ""
    assert unit.deaths == meter.own_deaths, "a gap of the readings has that for a reason"


def test_a_false_verdict_is_found(unit: Unit) -> None:
    unit.witness.heard = (Said(101.0, "right", "undecided", "waits"), Said(105.0, "right", "wrong", "L2 is reversed"))
    assert found(unit).count("a false verdict") == 1


def test_a_false_event_is_found(unit: Unit) -> None:
    writer = JournalWriter(unit.journal)
    writer.note("boot", "event", {"boot": "boot", "sequence": 1, "kind": "voltage", "event": {"kind": "dip"}})
    writer.close()
    assert 'a false event: {"kind": "dip"}' in found(unit)


@pytest.mark.parametrize(("refuses", "found_s"), [(True, 1), (False, 1), (True, 105)])
def test_an_event_that_only_the_cloud_has_is_found_unless_the_medium_took_nothing_then(
    unit: Unit, *, refuses: bool, found_s: int
) -> None:
    told = ReceivedEvent(SERIAL, "boot", 1, "wiring", None, found_s * 1_000_000_000, "{}")
    with closing(open_store(unit.world.store)) as store:
        store.commit([], [told])
    invariants = Invariants(cast("TorturedUnit", unit))
    assert invariants.after(Terms(refuses=refuses), WELL) == []
    violations, _, _ = invariants.at_the_end({})
    is_excused = refuses and found_s == 105
    assert ("event ('boot', 1) is stored, and the journal lacks it" in "".join(violations)) is not is_excused


def test_a_traceback_is_found(unit: Unit) -> None:
    (unit.folder / "meter.log").write_text("Traceback (most recent call last):\n")
    assert "meter.log: a traceback" in found(unit)


def test_a_power_cut_may_take_ten_seconds_and_no_more(unit: Unit) -> None:
    gone = {("boot", 99): 8_000_000_000}
    unit.cuts = [Cut(18.0, gone)]
    assert found(unit) == ""
    unit.cuts = [Cut(25.0, gone)]
    assert "the cut at 25.0 s took ('boot', 99), 17.0 s old" in found(unit)


def test_what_is_violated_is_said_once(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    tampered(unit, "DELETE FROM reading WHERE sequence = 3")
    invariants = Invariants(cast("TorturedUnit", unit))
    assert invariants.after(Terms(), WELL)
    monkeypatch.setattr(invariants, "_judged_s", -math.inf)
    assert invariants.after(Terms(), WELL) == []
