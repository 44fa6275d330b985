"""From what a meter keeps to what either store says of it: the account of a whole life, with every reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from tests.ampguard.journal.made import reading

from ampguard.block import encoded
from ampguard.chronicle.chronicle import Chronicle
from ampguard.chronicle.gaps import GapWatch, mark
from ampguard.clock import ClockQuality, Stamp
from ampguard.events import Event, GapReason, Mark, Start
from ampguard.readings import Json, Reading, as_json, recorded
from ampguard.uplink import message
from ampguard_hil.cloud.store import Store, open_store, received, received_event

SECOND_NS = 1_000_000_000


def utc(second: int) -> str:
    return f"2026-11-21T10:{second // 60:02}:{second % 60:02}.000+00:00"


class Unit:
    """A unit and the cloud it speaks to."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.earlier: Mark | None = None

    def run(self, boot: str, seconds: Sequence[int], why: GapReason, *, dated: bool = True, kernel: str = "k") -> None:
        """One run of the meter: a reading ends with each of these seconds of the system's run."""
        chronicle, watch = Chronicle(boot), GapWatch(self.earlier, why, same_clock=True)
        made: list[Reading] = []
        events: list[Event] = [Start(version="1", kernel_boot=kernel)]
        for number, second in enumerate(seconds, start=1):
            one = replace(
                reading(number, boot=boot),
                monotonic_ns=second * SECOND_NS,
                duration_s=1.0,
                end_utc=utc(second) if dated else None,
                clock_quality=ClockQuality.SYNCHRONISED if dated else ClockQuality.UNSYNCHRONISED,
            )
            gap = watch.follow(one)
            events += [gap] if gap else []
            made.append(one)
        self.earlier = mark(made[-1])
        stamp = Stamp(0, 0.0, None, ClockQuality.UNSYNCHRONISED)
        told = [
            received_event("AG1", message.event("AG1", body(chronicle.occurrence(stamp, event)))) for event in events
        ]
        self.store.commit([received("AG1", encoded([body(recorded(one)) for one in made]))], told)


def body(value: object) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(json.dumps(as_json(value)))
    return found


@pytest.fixture
def unit(where: str) -> Iterator[Unit]:
    store = open_store(where)
    yield Unit(store)
    store.close()


def test_a_life_is_told_gap_by_gap(unit: Unit) -> None:
    unit.run("first", [*range(1, 11), *range(15, 21)], GapReason.NEW_JOURNAL)
    unit.run("another", range(31, 41), GapReason.RESTART)
    found = unit.store.account("AG1")
    assert [one.reason for one in found.breaks] == ["samples_lost", "restart"]
    assert found.complete
    assert found.sentence == (
        "AG1: 26 readings, no second missing between 2026-11-21 10:00:01 UTC and "
        "2026-11-21 10:00:40 UTC, except 2 gaps:\n"
        "  2026-11-21 10:00:10 UTC to 2026-11-21 10:00:15 UTC, 4.0 s: the metering chip delivered nothing\n"
        "  2026-11-21 10:00:20 UTC to 2026-11-21 10:00:31 UTC, 10.0 s: the meter ended without a word and "
        "was started again"
    )


def test_a_block_that_never_came_is_unexplained(unit: Unit) -> None:
    unit.run("one", range(1, 61), GapReason.NEW_JOURNAL)
    late = [
        replace(reading(number, boot="one"), monotonic_ns=number * SECOND_NS, duration_s=1.0) for number in (121, 122)
    ]
    unit.store.commit([received("AG1", encoded([body(recorded(one)) for one in late]))])
    found = unit.store.account("AG1")
    assert [(one.missing, one.reason) for one in found.unexplained] == [(60, None)]


def test_nothing_stored_is_said(unit: Unit) -> None:
    assert unit.store.account("AG9").sentence == "AG9: nothing is stored"


def test_readings_of_a_clock_that_was_not_set_are_dated_by_later_ones_of_the_same_run_of_the_system(unit: Unit) -> None:
    unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
    assert unit.store.date() == 0
    assert unit.store.account("AG1").undated == 5
    unit.run("other system", range(3, 9), GapReason.POWER_OFF, kernel="other")
    assert unit.store.date() == 0, "another run of the system has another clock"
    unit.run("dated", range(21, 26), GapReason.RESTART)
    assert unit.store.date() == 5
    found = unit.store.account("AG1")
    assert found.undated == 0
    assert found.first is not None
    assert found.first.utc == utc(1)
    assert unit.store.date() == 0


def test_a_clock_that_is_set_in_the_middle_of_a_run_dates_what_was_before(unit: Unit) -> None:
    made = [
        replace(
            reading(number), boot="one", monotonic_ns=number * SECOND_NS, end_utc=utc(number) if number > 3 else None
        )
        for number in range(1, 7)
    ]
    unit.store.commit([received("AG1", encoded([body(recorded(one)) for one in made]))])
    assert unit.store.date() == 3
    found = unit.store.account("AG1")
    assert found.first is not None
    assert found.first.utc == utc(1)
