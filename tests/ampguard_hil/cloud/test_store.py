"""The store, in SQLite and in PostgreSQL: each reading and event once, whoever brings it how often."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading
from tests.benchmarks.journal_wear import made

from ampguard.block import columns, encoded
from ampguard.readings import Json, Quality, Reading, as_json, recorded
from ampguard_hil import campaign_store
from ampguard_hil.cloud import https, operator, report
from ampguard_hil.cloud.columns import COLUMNS, NAMES, PATHS
from ampguard_hil.cloud.postgres import PostgresStore
from ampguard_hil.cloud.registry_database import Database
from ampguard_hil.cloud.store import (
    ReceivedEvent,
    RefusedBlockError,
    Store,
    StoreError,
    open_store,
    received,
)
from ampguard_hil.postgres import Postgres

SERIALS = itertools.count(1)


def body(made: Reading) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(json.dumps(as_json(recorded(made))))
    return found


def block(*numbers: int, boot: str = "boot") -> bytes:
    return encoded([body(reading(number, boot=boot)) for number in numbers])


def with_each(path: str, values: Sequence[object]) -> bytes:
    """A block with these values in one column, whatever they are."""
    content = json.loads(zlib.decompress(block(*range(1, len(values) + 1))))
    content["columns"][path] = {"each": list(values)}
    return zlib.compress(json.dumps(content).encode())


def event(number: int, *, serial: str = "AG1", boot: str = "boot", kind: str = "voltage") -> ReceivedEvent:
    return ReceivedEvent(serial, boot, number, kind, None, number * 1_000_000_000, f'{{"is": "ä{number}"}}')


def select(where: str, question: str) -> list[tuple[Any, ...]]:
    """What is in the tables, by the engine's own client."""
    if where.startswith("postgresql:"):
        with psycopg.connect(where) as connection:
            return connection.execute(question.encode()).fetchall()
    with contextlib.closing(sqlite3.connect(where)) as database:
        return database.execute(question).fetchall()


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    store = open_store(where)
    yield store
    store.close()


@settings(deadline=None, max_examples=40)
@given(
    brought=st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True), max_size=10),
    at_once=st.integers(1, 4),
    seed=st.integers(0, 1 << 16),
)
def test_each_reading_once_in_any_order_and_the_holes_are_known(
    shared: str, brought: list[list[int]], at_once: int, seed: int
) -> None:
    serial = f"AG{next(SERIALS)}"
    blocks = [received(serial, block(*numbers)) for numbers in brought]
    again = blocks * 2
    random.Random(seed).shuffle(again)
    with contextlib.closing(open_store(shared)) as store:
        for first in range(0, len(again), at_once):
            store.commit(again[first : first + at_once])
        told = store.completeness(serial)
    known = sorted({number for numbers in brought for number in numbers})
    names = ", ".join(("serial", "interval", "boot", "sequence", "end_utc", "quality", *NAMES))
    rows = select(shared, f"SELECT {names} FROM reading WHERE serial = '{serial}' ORDER BY sequence")
    assert rows == [row for number in known for row in received(serial, block(number)).rows]
    assert sum(one.readings for one in told) == len(known)
    missing = {number for one in told for first, last in one.missing for number in range(first, last + 1)}
    assert missing == set(range(1, max(known, default=0))) - set(known)


@pytest.mark.parametrize("serial", ["AG1", "Ä 😀 \N{COMBINING DIAERESIS}", "%s'\"\\?", "2611000001G"])
def test_values_are_stored_as_they_were(store: Store, where: str, serial: str) -> None:
    chance = random.Random(3)
    bodies = [as_json(recorded(replace(made(number, chance), quality=frozenset(Quality)))) for number in range(1, 8)]
    bodies.append(as_json(recorded(replace(reading(8), end_utc=None, frequency_hz=50.01234))))
    sent = encoded([one for one in bodies if isinstance(one, dict)])
    store.commit([received(serial, sent)])
    rows = select(where, f"SELECT end_utc, quality, {', '.join(NAMES)} FROM reading ORDER BY sequence")
    found = columns(sent)
    expected = zip(found["end_utc"], map(json.dumps, found["quality"]), *(found[path] for path in PATHS), strict=True)
    assert rows == list(expected)
    assert all(
        value is None or type(value) is column.kind
        for row in rows
        for value, column in zip(row[2:], COLUMNS, strict=True)
    )
    assert store.serials() == [serial]


