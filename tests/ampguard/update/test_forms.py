"""Data that other software has left: nothing of it is lost, forwards and back; what is written now it could read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.journal.made import reading
from tests.ampguard.update.outlasting import FORMS, MINUTES, SECONDS, fill, kept, unpack

from ampguard.journal import hot
from ampguard.journal.reader import JournalReader, hot_path
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval
from ampguard.update.dataform import OWN

READ = range(OWN.oldest, OWN.newest + 1)


def test_of_each_form_that_is_read_one_is_kept() -> None:
    assert OWN.reads(OWN.written)
    assert {path.name for path in FORMS.iterdir()} >= {f"{form}.tar.xz" for form in READ}


@pytest.mark.parametrize("form", READ)
def test_what_other_software_left_is_read_as_it_was_written(tmp_path: Path, form: int) -> None:
    said = unpack(form, tmp_path)
    assert (len(said["seconds"]), len(said["minutes"]), len(said["events"])) == (SECONDS, MINUTES, 1)
    assert hot.content(hot_path(tmp_path / "journal.sqlite")), "some of it is no block yet"
    found = kept(tmp_path)
    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize("form", READ)
def test_what_is_measured_now_comes_behind_it_and_nothing_is_set_aside(tmp_path: Path, form: int) -> None:
    said = unpack(form, tmp_path)
    journal = tmp_path / "journal.sqlite"
    writer = JournalWriter(journal)
    writer.append([reading(1, boot="now")])
    writer.close()
    assert writer.set_aside is None
    found = JournalReader(journal).readings(0, 1000)
    assert [[one.boot, one.body] for one in found[:-1]] == [[boot, body] for _, boot, body in said["seconds"]]
    assert (found[-1].boot, found[-1].position > found[-2].position) == ("now", True)
    assert len(JournalReader(journal).readings(0, 1000, Interval.MINUTE)) == MINUTES


def columns(path: Path) -> dict[tuple[str, str], tuple[str, bool]]:
    """Of each table of a journal: type, and whether who does not know of it may leave it out."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            (table, name): (kind, not has_no_null or default is not None)
            for table in tables
            for _, name, kind, has_no_null, default, _ in database.execute(f"PRAGMA table_info({table})")
        }


def paths(value: Any, of: str = "") -> Iterator[tuple[str, str]]:
    """Each place in a JSON value, and what kind of value is there."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from paths(inner, f"{of}.{name}")
        case list():
            for inner in value:
                yield from paths(inner, f"{of}[]")
        case _:
            yield of, type(value).__name__


def test_what_this_software_writes_the_one_before_reads(tmp_path: Path) -> None:
    """Else it is another form: see `ampguard.update.dataform`."""
    before, now = tmp_path / "before", tmp_path / "now"
    unpack(OWN.written, before)
    now.mkdir()
    fill(now)
    old, new = columns(before / "journal.sqlite"), columns(now / "journal.sqlite")
    assert {key: new.get(key) for key in old} == old
    assert [key for key, (_, may_be_left_out) in new.items() if key not in old and not may_be_left_out] == []
    assert hot_path(now / "journal.sqlite").read_bytes()[:4] == hot_path(before / "journal.sqlite").read_bytes()[:4]
    for path in sorted(before.rglob("*.json")):
        there = set(paths(json.loads((now / path.relative_to(before)).read_bytes())))
        assert set(paths(json.loads(path.read_bytes()))) - there == set(), path.name


def test_what_newer_software_has_added_hinders_nobody(tmp_path: Path) -> None:
    """It was tried and not kept; its journal stays, and the readings in it."""
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path)
    writer.append([reading(number, boot="newer") for number in range(1, 61)])
    writer.close()
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE block ADD COLUMN phases TEXT DEFAULT ''")
        database.execute("ALTER TABLE note ADD COLUMN length INTEGER")
        database.execute("CREATE TABLE tariff (price REAL)")
    database.close()
    writer = JournalWriter(path)
    writer.append([reading(number, boot="older") for number in range(1, 61)])
    writer.note("older", "event", {"kind": "start"})
    writer.close()
    assert writer.set_aside is None
    assert writer.trouble is None
    found = JournalReader(path).readings(0, 1000)
    assert [one.boot for one in found] == ["newer"] * 60 + ["older"] * 60
    assert [one.boot for one in JournalReader(path).notes(0, 10, "event")] == ["older"]
