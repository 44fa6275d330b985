"""Where readings follow each other: what is kept of it on the way in is what a look at all of them would say."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_hil.cloud.test_store import select

from ampguard_hil.cloud.columns import NAMES
from ampguard_hil.cloud.store import Received, open_store

SECOND_NS = 1_000_000_000
SEVERAL, ROUNDS = 3, 60
SERIALS = itertools.count(1)
BOOTS = ("a", "b")
KEPT = "SELECT boot, first_sequence FROM unbroken WHERE serial = '{}' ORDER BY 1, 2"
LOOKED_AT = """
SELECT boot, sequence FROM (
    SELECT boot, sequence, monotonic_ns, duration_s, quality, lag(sequence) OVER run AS before,
        lag(monotonic_ns) OVER run AS before_ns
    FROM reading WHERE serial = '{}' WINDOW run AS (PARTITION BY boot ORDER BY sequence)) AS neighbours
WHERE before IS NULL OR sequence > before + 1 OR monotonic_ns - before_ns > duration_s * 1e9 + 5e8
    OR quality <> '[]' ORDER BY 1, 2"""


def brought(
    serial: str, boot: str, numbers: Sequence[int], moment_s: Sequence[float | None], overruns: Container[int] = ()
) -> Received:
    """A block of seconds that end then; some say that samples were lost."""
    rows = []
    for number, end_s in zip(numbers, moment_s, strict=True):
        values = dict.fromkeys(NAMES) | {
            "monotonic_ns": None if end_s is None else int(end_s * SECOND_NS),
            "duration_s": 1.0,
        }
        quality = '["overrun", "short_window"]' if number in overruns else "[]"
        rows.append((serial, "1s", boot, number, None, quality, *values.values()))
    return Received(serial, boot, numbers[0], numbers[-1], rows)


def change(where: str, statement: str) -> None:
    if where.startswith("postgresql:"):
        with psycopg.connect(where) as connection:
            connection.execute(statement.encode())
    else:
        with contextlib.closing(sqlite3.connect(where)) as database, database:
            database.execute(statement)


@st.composite
def blocks(draw: st.DrawFn) -> list[tuple[str, list[int], list[float | None], set[int]]]:
    """Some of two runs of a meter, in any order, more than once, with time left out, and lying."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        first, count = draw(st.integers(1, 30)), draw(st.integers(1, 8))
        numbers = list(range(first, first + count))
        if draw(st.booleans()):
            numbers = draw(st.lists(st.integers(1, 35), min_size=1, max_size=6, unique=True))
        late_s = draw(st.sampled_from((0.0, 0.0, 0.0, 3.0)))
        from_number = draw(st.integers(1, 35))
        moments: list[float | None] = [one + (late_s if one >= from_number else 0.0) for one in numbers]
        if draw(st.integers(0, 9)) == 0:
            moments[0] = None
        overruns = draw(st.sets(st.integers(1, 35), max_size=2))
        found.append((draw(st.sampled_from(BOOTS)), numbers, moments, overruns))
    return found


@settings(deadline=None, max_examples=150)
@given(blocks(), st.integers(1, 4))
def test_what_is_kept_is_what_all_readings_say_whatever_comes_when(
    shared: str, sent: list[tuple[str, list[int], list[float | None], set[int]]], at_once: int
) -> None:
    serial = f"ST{next(SERIALS)}"
    with contextlib.closing(open_store(shared)) as store:
        for first in range(0, len(sent), at_once):
            store.commit([brought(serial, *one) for one in sent[first : first + at_once]])
            assert select(shared, KEPT.format(serial)) == select(shared, LOOKED_AT.format(serial))
        ((count,),) = select(shared, f"SELECT count(*) FROM reading WHERE serial = '{serial}'")
        assert store.account(serial).readings == count
        assert sum(one.readings for one in store.completeness(serial)) == count


def test_several_that_bring_the_same_unit_s_readings_at_once_agree(where: str) -> None:
    together = threading.Barrier(SEVERAL, timeout=60.0)

    def bring(mine: int) -> None:
        with contextlib.closing(open_store(where)) as store:
            store.serials()
            for first in range(1 + 5 * mine, ROUNDS * SEVERAL * 5, 5 * SEVERAL):
                numbers = list(range(first, first + 5))
                together.wait()
                store.commit([brought("AG1", "a", numbers, numbers)])

    with ThreadPoolExecutor(SEVERAL) as several:
        list(several.map(bring, range(SEVERAL)))
    assert select(where, KEPT.format("AG1")) == [("a", 1)]


def test_a_store_from_before_there_were_stretches_is_looked_at_once(where: str) -> None:
    with contextlib.closing(open_store(where)) as store:
        store.commit([brought("AG1", "a", [1, 2, 5, 6], [1.0, 2.0, 5.0, 9.0])])
    change(where, "DROP TABLE unbroken")
    with contextlib.closing(open_store(where)) as store:
        assert [(one.before.sequence, one.missing) for one in store.account("AG1").breaks] == [(5, 2), (6, 0)]


def test_a_store_from_before_readings_said_so_themselves_is_looked_at_once(where: str) -> None:
    block = brought("AG1", "a", [1, 2, 3], [1.0, 2.2, 3.2], overruns=[2])
    with contextlib.closing(open_store(where)) as store:
        store.commit([block])
    change(where, "DROP TABLE unbroken")
    change(where, "CREATE TABLE stretch (serial TEXT, interval TEXT, boot TEXT, first_sequence INTEGER)")
    change(where, "INSERT INTO stretch VALUES ('AG1', '1s', 'a', 1)")
    for _ in range(2):
        with contextlib.closing(open_store(where)) as store:
            assert [(one.before.sequence, one.reason) for one in store.account("AG1").breaks] == [(2, "samples_lost")]
            store.commit([block])
    with pytest.raises((psycopg.Error, sqlite3.Error)):
        change(where, "INSERT INTO stretch VALUES ('AG1', '1s', 'a', 1)")


@pytest.mark.parametrize("count", [1, 60])
def test_a_block_that_goes_on_where_the_one_before_ended_writes_nothing(where: str, count: int) -> None:
    with contextlib.closing(open_store(where)) as store:
        for first in range(1, 5 * count, count):
            numbers = list(range(first, first + count))
            store.commit([brought("AG1", "a", numbers, numbers)])
    assert select(where, KEPT.format("AG1")) == [("a", 1)]


def test_where_a_reading_says_that_samples_were_lost_no_gap_need_be_told(where: str) -> None:
    """But for readings that are missing, or where the reading says nothing."""
    moments = [1.0, 2.2, 3.2, 9.2, 12.2, 14.2, 17.2]
    with contextlib.closing(open_store(where)) as store:
        store.commit([brought("AG1", "a", [1, 2, 3, 4, 7, 8, 9], moments, overruns=[2, 4, 7, 9])])
        found = [(one.before.sequence, one.missing, one.reason) for one in store.account("AG1").breaks]
        store.commit([brought("AG1", "b", [1, 2], [30.0, 31.0], overruns=[1])])
        assert store.account("AG1").breaks[-1].reason is None, "what ended the run before no reading tells"
    assert found == [(2, 0, "samples_lost"), (4, 0, "samples_lost"), (7, 2, None), (8, 0, None), (9, 0, "samples_lost")]
