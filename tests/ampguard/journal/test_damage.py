"""A damaged journal: set aside or read as far as it goes, and nothing but JournalFault on the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.errors import JournalFault
from ampguard.journal.hot import PLACE
from ampguard.journal.reader import JournalReader, hot_path
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval

SPEED = settings(deadline=None, max_examples=80)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal in good order."""
    path = tmp_path_factory.mktemp("image") / "journal.sqlite"
    writer = JournalWriter(path)
    writer.append([reading(number, boot=f"boot {number // 10}") for number in range(1, 401)])
    writer.note("boot", "event", {"a": 1})
    writer.close()
    return path


def used(path: Path) -> None:
    """Everything that is done with a journal; only JournalFault may come out. A new one is kept."""
    try:
        found = JournalReader(path).readings(0, 100)
        assert [one.position for one in found] == sorted({one.position for one in found})
        JournalReader(path).last_position()
    except JournalFault:
        pass
    try:
        writer = JournalWriter(path)
    except JournalFault:
        return
    try:
        writer.latest(Interval.SECOND)
        writer.append([reading(1000, boot="after")])
        writer.note("after", "gap", {})
        writer.sync()
        if writer.damage() is not None:
            writer.replace()
            writer.append([reading(1000, boot="after")])
            assert writer.damage() is None
        if writer.set_aside is not None:
            assert [one.sequence for one in JournalReader(path).readings(0, 100)] == [1000]
    except JournalFault:
        pass
    finally:
        writer.close()


@SPEED
@given(length=st.integers(0, 30_000))
def test_a_truncated_file(tmp_path_factory: pytest.TempPathFactory, image: Path, length: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "j"
    path.write_bytes(image.read_bytes()[:length])
    used(path)


@SPEED
@given(patches=st.lists(st.tuples(st.integers(0, 45_000), st.binary(min_size=1, max_size=40)), min_size=1, max_size=6))
@example(patches=[(18, b"\x09\x09")])
@example(patches=[(44, b"\x00\x00\x00\xff")])
@example(patches=[(56, b"\x00\x00\x00\x02")])
@example(patches=[(100, b"\xff" * 40)])
@example(patches=[(3352, b"\x80")])
@example(patches=[(16, b"\x00\x01")])
@example(patches=[(4096, b"\xff" * 40)])
@example(patches=[(8192, b"\xff" * 40)])
@example(patches=[(3654, b"\x00" * 6)])
def test_bytes_overwritten_anywhere(
    tmp_path_factory: pytest.TempPathFactory, image: Path, patches: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("patched") / "j"
    content = bytearray(image.read_bytes())
    for offset, patch in patches:
        at = offset % len(content)
        content[at : at + len(patch)] = patch
    path.write_bytes(content)
    used(path)


@SPEED
@given(content=st.binary(max_size=5000), wal=st.none() | st.binary(max_size=200), shm=st.none() | st.binary())
def test_a_file_of_random_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, wal: bytes | None, shm: bytes | None
) -> None:
    path = tmp_path_factory.mktemp("random") / "j"
    path.write_bytes(content)
    for suffix, companion in (("-wal", wal), ("-shm", shm)):
        if companion is not None:
            path.with_name(path.name + suffix).write_bytes(companion)
    used(path)


@SPEED
@given(st.integers(1, 60_000), st.binary(min_size=1, max_size=20), st.booleans())
def test_a_torn_write_ahead_log_costs_its_end_only(
    tmp_path_factory: pytest.TempPathFactory,
    at: int,
    patch: bytes,
    cut: bool,  # noqa: FBT001 - Hypothesis
) -> None:
    folder = tmp_path_factory.mktemp("wal")
    writer = JournalWriter(folder / "j")
    for number in range(1, 11):
        writer.append([reading(number)])
    log = bytearray((folder / "j-wal").read_bytes())
    (folder / "torn").write_bytes((folder / "j").read_bytes())
    writer.close()
    at %= len(log)
    log[at : at + len(patch)] = patch
    (folder / "torn-wal").write_bytes(log[:at] if cut else log)
    again = JournalWriter(folder / "torn")
    assert again.set_aside is None
    found = [one.sequence for one in JournalReader(folder / "torn").readings(0, 100)]
    assert found == list(range(1, len(found) + 1))
    again.append([reading(100)])
    assert [one.sequence for one in JournalReader(folder / "torn").readings(0, 100)] == [*found, 100]
    again.close()


def test_what_is_set_aside_is_kept_unchanged_and_numbered(tmp_path: Path) -> None:
    path, garbage = tmp_path / "j", b"this is no journal, but somebody's only copy of it" * 100
    for number in (1, 2, 3, 4):
        path.write_bytes(garbage + bytes([number]))
        writer = JournalWriter(path)
        assert writer.set_aside is not None
        assert writer.set_aside.name == f"j.damaged-{number}"
        assert writer.set_aside.read_bytes() == garbage + bytes([number])
        writer.append([reading(number)])
        writer.close()
        assert [one.sequence for one in JournalReader(path).readings(0, 9)] == [number]
    # two are kept: the medium is small
    assert {one.name.split("-")[1] for one in tmp_path.glob("j.damaged-*")} == {"3", "4"}


def test_damage_that_was_found_in_a_file_that_is_gone_harms_nothing(tmp_path: Path, image: Path) -> None:
    path = tmp_path / "j"
    content = bytearray(image.read_bytes())
    content[-4096:-4032] = b"\xff" * 64
    path.write_bytes(content)
    writer = JournalWriter(path)
    damage = writer.damage()
    assert damage is not None
    writer.replace()
    writer.append([reading(7, boot="after")])
    writer.replace(damage)
    writer.append([reading(8, boot="after")])
    assert [one.sequence for one in JournalReader(path).readings(0, 9)] == [7, 8]
    writer.close()


def test_a_file_that_could_not_be_set_aside_is_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    old = JournalWriter(path)
    old.append([reading(number, boot="old") for number in range(1, 31)])
    old._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old.note("old", "event", {})
    log = (tmp_path / "j-wal").read_bytes()
    old.close()
    path.write_bytes(b"damaged" * 1000)
    (tmp_path / "j-wal").write_bytes(log)
    (tmp_path / "j-shm").write_bytes(b"")

    def ends(_one: Path, _target: Path) -> Path:
        raise OSError("the power is gone")

    monkeypatch.setattr(Path, "rename", ends)
    with pytest.raises(JournalFault):
        JournalWriter(path)
    monkeypatch.undo()
    writer = JournalWriter(path)
    writer.append([reading(1, boot="new")])
    found = [one.boot for one in JournalReader(path).readings(0, 100)]
    writer.close()
    assert found == ["new"]


@pytest.mark.parametrize("patch", [(18, b"\x09\x09"), (44, b"\x00\x00\x00\xff"), (56, b"\x00\x00\x00\x02")])
def test_a_damaged_header_does_not_end_all_keeping(tmp_path: Path, image: Path, patch: tuple[int, bytes]) -> None:
    content = bytearray(image.read_bytes())
    content[patch[0] : patch[0] + len(patch[1])] = patch[1]
    (tmp_path / "j").write_bytes(content)
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(1, boot="after")])
    writer.close()
    assert JournalReader(tmp_path / "j").readings(0, 100)[-1].boot == "after"


