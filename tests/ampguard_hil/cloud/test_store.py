"""The store: every reading once, whoever brings it how often; holes are found, nonsense is refused whole."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.block import encoded
from ampguard.readings import Json, Reading, as_json, recorded
from ampguard_hil.cloud.columns import NAMES, PATHS
from ampguard_hil.cloud.store import RefusedBlockError, Store, received


def body(made: Reading) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(json.dumps(as_json(recorded(made))))
    return found


def block(*numbers: int, boot: str = "boot") -> bytes:
    return encoded([body(reading(number, boot=boot)) for number in numbers])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "cloud.sqlite")
    yield store
    store.close()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True), max_size=10))
def test_each_reading_once_and_the_holes_are_known(
    tmp_path_factory: pytest.TempPathFactory, brought: list[list[int]]
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "cloud.sqlite")
    for numbers in brought:
        store.commit([received("AG1", block(*numbers))] * 2)
    known = {number for numbers in brought for number in numbers}
    report = store.completeness("AG1")
    store.close()
    assert sum(one.readings for one in report) == len(known)
    missing = {number for one in report for first, last in one.missing for number in range(first, last + 1)}
    assert missing == set(range(1, max(known, default=0))) - known


def test_a_value_is_stored_as_it_was(store: Store, tmp_path: Path) -> None:
    made = recorded(replace(reading(7, wh=12.345), frequency_hz=50.01234))
    store.commit([received("AG1", encoded([body(made)]))])
    with sqlite3.connect(tmp_path / "cloud.sqlite") as database:
        row = database.execute(
            "SELECT serial, interval, sequence, end_utc, frequency_hz, energy_total_import_wh, voltage_rms_v_l1 "
            "FROM reading"
        ).fetchone()
    database.close()
    assert row == ("AG1", "1s", 7, made.end_utc, 50.01234, 12.345, None)


def test_units_and_boots_are_apart(store: Store) -> None:
    store.commit([received("AG1", block(1, 2)), received("AG2", block(1)), received("AG1", block(1, boot="next"))])
    assert store.serials() == ["AG1", "AG2"]
    assert {one.boot: one.readings for one in store.completeness("AG1")} == {"boot": 2, "next": 1}


def test_what_fails_in_the_middle_is_not_there_at_all(store: Store) -> None:
    good = received("AG1", block(1))
    bad = replace(good, rows=[(1,)])
    with pytest.raises(sqlite3.Error):
        store.commit([good, bad])
    assert store.completeness("AG1") == []
    store.commit([good])
    assert store.completeness("AG1")[0].readings == 1


def nonsense(**changed: Json) -> bytes:
    return encoded([body(reading(1)) | changed])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nonsense",
        encoded([]),
        zlib.compress(b"{}"),
        encoded([{"a": 1}]),
        nonsense(sequence=0),
        nonsense(sequence="1"),
        nonsense(sequence=None),
        encoded([body(reading(1, boot="a")), body(reading(1, boot="b"))]),
    ],
)
def test_what_is_no_block_of_readings_is_refused(payload: bytes) -> None:
    with pytest.raises(RefusedBlockError):
        received("AG1", payload)


def test_a_later_units_new_field_does_not_matter(store: Store) -> None:
    store.commit([received("AG1", nonsense(invented_v=3.5))])
    assert store.completeness("AG1")[0].readings == 1


def test_every_column_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(PATHS) > 60
