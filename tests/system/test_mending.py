"""Wrong wiring mended in software while the unit works: the light turns green, nothing is lost, it can be undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import Unit, running

from ampguard.journal.reader import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
CODE = "from ampguard.services.cli import main; raise SystemExit(main())"
SWAPPED = {"l1": "L2", "l2": "L1", "l3": "L3"}
AS_LABELLED = {"l1": "L1", "l2": "L2", "l3": "L3"}


@pytest.fixture
def unit() -> Iterator[Unit]:
    with running("swapped-cts") as unit:
        yield unit


def wiring(unit: Unit, *words: str) -> str:
    """`ampguard wiring` on that unit; what it says."""
    places = {"AMPGUARD_DATA": str(unit.folder / "data"), "AMPGUARD_RUN": str(unit.folder / "run")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, "wiring", *words],
        env={**os.environ, **places},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + unit.logs()
    return done.stdout


def history(unit: Unit) -> list[Any]:
    found: list[Any] = json.loads((unit.folder / "data" / "wiring" / "history.json").read_text())
    return found


def journal(unit: Unit) -> Path:
    return unit.folder / "data" / "journal.sqlite"


def told_changes(unit: Unit) -> list[Any]:
    """The events of the journal."""
    notes = JournalReader(journal(unit)).notes(0, 1000, "event")
    return [one.body["event"] for one in notes if one.body is not None and one.body["kind"] == "assignment"]


def test_interchanged_clamps_are_mended_and_that_is_undone(unit: Unit) -> None:
    assert unit.until(unit.lit("voltage_green", "current_red")), unit.logs()
    meter = unit.box.firmware["meter"].pid
    assert "proposal   l1=L2, l2=L1" in wiring(unit, "show")
    assert "taken it up" in wiring(unit, "accept", "--yes")
    assert unit.until(unit.lit("voltage_green", "current_green")), unit.logs()
    assert unit.until(lambda: history(unit)[-1]["finding_after"] is not None), unit.logs()
    mended = history(unit)[-1]
    assert (mended["before"]["clamps"], mended["after"]["clamps"]) == (AS_LABELLED, SWAPPED)
    assert (mended["finding_before"]["verdict"], mended["finding_after"]["verdict"]) == ("wrong", "right")
    before, after = (mended[f"finding_{when}"]["phasors"] for when in ("before", "after"))
    assert before["current_fundamental_rms_a"]["l1"] == pytest.approx(
        after["current_fundamental_rms_a"]["l2"], rel=0.02
    )
    assert "taken it up" in wiring(unit, "undo")
    assert unit.until(unit.lit("voltage_green", "current_red")), unit.logs()
    assert "as labelled" in wiring(unit, "show")
    assert unit.box.firmware["meter"].pid == meter, "the meter was not started again"
    assert unit.says("meter").count("starting the chip") == 1
    told = told_changes(unit)
    assert [(one["before"]["clamps"], one["after"]["clamps"]) for one in told] == [
        (AS_LABELLED, SWAPPED),
        (SWAPPED, AS_LABELLED),
    ]
    assert "the clamp of L1 is on L2" in told[0]["sentence"]
    assert told[0]["confidence_ratio"] > 0.98
    seconds = JournalReader(journal(unit)).readings(0, 100_000)
    assert [one.sequence for one in seconds] == list(range(1, len(seconds) + 1)), "no reading is missing"
    bodies = [one.body for one in seconds if one.body is not None]
    assert len(bodies) == len(seconds)
    lost = [one["health"]["lost_samples"] for one in bodies]
    overrun = ["overrun" in one["quality"] for one in bodies]
    # what a starved machine takes from the chip is counted there, then; the change itself costs no sample
    grew = [lost[number] > (lost[number - 2] if number > 1 else 0) for number in range(len(lost))]
    assert not any(flagged and not counted for flagged, counted in zip(overrun, grew, strict=True)), (overrun, lost)
    assert unit.until(lambda: [one["kind"] for one in unit.listener.events].count("assignment") == 2), "it travels"
