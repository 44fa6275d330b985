"""From what a meter keeps to what either store says of it: the account of a whole life, with every reason."""

from __future__ import annotations

import contextlib
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
from ampguard_hil.cloud import dating
from ampguard_hil.cloud.postgres import PostgresStore
from ampguard_hil.cloud.sqlite import SqliteStore
from ampguard_hil.cloud.store import ReceivedEvent, Store, StoreError, open_store, received, received_event

SECOND_NS = 1_000_000_000


def utc(second: int) -> str:
    return f"2026-11-21T10:{second // 60:02}:{second % 60:02}.000+00:00"


class Unit:
    """A unit and the cloud it speaks to."""

    def __init__(self, store: Store, serial: str = "AG1") -> None:
        self.store = store
        self.serial = serial
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
        stamp = Stamp(made[0].monotonic_ns, 0.0, made[0].end_utc, made[0].clock_quality)
        told = [
            received_event(self.serial, message.event(self.serial, body(chronicle.occurrence(stamp, event))))
            for event in events
        ]
        self.store.commit([received(self.serial, encoded([body(recorded(one)) for one in made]))], told)


def body(value: object) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(json.dumps(as_json(value)))
    return found


def dated(store: Store) -> int:
    """How many readings and events get a time of day, until nothing more can get one."""
    return sum(iter(store.date, None))


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
        "  2026-11-21 10:00:10 UTC to 2026-11-21 10:00:15 UTC, 4.0 s: some of the metering chip's samples were lost\n"
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
    assert dated(unit.store) == 0
    assert unit.store.account("AG1").undated == 5
    unit.run("other system", range(3, 9), GapReason.POWER_OFF, kernel="other")
    assert dated(unit.store) == 0, "another run of the system has another clock"
    unit.run("dated", range(21, 26), GapReason.RESTART)
    assert dated(unit.store) == 5 + 2, "the readings, and the events: a start and a gap"
    found = unit.store.account("AG1")
    assert found.undated == 0
    assert found.first is not None
    assert found.first.utc == utc(1)
    assert dated(unit.store) == 0


def test_a_clock_that_is_set_in_the_middle_of_a_run_dates_what_was_before(unit: Unit) -> None:
    made = [
        replace(
            reading(number), boot="one", monotonic_ns=number * SECOND_NS, end_utc=utc(number) if number > 3 else None
        )
        for number in range(1, 7)
    ]
    unit.store.commit([received("AG1", encoded([body(recorded(one)) for one in made]))])
    assert dated(unit.store) == 3
    found = unit.store.account("AG1")
    assert found.first is not None
    assert found.first.utc == utc(1)


def moments(store: Store) -> list[tuple[str, str, str | None]]:
    return [(one.boot, one.kind, one.utc) for one in store.events("AG1")]


def test_events_get_a_time_of_day_as_the_readings_do(unit: Unit) -> None:
    unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
    unit.run("other system", range(3, 9), GapReason.POWER_OFF, kernel="other")
    assert dated(unit.store) == 0
    unit.run("dated", range(21, 26), GapReason.RESTART)
    assert dated(unit.store) == 7
    assert moments(unit.store) == [
        (boot, kind, utc(second))
        for boot, second in (("undated", 1), ("other system", 3), ("dated", 21))
        for kind in ("start", "gap")
    ]


def test_an_event_that_comes_after_its_readings_were_dated_is_dated_too(unit: Unit) -> None:
    unit.run("one", range(1, 6), GapReason.NEW_JOURNAL)
    assert dated(unit.store) == 0
    late = ReceivedEvent("AG1", "one", 9, "wiring", None, 3 * SECOND_NS, "{}")
    unit.store.commit([], [late])
    assert dated(unit.store) == 1
    assert moments(unit.store)[-1] == ("one", "wiring", utc(3))


def test_what_is_dated_is_dated_some_at_a_time(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dating, "AT_ONCE", 4)
    unit.run("undated", range(1, 7), GapReason.NEW_JOURNAL, dated=False)
    unit.run("also", range(11, 13), GapReason.RESTART, dated=False)
    unit.run("dated", range(21, 26), GapReason.RESTART)
    assert list(iter(unit.store.date, None)) == [4, 4, 4]
    assert unit.store.account("AG1").undated == 0


