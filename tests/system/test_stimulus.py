"""The stimulus test on a unit that works: a Halo is stepped, its turned terminals and its delay are found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.system.garage import Garage

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(600)]
COMMAND = Path(sys.executable).with_name("ampguard")
DELAY_S = 1.0
TURNED, DECLARED = '"L2", "L3", "L1"', '"L1", "L2", "L3"'


def ampguard(garage: Garage, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code, a JSON object a line, and what it says besides."""
    folder = garage.box.folder
    environment = {**os.environ, "AMPGUARD_DATA": str(folder / "data"), "AMPGUARD_RUN": str(folder / "run")}
    done = subprocess.run(
        [COMMAND, "balance", *words], env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def garage() -> Iterator[Garage]:
    """The group's file has the second Halo's phases wrong."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Garage(Path(folder), f"decrease_delay_s={DELAY_S}")
        told = found.parking.group(found.port)
        assert TURNED in told
        found.box.group.write_text(told.replace(TURNED, DECLARED))
        found.start()
        try:
            yield found
        finally:
            found.stop()


def test_turned_terminals_and_the_delay_are_found_and_the_other_charger_goes_on(garage: Garage) -> None:
    code, lines, said = ampguard(garage, "test", "Place 2", "--json")
    assert lines, said
    *notes, found = lines
    told = [one["note"] for one in notes]
    assert found["phases"] == ["L2", "L3", "L1"], told
    assert (code, found["agrees"]) == (3, False)
    assert found["solver_probability"] > 0.99
    for phase in ("l1", "l2", "l3"):
        clamp = found["clamps"][phase]
        assert (clamp["phase"], clamp["reversed"]) == (phase.upper(), False)
        assert abs(clamp["ratio"] - 1.0) < 0.05
    assert DELAY_S - 0.2 < found["loop_s"] < DELAY_S + 2.0
    assert found["protected"] is True
    assert found["needs_s"] >= found["answers_s"] >= found["loop_s"]
    kept = json.loads((garage.box.folder / "data" / "balancing" / "stimulus.json").read_text())
    assert kept[garage.parking.serials[1]]["phases"] == ["L2", "L3", "L1"]
    _, whys, _ = ampguard(garage, "why", "--count", "100", "--json")
    tested = {one["charger"] for one in whys if one["rule"] == "tested"}
    assert tested == {"Place 2"}
    assert not [
        one for one in whys if one["charger"] == "Place 1" and one["rule"] not in {"adopted", "started", "room"}
    ]
    assert not (garage.box.folder / "run" / "stimulus.json").exists()
