"""The checks of the bench as they are run, at places with a fault: each goes red, and says what it met."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
YAML = """\
imports: [tests.ampguard_hil.places.lying]
targets:
  lying:
    drivers:
      LyingDriver: {}
      StageStrategy:
        within_s: {FLASHED: 20, BOOTED: 60, PROVISIONED: 30, METERING: 60}
  trusting:
    drivers:
      TrustingDriver: {}
      StageStrategy: &patient
        within_s: {FLASHED: 20, BOOTED: 60, PROVISIONED: 30, METERING: 60}
  forgetful:
    drivers:
      ForgetfulDriver: {}
      StageStrategy: *patient
  losing:
    drivers:
      LosingDriver: {}
      StageStrategy: *patient
  slow:
    drivers:
      SlowDriver: {}
      StageStrategy:
        within_s: {FLASHED: 20, BOOTED: 7, PROVISIONED: 30, METERING: 60}
"""


def judged(folder: Path, place: str, *checks: str, full: bool = False) -> str:
    """What pytest says of these checks at the place."""
    file = folder / "bench.yaml"
    file.write_text(YAML)
    words = [f"--bench={place}", f"--bench-file={file}", "-vv", "-p", "no:cacheprovider"]
    words += ["--full"] if full else []
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *(f"hil/checks/{check}" for check in checks)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout


def test_a_wrong_gain_a_lost_reading_and_a_wrong_light_are_found(tmp_path: Path) -> None:
    said = judged(
        tmp_path,
        "lying",
        "test_metering.py",
        "test_lights.py::test_the_lights_say_what_is_wrong[swapped-cts-0.0-voltage_green-current_red]",
    )
    assert "3 failed" in said, said
    assert "current_rms_a l1: wanted 2.6233 within 0.0131, met 2.67" in said, said
    assert "wanted all of them, missed (18,)" in said, said
    assert "swapped-cts: wanted ['communication_green', 'current_red', 'logo', 'voltage_green'], met [" in said, said


def test_a_slow_boot_is_found_with_its_seconds_and_stops_what_comes_after(tmp_path: Path) -> None:
    said = judged(tmp_path, "slow", "test_stages.py", "test_metering.py")
    assert "4 failed" in said, said
    assert said.count("StageFailure: BOOTED: wanted it within 7 s, met after ") >= 4, said
    # on a busy machine it is slower than is waited for
    assert re.search(r"met after \d+\.\d s: (reached, but too late|nobody asks for the PIN)", said), said
    assert "--- meter" in said, said


def test_an_update_that_ends_otherwise_than_it_should_is_found(tmp_path: Path) -> None:
    said = judged(
        tmp_path,
        "trusting",
        "test_update.py::test_what_is_not_for_it_is_refused_in_a_plain_sentence[forged]",
        "test_update.py::test_what_is_not_as_the_one_before_goes_by_itself_and_the_reason_is_told[measures-wrong-bundle]",
        full=True,
    )
    assert "2 failed" in said, said
    assert "At index 0 diff: 'kept' != 'refused'" in said, said
    assert "At index 0 diff: 'kept' != 'returned'" in said, said


def test_what_is_lost_with_an_update_is_found(tmp_path: Path) -> None:
    said = judged(tmp_path, "forgetful", "test_update.py::test_what_measures_as_the_one_before_is_kept", full=True)
    assert "1 failed" in said, said
    assert re.search(r"run \w+: readings \[2\] are lost", said), said
    assert "the settings are others" in said, said


def test_a_journal_that_is_gone_after_a_power_cut_is_found(tmp_path: Path) -> None:
    check = "test_update.py::test_a_power_cut_while_it_is_prepared_changes_nothing"
    said = judged(tmp_path, "losing", check, full=True)
    assert "1 failed" in said, said
    assert re.search(r"the break between reading \d+ of run \w+ and reading 1 of run \w+ is not explained", said), said