def test_another_databases_file_does_not_end_all_keeping(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute("CREATE TABLE reading (something INTEGER)")
    database.close()
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(1)])
    writer.close()
    assert [one.sequence for one in JournalReader(tmp_path / "j").readings(0, 9)] == [1]


@pytest.mark.parametrize(
    "body", ["'{'", "''", "'[1]'", "x'789c03'", "7", "x'fffe'", "CAST(x'fffe' AS TEXT)", "zeroblob(9)"]
)
def test_a_damaged_block_does_not_hide_those_around_it(tmp_path: Path, body: str) -> None:
    path = tmp_path / "j"
    writer = JournalWriter(path)
    for boot in ("one", "two", "three"):
        writer.append([reading(1, boot=boot), reading(2, boot=boot)])
    writer.close()
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE block SET body = {body} WHERE boot IN ('two', 'three')")
    database.close()
    stored = JournalReader(path).readings(0, 9)
    assert [(one.position, one.boot, one.sequence) for one in stored] == [
        (1, "one", 1), (2, "one", 2), (3, "two", 0), (4, "two", 0), (5, "three", 0), (6, "three", 0)
    ]  # fmt: skip
    assert [one.body is None for one in stored] == [False, False, True, True, True, True]
    writer = JournalWriter(path)
    latest = writer.latest(Interval.SECOND)
    writer.append([reading(1, boot="four")])
    assert JournalReader(path).readings(6, 9)[0].boot == "four"
    writer.close()
    assert latest is not None
    assert (latest["boot"], latest["sequence"]) == ("one", 2)


@SPEED
@given(st.integers(0, 2 * PLACE), st.binary(min_size=1, max_size=200))
def test_a_damaged_hot_part_costs_itself_at_most(
    tmp_path_factory: pytest.TempPathFactory, at: int, patch: bytes
) -> None:
    path = tmp_path_factory.mktemp("hot") / "j"
    writer = JournalWriter(path)
    writer.append([reading(number) for number in range(1, 61)])
    writer.append([reading(number) for number in range(61, 71)])
    writer.sync()
    writer.append([reading(number) for number in range(71, 81)])
    writer._hot.close()
    writer._database.close()
    with hot_path(path).open("r+b") as file:
        file.seek(at)
        file.write(patch)
    found = [one.sequence for one in JournalReader(path).readings(0, 1000)]
    assert found in (list(range(1, 61)), list(range(1, 71)), list(range(1, 81)))
    again = JournalWriter(path)
    again.append([reading(1, boot="next")])
    assert [one.sequence for one in JournalReader(path).readings(0, 1000)] == [*found, 1]
    again.close()
