"""The table and the JSON of a storm: what came of each fault, and each violation with fault, seed and time."""

from __future__ import annotations

import json

from ampguard_hil.campaign_account import AccountVerdict
from ampguard_hil.campaign_judge import UnitVerdict
from ampguard_hil.torture.invariants import Course
from ampguard_hil.torture.storm import Ended, Struck
from ampguard_hil.torture.table import Outcome, saved, table

SERIAL = "26110000011G"


def struck(number: int, kind: str, measured_s: float | None, *violations: str, killed: int = 0) -> Struck:
    course = Course(10.0 * number, 10.0 * number, measured_s, 2.0, 1.0)
    return Struck(number, kind, SERIAL, 7, 12.5, killed, course, violations)


def outcome(*these: Struck, at_the_end: tuple[str, ...] = (), failures: tuple[str, ...] = ()) -> Outcome:
    unit = Ended(SERIAL, 7, these, UnitVerdict(SERIAL, judged=60), AccountVerdict(SERIAL), at_the_end)
    return Outcome(7, 100.0, (unit,), failures)


GOOD = (struck(1, "kill meter", 3.25, killed=1), struck(2, "power-cut", 2.0, killed=4), struck(3, "kill meter", 1.0))


def test_each_kind_has_its_count_and_its_worst_times() -> None:
    lines = table(outcome(*GOOD)).splitlines()
    assert next(line.split() for line in lines if line.startswith("kill meter"))[2:] == ["2", "3.2", "2.0", "1.0", "0"]
    assert any(line.startswith("1 processes killed, 1 power cuts") for line in lines)
    assert lines[-1] == "every invariant held"


def test_a_violation_names_fault_seed_and_time() -> None:
    told = table(outcome(*GOOD, struck(4, "crc-storm", None, "never a new reading was kept")))
    place = f"crc-storm, fault 4 of {SERIAL}, seed 7, at 12.5 s"
    assert f"VIOLATED {place}: never a new reading was kept" in told
    assert told.splitlines()[-1] == "NOT GOOD"
    assert next(line.split() for line in told.splitlines() if line.startswith("crc-storm"))[1:3] == ["1", "never"]


def test_what_is_found_at_the_end_or_keeps_a_storm_from_its_end_is_not_good() -> None:
    assert outcome(*GOOD).good
    assert not outcome(*GOOD, at_the_end=("1 readings are lost",)).good
    assert not outcome(*GOOD, failures=("no root",)).good
    assert "VIOLATED no root" in table(outcome(*GOOD, failures=("no root",)))
    assert not Outcome(7, 1.0, ()).good


def test_the_report_has_all_of_it() -> None:
    found = json.loads(saved(outcome(*GOOD)))
    assert (found["good"], found["kills"], found["power_cuts"], found["seed"]) == (True, 1, 1, 7)
    assert found["units"][0]["struck"][0]["course"]["measured_s"] == 3.25
