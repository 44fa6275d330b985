"""The arithmetic of the checks goes red for what it is meant to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.supply import Supply
from ampguard_hil.listener import Heard, Recorder
from ampguard_hil.places.agreement import PHASES, Tolerance, disagreements
from ampguard_hil.places.pace import Allowed, faults, pace
from ampguard_hil.ports import HOST, free_port

TOLD = SCENARIOS["steady"]().supply.told(0.0)
BEGAN = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)


def reading() -> dict[str, Any]:
    """Of a box that is right."""
    by_phase = {
        "voltage_rms_v": TOLD.voltage_rms_v,
        "current_rms_a": TOLD.current_rms_a,
        "active_power_w": TOLD.active_power_w,
        "voltage_angle_deg": TOLD.voltage_angle_deg,
        "current_angle_deg": TOLD.current_lag_deg,
    }
    values = {name: dict(zip(PHASES, three, strict=True)) for name, three in by_phase.items()}
    return {"sequence": 7, "frequency_hz": TOLD.frequency_hz, **values}


def test_a_right_reading_is_in_order() -> None:
    assert list(disagreements(reading(), TOLD, Tolerance())) == []


def test_a_wrong_gain_is_named_with_its_numbers() -> None:
    wrong = reading()
    wrong["current_rms_a"]["l2"] *= 1.02
    (found,) = disagreements(wrong, TOLD, Tolerance())
    assert found == "reading 7, current_rms_a l2: wanted 1.4321 within 0.0100, met " + str(wrong["current_rms_a"]["l2"])


def test_swapped_clamps_are_found_in_magnitude_and_angle() -> None:
    wrong = reading()
    for name in ("current_rms_a", "current_angle_deg"):
        wrong[name]["l1"], wrong[name]["l2"] = wrong[name]["l2"], wrong[name]["l1"]
    assert len(list(disagreements(wrong, TOLD, Tolerance()))) == 4


def test_a_value_that_is_absent_disagrees() -> None:
    wrong = reading()
    wrong["voltage_rms_v"]["l3"] = None
    (found,) = disagreements(wrong, TOLD, Tolerance())
    assert found.endswith("met None")


def test_no_current_where_none_was_told_is_in_order() -> None:
    state = SCENARIOS["lost-phase"]().supply.state_at(10.0)
    told = Supply([(0.0, state)]).told(0.0)
    assert told.current_rms_a[2] == 0.0
    right = reading()
    for name, three in (
        ("voltage_rms_v", told.voltage_rms_v), ("current_rms_a", told.current_rms_a),
        ("active_power_w", told.active_power_w),
    ):  # fmt: skip
        right[name] = dict(zip(PHASES, three, strict=True))
    right["current_angle_deg"]["l3"] = None
    right["voltage_angle_deg"]["l3"] = None
    right["current_rms_a"]["l3"] = 0.002
    assert list(disagreements(right, told, Tolerance())) == []


def heard(count: int, delay_s: float = 0.03) -> list[Heard]:
    """From a box that is on time."""
    found: list[Heard] = []
    for number in range(1, count + 1):
        end = BEGAN + timedelta(seconds=number)
        body = {"boot": "b", "sequence": number, "end_utc": end.isoformat(), "monotonic_ns": number * 10**9}
        found.append(Heard(body, "live", number + delay_s, end + timedelta(seconds=delay_s)))
    return found


def test_a_reading_each_second_and_at_once_is_in_order() -> None:
    found = pace(heard(10))
    assert (found.first, found.last, found.missing) == (1, 10, ())
    assert found.delay_s == pytest.approx(0.03)
    assert list(faults(found, Allowed())) == []


def test_a_lost_reading_is_named() -> None:
    came = heard(10)
    del came[4]
    assert list(faults(pace(came), Allowed())) == ["readings 1 to 10: wanted all of them, missed (5,)"]


def test_a_box_that_is_late_is_found() -> None:
    (half, one) = faults(pace(heard(10, delay_s=6.0)), Allowed())
    assert half == "from the end of a reading to its arrival (half of them): wanted 0.5 s at most, met 6.000 s"
    assert one == "from the end of a reading to its arrival: wanted 5 s at most, met 6.000 s"


def test_a_box_that_measures_each_two_seconds_is_found() -> None:
    slow = [replace(one, reading={**one.reading, "monotonic_ns": one.reading["monotonic_ns"] * 2}) for one in heard(9)]
    assert list(faults(pace(slow), Allowed())) == ["wanted a reading each 1 s within 0.05, met 2.000 s"]


def test_a_pause_is_found() -> None:
    came = heard(20)
    came[10:] = [
        replace(one, reading={**one.reading, "monotonic_ns": one.reading["monotonic_ns"] + 4 * 10**9})
        for one in came[10:]
    ]
    assert list(faults(pace(came), Allowed())) == ["between two readings: wanted 3 s at most, met 5.000 s"]


def test_what_came_as_a_record_or_of_a_boot_before_is_not_judged() -> None:
    other = [replace(one, reading={**one.reading, "boot": "a", "sequence": 90}) for one in heard(3)]
    late = [replace(one, lane="records") for one in heard(30, delay_s=20.0)]
    assert pace(other + late + heard(10)) == pace(heard(10))


def test_a_record_that_did_not_come_is_lost_though_it_came_live_and_its_boot_is_over() -> None:
    recorder = Recorder(HOST, free_port())
    try:
        came = heard(12)
        kept = [replace(one, lane="records") for one in came if one.reading["sequence"] not in {4, 11, 12}]
        old = [replace(one, reading={**one.reading, "boot": "a"}, lane="records") for one in came[1:3]]
        recorder.heard = old + came + kept
        recorder.latest = came[-1].reading
        assert recorder.highest() == 12
        assert recorder.lost() == {("a", 1), ("b", 4)}, "what is newer than any record may still come"
    finally:
        recorder.close()
