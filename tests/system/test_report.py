"""A commissioning report of a unit that works: who it is, what it measures, what the wiring check found."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import running

from ampguard.report import sealing
from ampguard.report.signing import Validity

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "import sys; from ampguard.services.cli import main; sys.exit(main())"
pytestmark = pytest.mark.system


def test_a_running_unit_makes_its_report_without_being_disturbed(tmp_path: Path) -> None:
    with running("kettle") as unit:
        assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()
        made = unit.stored()
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "report", "make", "--output", tmp_path, "--language", "nl"],
            env={
                **os.environ,
                "AMPGUARD_DATA": str(unit.folder / "data"),
                "AMPGUARD_RUN": str(unit.folder / "run"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert unit.until(lambda: unit.stored() > made + 3)
        (pdf,) = tmp_path.glob("*.pdf")
        found = sealing.opened(pdf.read_bytes())
        assert found.validity(None) is Validity.VALID
        facts: Any = found.attached.facts
        assert facts["absences"] == []
        assert facts["unit"]["serial"].endswith("G")
        assert facts["unit"]["variant"] == "one_module"
        assert facts["finding"]["verdict"] == facts["condition"]["current"] == "right"
        assert facts["finding"]["phasors"]["voltage_rms_v"]["l1"] == pytest.approx(230.0, rel=0.02)
        assert facts["latest"]["voltage_rms_v"]["l2"] == pytest.approx(230.0, rel=0.02)
        assert facts["self_check"]["deviation_percent"] is None or facts["self_check"]["deviation_percent"] < 1.0