@pytest.mark.parametrize("value", [0.1 + 0.2, 5e-324, -1.7976931348623157e308, 1e308, -0.0, 230])
def test_a_number_comes_back_to_its_last_bit(store: Store, where: str, value: float) -> None:
    store.commit([received("AG1", with_each("frequency_hz", [value, value, None]))])
    assert repr(select(where, "SELECT frequency_hz FROM reading")) == repr([(float(value),), (float(value),), (None,)])


def test_units_and_boots_are_apart(store: Store) -> None:
    store.commit([received("AG1", block(1, 2)), received("AG2", block(1)), received("AG1", block(1, boot="next"))])
    assert store.serials() == ["AG1", "AG2"]
    assert {one.boot: one.readings for one in store.completeness("AG1")} == {"boot": 2, "next": 1}


def test_boots_come_in_the_order_of_their_time_also_over_a_restart_of_the_system(store: Store) -> None:
    def of_boot(boot: str, number: int, utc: str | None) -> bytes:
        return encoded([body(replace(reading(number, boot=boot), end_utc=utc))])

    day = "2026-01-0{}T00:00:00.000+00:00"
    for boot, number, utc in (("c", 3, day.format(2)), ("b", 9, day.format(1)), ("z", 7, None), ("a", 8, None)):
        store.commit([received("AG1", of_boot(boot, number, utc))])
    assert [one.boot for one in store.completeness("AG1")] == ["z", "a", "b", "c"]


def test_what_fails_in_the_middle_is_not_there_at_all(store: Store) -> None:
    good = received("AG1", block(1))
    bad = replace(good, rows=[("AG1", None, *good.rows[0][2:])])
    with pytest.raises(RefusedBlockError):
        store.commit([good, bad], [event(1)])
    assert store.completeness("AG1") == []
    assert store.events("AG1") == []
    store.commit([good], [event(1)])
    assert store.completeness("AG1")[0].readings == 1


def test_a_bad_event_takes_the_readings_beside_it_with_it(store: Store) -> None:
    with pytest.raises(RefusedBlockError):
        store.commit([received("AG1", block(1))], [replace(event(1), body=None)])  # type: ignore[arg-type]  # meant
    assert store.serials() == []


def test_events_are_stored_once_and_the_first_that_came_stays(store: Store) -> None:
    store.commit([], [event(1), event(1)])
    store.commit([received("AG1", block(1))], [replace(event(1), kind="other"), event(2)])
    assert store.events("AG1") == [event(1), event(2)]
    assert store.events("AG2") == []


def test_events_come_boot_by_boot_as_they_arrived_and_in_a_boot_by_number(store: Store) -> None:
    for one in (event(4, boot="z"), event(2, boot="a", kind="gap"), event(3, boot="z", kind="gap"), event(1, boot="a")):
        store.commit([], [one])
    assert [(one.boot, one.sequence) for one in store.events("AG1")] == [("z", 3), ("z", 4), ("a", 1), ("a", 2)]
    assert [(one.boot, one.sequence) for one in store.events("AG1", "gap")] == [("z", 3), ("a", 2)]
    assert store.serials() == ["AG1"]


def test_both_kinds_order_serials_and_boots_alike(store: Store) -> None:
    names = ["b", "B", "ä", "Z", "a", "_", "1", "😀"]
    store.commit([received(name, block(1, boot=boot)) for name in names for boot in names])
    assert store.serials() == sorted(names)
    assert [one.boot for one in store.completeness("a")] == sorted(names)


def test_several_may_make_the_tables_of_an_empty_store_at_once(where: str) -> None:
    def bring(number: int) -> None:
        store = open_store(where)
        store.commit([received("AG1", block(number))], [event(number)])
        store.close()

    with ThreadPoolExecutor(8) as several:
        list(several.map(bring, range(1, 9)))
    store = open_store(where)
    assert [one.readings for one in store.completeness("AG1")] == [8]
    assert [one.sequence for one in store.events("AG1")] == list(range(1, 9))
    store.close()


def test_a_store_from_before_gains_what_it_lacks(where: str) -> None:
    key = "serial text, interval text, boot text, sequence bigint, end_utc text, quality text NOT NULL"
    older = f"CREATE TABLE reading ({key}, monotonic_ns bigint, PRIMARY KEY (serial, interval, boot, sequence))"
    known = "INSERT INTO reading VALUES ('AG1', '1s', 'boot', 1, NULL, '[]', 1000000000)"
    if where.startswith("postgresql:"):
        with psycopg.connect(where) as connection:
            connection.execute(older.encode())
            connection.execute(known.encode())
    else:
        with contextlib.closing(sqlite3.connect(where)) as database, database:
            database.execute(older)
            database.execute(known)
    store = open_store(where)
    store.commit([received("AG1", block(1, 2))], [event(1)])
    assert [one.readings for one in store.completeness("AG1")] == [2]
    assert store.events("AG1") == [event(1)]
    store.close()
    assert select(where, "SELECT health_lost_samples FROM reading ORDER BY sequence") == [(None,), (0,)]


