"""What counts as a healthy run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.listener import Tally
from ampguard_hil.verdict import Verdict, complete, expected_readings

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = Tally(readings=0, missing=0, waiting=0, twice=0, boots=0, online=None)
WELL = {"meter": 0, "lights": 0, "uplink": 0, "board": 0}
CALM = dict.fromkeys(WELL, 0)


def tally(readings: int, missing: int = 0) -> Tally:
    return Tally(readings, missing, waiting=0, twice=0, boots=1, online=False)


def verdict(arrived: Tally, elapsed_s: float, codes: Mapping[str, int | None] | None = None) -> Verdict:
    return Verdict(arrived, expected_readings(elapsed_s), CALM, codes or WELL)


@pytest.mark.parametrize(("elapsed_s", "expected"), [(0.0, 0), (0.5, 0), (4.9, 0), (5.0, 1), (64.0, 60)])
def test_nothing_is_expected_of_a_unit_that_is_starting(elapsed_s: float, expected: int) -> None:
    assert expected_readings(elapsed_s) == expected


def test_a_run_that_ended_before_the_first_reading_is_healthy_and_says_so() -> None:
    short = verdict(NOTHING, 0.5)
    assert (short.code, short.faults()) == (0, [])
    assert short.summary() == "0 readings: ended before the first one"


def test_a_unit_that_was_stopped_while_it_started_is_healthy() -> None:
    codes = {**WELL, "meter": -signal.SIGTERM, "uplink": None}
    assert verdict(NOTHING, 0.5, codes).code == 0


def test_a_unit_that_had_started_must_end_in_order() -> None:
    late = verdict(tally(20), 20.0, {**WELL, "meter": -signal.SIGTERM})
    assert (late.code, late.faults()) == (1, ["meter ended with -15"])


def test_a_crash_is_a_fault_however_short_the_run() -> None:
    assert verdict(NOTHING, 0.5, {**WELL, "meter": 1}).faults() == ["meter ended with 1"]
    again = Verdict(NOTHING, 0, {**CALM, "meter": 2}, WELL)
    assert (again.code, again.faults()) == (1, ["meter died and was started again, 2 times"])
    assert "0 readings of 0 runs" in again.summary()


def test_a_long_run_without_readings_is_a_fault() -> None:
    silent = verdict(NOTHING, 10.0)
    assert (silent.code, silent.faults()) == (1, ["at least 6 readings should have arrived"])


def test_a_missing_reading_is_a_fault() -> None:
    holed = verdict(tally(9, missing=1), 10.0)
    assert holed.code == 1
    assert holed.summary() == "9 readings of 1 run of the meter arrived, 1 missing, 0 twice; 0 restarts."
    assert verdict(tally(10), 10.0).code == 0


def test_one_reading_is_one_reading() -> None:
    assert verdict(tally(1), 2.0).summary().startswith("1 reading of 1 run of the meter")


def test_complete_is_all_that_was_expected_and_no_hole() -> None:
    assert complete(NOTHING, 0)
    assert complete(tally(3), 3)
    assert not complete(tally(2), 3)
    assert not complete(tally(3, missing=1), 3)
