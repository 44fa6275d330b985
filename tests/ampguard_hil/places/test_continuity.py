"""Whether readings go on over restarts: the arithmetic goes red for what it is meant to find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ampguard_hil.listener import Heard
from ampguard_hil.places.continuity import faults

BEGAN = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)


def reading(boot: str, sequence: int, at_s: float) -> dict[str, Any]:
    energy = {"total_import_wh": 100.0 + at_s, "total_export_wh": 0.0}
    end = (BEGAN + timedelta(seconds=at_s)).isoformat()
    return {"boot": boot, "sequence": sequence, "end_utc": end, "duration_s": 1.0, "energy": energy}


def world() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Readings 6 to 9 of one run, 1 to 4 of the next one, a break of 5 s between them, and what was told of it."""
    old = [reading("one", number, number) for number in range(6, 10)]
    new = [reading("two", number, 14 + number) for number in range(1, 5)]
    gap = {"after": {"boot": "one", "sequence": 9}, "before": {"boot": "two", "sequence": 1}, "reason": "stopped"}
    return old + new, [{"kind": "gap", "event": gap}, {"kind": "start", "event": {}}]


def found(readings: list[dict[str, Any]], events: list[dict[str, Any]], within_s: float | None = 10.0) -> list[str]:
    heard = [Heard(one, "records", 0.0, BEGAN) for one in readings]
    return list(faults(heard, events, within_s))


def test_a_restart_that_is_told_is_in_order_and_what_comes_twice_is_counted_once() -> None:
    readings, events = world()
    assert found(readings, events) == []
    assert found([*readings, readings[2]], events) == []


def test_a_reading_that_did_not_come_is_named() -> None:
    readings, events = world()
    del readings[5]
    assert found(readings, events) == ["run two: readings [2] are lost"]
    readings, events = world()
    del readings[4]
    assert found(readings, events)[0] == "run two: readings [1] are lost", "each run begins with 1"


def test_the_last_one_before_a_restart_is_missed_too() -> None:
    readings, events = world()
    del readings[3]
    (said,) = found(readings, events)
    assert said == (
        "the break between reading 8 of run one and reading 1 of run two is not explained: reading 9 of run one"
    )


def test_a_break_that_nobody_tells_is_found() -> None:
    readings, _ = world()
    (said,) = found(readings, [])
    assert said.endswith("is not explained: no gap told")


def test_what_came_only_live_did_not_come() -> None:
    readings, events = world()
    heard = [Heard(one, "live" if one["sequence"] == 8 else "records", 0.0, BEGAN) for one in readings]
    assert list(faults(heard, events, None)) == ["run one: readings [8] are lost"]


def test_two_that_have_one_name_and_say_different_things_are_found() -> None:
    readings, events = world()
    other = {**readings[2], "duration_s": 0.9}
    assert found([*readings, other], events) == ["reading 8 of run one came twice, and differs"]


def test_a_second_that_is_measured_twice_is_found() -> None:
    readings, events = world()
    readings[4:] = [reading("two", number, 8.5 + number) for number in range(1, 5)]
    (said,) = found(readings, events)
    assert said == "reading 1 of run two measures 0.50 s again that reading 9 of run one has measured"


def test_a_silence_that_is_too_long_is_found() -> None:
    (said,) = found(*world(), within_s=4.0)
    assert said == "nothing was measured for 5.0 s before reading 1 of run two, wanted 4 s at most"


def test_a_counter_that_falls_is_found() -> None:
    readings, events = world()
    readings[4]["energy"] = {"total_import_wh": 3.0, "total_export_wh": 0.0}
    (said,) = found(readings, events)
    assert said == "total_import_wh falls from 109.0 to 3.0 at reading 1 of run two"