def test_the_report_for_people_is_the_same(store: Store, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    store.commit([received("AG1", block(1, 2, 5)), received("AG2", block(1))])
    assert report.main(["--store", where]) == 1
    first = "2026-01-01 00:00:00 UTC"
    assert capsys.readouterr().out.splitlines() == [
        f"AG1: 3 readings, no second missing between {first} and {first}, except 1 gap (1 UNEXPLAINED):",
        f"  {first} to {first}, 2.0 s, 2 readings: UNEXPLAINED",
        f"AG2: 1 reading, no second missing between {first} and {first}",
    ]
    assert report.main(["--store", where, "AG2"]) == 0


@pytest.mark.parametrize("where", ["mysql://there/cloud", "sqlite://cloud", "postgres://?x=1"])
def test_an_address_that_is_none_is_refused(where: str) -> None:
    with pytest.raises(StoreError):
        open_store(where)


@pytest.mark.parametrize("where", ["mysql://there/cloud", "sqlite://cloud"])
def test_nobody_takes_an_address_that_is_none_for_a_file(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="wanted a path"):
        Database(where)
    with pytest.raises(StoreError, match="wanted a path"):
        campaign_store.select(where, "SELECT 1")
    assert operator.main(["--store", where, "device", "add", "2611000001G"]) == 2
    assert https.main(["--store", where, "--port", "0"]) == 1
    assert capsys.readouterr().err.count("wanted a path") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_everybody_finds_the_same_file_at_an_address(scheme: str, tmp_path: Path) -> None:
    where = f"{scheme}{tmp_path / 'cloud.sqlite'}"
    open_store(where).close()
    database = Database(where)
    with database.reading():
        pass
    database.close()
    assert campaign_store.select(where, "SELECT count(*) FROM reading, registry_version") == [(0,)]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        open_store(tmp_path / "nowhere" / "cloud.sqlite")
    assert report.main(["--store", str(tmp_path / "cloud.sqlite")]) == 2


def test_a_sqlite_store_has_an_address_too(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/cloud.sqlite").close()
    assert (tmp_path / "cloud.sqlite").is_file()


def test_a_server_that_is_not_there_is_said_when_something_is_wanted_of_it(tmp_path: Path) -> None:
    store = open_store(f"postgresql:///cloud?host={tmp_path}")
    with pytest.raises(StoreError, match="PostgreSQL"):
        store.commit([received("AG1", block(1))])
    assert report.main(["--store", f"postgresql:///cloud?host={tmp_path}"]) == 2


@pytest.mark.system
def test_a_database_that_cannot_hold_every_serial_is_refused(server: Postgres) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    store = open_store(server.address.replace("/postgres?", "/latin?"))
    with pytest.raises(StoreError, match="UTF8"):
        store.serials()


@pytest.mark.system
def test_a_connection_that_was_cut_is_made_again(server: Postgres) -> None:
    store = open_store(server.address)
    store.commit([received("AG1", block(1))])
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ampguard-cloud'"
        )
        store.commit([received("AG1", block(1, 2))])
    assert [one.readings for one in store.completeness("AG1")] == [2]
    store.close()


@pytest.mark.system
def test_a_commit_is_durable_whatever_the_server_is_set_to(new_store: Callable[[str], str]) -> None:
    where = new_store("postgresql")
    store = PostgresStore(where)
    with psycopg.connect(where, autocommit=True) as connection:
        for setting in ("on", "off", "local", "remote_write"):
            connection.execute(f"ALTER SYSTEM SET synchronous_commit = {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
            opened = PostgresStore(where)
            for one in (store, opened):
                assert one._ask("SELECT current_setting('synchronous_commit')", ()) == [("on",)]
            opened.close()
        connection.execute("ALTER SYSTEM RESET synchronous_commit")
        connection.execute("SELECT pg_reload_conf()")
    store.close()


def test_every_column_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(PATHS) > 60
    assert max(map(len, NAMES)) <= 63, "PostgreSQL cuts longer ones off"
    assert {column.kind for column in COLUMNS} == {float, int, str}
