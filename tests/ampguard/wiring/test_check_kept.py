"""What a guided check has found is kept for reports: clamp by clamp, and never more than it is sure of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.wiring.heated import ALL, played
from tests.ampguard.wiring.test_check import TURN_S, heaters

from ampguard.phases import Phase, Phases
from ampguard.phrase import as_heard
from ampguard.settings.assignment import AS_LABELLED
from ampguard.wiring.check import Check
from ampguard.wiring.check_kept import FILE, keep
from ampguard.wiring.check_size import StatedLoad
from ampguard.wiring.check_table import Plan, asks
from ampguard.wiring.check_weigh import Kind, Placing

if TYPE_CHECKING:
    from pathlib import Path

SWAPPED = Placing(Phases(1, 0, 2), Phases(l1=False, l2=True, l3=False))
UTC = "2026-11-21T13:58:12.000+00:00"


def after(seconds: float, load: StatedLoad | None = None) -> Check:
    """A check of so long; the clamps of L1 and L2 are interchanged, and that of L2 is turned round."""
    made = Check(Plan(asks(ALL, Kind.HEATER, is_phase_known=True), ALL, ALL, 5.0, 60.0, load))
    for one in played(heaters, seconds, SWAPPED):
        made.observe(one)
    made.end()
    return made


def kept(folder: Path, check: Check) -> dict[str, Any]:
    keep(folder, check, AS_LABELLED.inputs, UTC)
    found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return found


def test_each_clamp_has_its_appliance_its_step_its_place_and_its_errors(tmp_path: Path) -> None:
    found = kept(tmp_path / "wiring", after(3 * TURN_S + 2.0, StatedLoad(2000.0, 230.0, 5.0)))
    assert (found["utc"], found["verdict"]) == (UTC, "wrong")
    assert found["confidence_ratio"] >= 0.99
    assert found["inputs"] == {"clamps": {"l1": "L1", "l2": "L2", "l3": "L3"}, "voltages": {
        "l1": "L1", "l2": "L2", "l3": "L3",
    }}  # fmt: skip
    places = {
        name: (one["verdict"], one["appliance"], one["phase"], one["reversed"]) for name, one in found["clamps"].items()
    }
    assert places == {
        "l1": ("wrong", "L2", "L2", False),
        "l2": ("wrong", "L1", "L1", True),
        "l3": ("right", "L3", "L3", False),
    }
    for one in found["clamps"].values():
        assert one["step_a"] == pytest.approx(8.7, abs=0.1)
        assert one["ratio_error_percent"] == pytest.approx(0.0, abs=1.0)
        assert one["ratio_unsure_percent"] == pytest.approx(5.0, abs=0.5)
        assert one["phase_error_deg"] == pytest.approx(0.0, abs=0.5)
        assert one["phase_unsure_deg"] == pytest.approx(0.5, abs=0.5)


def test_what_it_says_is_kept_with_what_it_is_made_of(tmp_path: Path) -> None:
    found = kept(tmp_path, after(TURN_S + 2.0))
    told = as_heard(found["told"])
    assert told == found["sentence"]
    assert told is not None
    assert told.message == "at least one clamp is wrong; likeliest: {connection}"


def test_nothing_is_claimed_of_a_clamp_that_has_not_answered(tmp_path: Path) -> None:
    found = kept(tmp_path, after(TURN_S + 2.0))
    assert found["clamps"]["l3"] == {
        "verdict": "undecided", "phase": None, "reversed": None, "appliance": None, "step_a": None,
        "ratio_error_percent": None, "ratio_unsure_percent": None, "phase_error_deg": None, "phase_unsure_deg": None,
    }  # fmt: skip
    assert found["clamps"]["l2"]["appliance"] == Phase.L1


def test_one_in_which_nothing_was_recognised_leaves_the_one_before(tmp_path: Path) -> None:
    before = kept(tmp_path, after(TURN_S + 2.0))
    assert kept(tmp_path, after(3.0)) == before
    keep(tmp_path / "new", after(3.0), AS_LABELLED.inputs, UTC)
    assert not (tmp_path / "new").exists()