def test_what_one_process_brings_dates_what_another_one_brought(where: str) -> None:
    with contextlib.closing(open_store(where)) as one, contextlib.closing(open_store(where)) as other:
        unit = Unit(one)
        unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
        assert (dated(one), dated(other)) == (0, 0)
        unit.store = other
        unit.run("dated", range(21, 26), GapReason.RESTART)
        assert (dated(one), dated(other)) == (0, 7)
        assert one.account("AG1").undated == 0


def test_what_was_left_undated_is_dated_by_the_next_process(where: str) -> None:
    with contextlib.closing(open_store(where)) as store:
        unit = Unit(store)
        unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
        unit.run("dated", range(21, 26), GapReason.RESTART)
    with contextlib.closing(open_store(where)) as store:
        assert dated(store) == 7


def test_what_could_not_be_written_is_dated_later(where: str) -> None:
    def fails(_readings: object, _events: object) -> None:
        raise StoreError("full")

    with contextlib.closing(open_store(where)) as store:
        unit = Unit(store)
        unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
        unit.run("dated", range(21, 26), GapReason.RESTART)
        assert isinstance(store, (SqliteStore, PostgresStore))
        with pytest.raises(StoreError):
            store._dating.some(store._ask, fails)
        assert dated(store) == 7


def test_where_nothing_came_that_may_change_it_the_store_is_not_even_asked(unit: Unit) -> None:
    def ask(question: str, _values: object) -> list[tuple[object, ...]]:
        raise AssertionError(question)

    unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False, kernel="of long ago")
    unit.run("one", range(21, 26), GapReason.RESTART)
    assert dated(unit.store) == 0
    later = [replace(reading(n, boot="one"), monotonic_ns=(20 + n) * SECOND_NS, end_utc=utc(20 + n)) for n in (6, 7)]
    unit.store.commit([received("AG1", encoded([body(recorded(one)) for one in later]))])
    assert isinstance(unit.store, (SqliteStore, PostgresStore))
    assert unit.store._dating.some(ask, print) is None


def test_many_runs_of_one_run_of_the_system_are_looked_at_once_each_and_some_at_a_time(unit: Unit) -> None:
    """As a unit has them whose meter crashes again and again, with nobody to tell it the time."""
    store, asked = unit.store, [0]
    assert isinstance(store, (SqliteStore, PostgresStore))
    ask_store = store._ask

    def ask(question: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        asked[0] += 1
        return ask_store(question, values)

    count = 250
    for run in range(count):
        unit.run(f"run {run}", [1 + run], GapReason.RESTART, dated=False)
    going = []
    while store._dating.some(ask, print) is not None:
        going.append(asked[0])
    assert len(going) >= 2 * count / dating.LOOKED_AT_ONCE
    assert going[0] <= 3 + dating.LOOKED_AT_ONCE
    assert asked[0] <= 3 + 2 * count
    unit.run("dated", range(1001, 1006), GapReason.RESTART)
    assert dated(store) == 3 * count


def test_a_start_that_is_too_deep_to_be_read_keeps_nothing_else_from_being_dated(unit: Unit) -> None:
    """Such as a store took before it was looked at."""
    deep = f'{{"event":{"[" * 100_000}{"]" * 100_000}}}'
    unit.store.commit([], [ReceivedEvent("AG1", "deep", 1, "start", None, 1, deep)])
    unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
    unit.run("dated", range(21, 26), GapReason.RESTART)
    assert dated(unit.store) == 7


def test_a_run_whose_clock_is_not_set_yet_is_not_gone_through(unit: Unit) -> None:
    """However long it is and how often something of it comes: its newest reading tells."""
    asked: list[str] = []

    def ask(question: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        asked.append(question)
        assert isinstance(unit.store, (SqliteStore, PostgresStore))
        return unit.store._ask(question, values)

    unit.run("undated", range(1, 6), GapReason.NEW_JOURNAL, dated=False)
    assert isinstance(unit.store, (SqliteStore, PostgresStore))
    assert unit.store._dating.some(ask, print) is None
    assert dating._NEWEST in asked
    assert not {dating._ANCHOR, dating._ROWS} & set(asked)
