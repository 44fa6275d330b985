"""A journal that is replaced while it is written: the new one has what was not sealed, at positions of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.ampguard.journal.made import reading
from tests.ampguard.journal.spoiled import spoil

from ampguard.errors import JournalFault
from ampguard.journal.hot import HotFile
from ampguard.journal.reader import JournalReader, StoredReading
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    made = JournalWriter(tmp_path / "j")
    keep(made, range(1, 120))
    yield made
    made.close()


def keep(writer: JournalWriter, numbers: range) -> None:
    for number in numbers:
        writer.append([reading(number)])


def stored(folder: Path) -> list[StoredReading]:
    return JournalReader(folder / "j").readings(0, 10_000)


def killed(writer: JournalWriter) -> None:
    """As after the end of its process: nothing more is sealed."""
    writer._hot.close()
    writer._database.close()


def test_a_block_that_met_the_damage_is_the_first_of_the_new_file(tmp_path: Path, writer: JournalWriter) -> None:
    spoil(tmp_path / "j", writer, "block")
    keep(writer, range(120, 301))
    assert writer.set_aside is not None
    assert [one.sequence for one in stored(tmp_path)] == list(range(61, 301))
    assert [one.position for one in stored(tmp_path)] == list(range(1, 241))
    first, latest = writer.first(Interval.SECOND), writer.latest(Interval.SECOND)
    assert first is not None
    assert latest is not None
    assert (first["sequence"], latest["sequence"]) == (61, 300)


def test_the_first_reading_is_known_before_it_is_sealed(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    assert writer.first(Interval.SECOND) is None
    keep(writer, range(7, 10))
    first = writer.first(Interval.SECOND)
    writer.close()
    assert first is not None
    assert first["sequence"] == 7


def test_a_file_that_replaces_another_says_so_until_that_is_explained(tmp_path: Path, writer: JournalWriter) -> None:
    assert writer.replaces is None
    writer.replace()
    name = JournalReader(tmp_path / "j").name()
    assert writer.replaces == name
    writer.explained("another")
    again = JournalWriter(tmp_path / "j")
    assert again.replaces == name
    again.explained(name)
    assert again.replaces is None
    again.close()
    again = JournalWriter(tmp_path / "j")
    assert again.replaces is None
    again.close()


def test_a_word_that_meets_the_damage_does_not_explain_the_next_file(tmp_path: Path, writer: JournalWriter) -> None:
    writer.replace()
    name = writer.replaces
    assert name is not None
    spoil(tmp_path / "j", writer, "note")
    writer.explained(name)
    assert writer.replaces == JournalReader(tmp_path / "j").name() != name


def test_what_was_not_sealed_outlives_a_file_that_cannot_be_gone_on_with(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    keep(writer, range(1, 120))
    spoil(tmp_path / "j", writer, "block")
    killed(writer)
    again = JournalWriter(tmp_path / "j")
    assert again.set_aside is not None
    assert [one.sequence for one in stored(tmp_path)] == list(range(61, 120))
    again.close()


def test_a_file_that_could_not_be_set_aside_keeps_its_positions(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(_one: Path, _target: Path) -> Path:
        raise OSError("the medium takes nothing")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Path, "rename", ends)
        with pytest.raises(JournalFault):
            writer.replace()
    for _ in range(2):
        keep(writer, range(120, 121))
    keep(writer, range(121, 301))
    assert writer.set_aside is None
    assert [one.sequence for one in stored(tmp_path)] == list(range(1, 301))
    assert [one.position for one in stored(tmp_path)] == list(range(1, 301))


def test_a_new_file_that_cannot_be_made_is_a_fault_each_time_and_made_later(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_named: object) -> sqlite3.Connection:
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise fault

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(sqlite3, "connect", full)
        for _ in range(2):
            with pytest.raises(JournalFault):
                writer.replace()
        for _ in range(2):
            with pytest.raises(JournalFault):
                writer.note("boot", "event", {})
    keep(writer, range(120, 301))
    assert writer.replaces == JournalReader(tmp_path / "j").name()
    assert [one.sequence for one in stored(tmp_path)] == list(range(61, 301))


@dataclass
class Medium:
    """What a power cut leaves: of the database each commit, of the hot part what was synced."""

    folder: Path
    hot: bytes = b""

    def cut(self, writer: JournalWriter) -> JournalWriter:
        killed(writer)
        (self.folder / "j-hot").write_bytes(self.hot)
        return JournalWriter(self.folder / "j")


@pytest.fixture
def medium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Medium:
    made, sync = Medium(tmp_path), HotFile.sync

    def synced(hot: HotFile) -> None:
        sync(hot)
        made.hot = (tmp_path / "j-hot").read_bytes()

    monkeypatch.setattr(HotFile, "sync", synced)
    return made


def test_a_power_cut_behind_a_replacement_costs_nothing_that_was_on_the_medium(tmp_path: Path, medium: Medium) -> None:
    writer = JournalWriter(tmp_path / "j")
    keep(writer, range(1, 111))
    writer.sync()
    writer.replace()
    assert writer.replaces is not None
    writer.explained(writer.replaces)
    keep(writer, range(111, 116))
    again = medium.cut(writer)
    assert [one.sequence for one in stored(tmp_path)] == list(range(61, 111))
    again.close()


def test_after_a_power_cut_no_position_of_the_new_file_is_given_twice(tmp_path: Path, medium: Medium) -> None:
    writer = JournalWriter(tmp_path / "j")
    keep(writer, range(1, 110))
    writer.sync()
    spoil(tmp_path / "j", writer, "block")
    keep(writer, range(110, 126))
    seen = [(one.position, one.sequence) for one in stored(tmp_path)]
    assert [sequence for _, sequence in seen] == list(range(61, 126)), "a block of it is sealed"
    again = medium.cut(writer)
    keep(again, range(126, 301))
    found = stored(tmp_path)
    again.close()
    assert [one.sequence for one in found] == [*range(61, 121), *range(126, 301)]
    assert all(one.position > seen[-1][0] for one in found[60:]), "a reader may have passed what was seen"


@pytest.mark.parametrize("sealed", [False, True])
def test_a_hot_part_that_could_not_be_synced_is_taken_over_behind_what_is_sealed(
    tmp_path: Path, medium: Medium, monkeypatch: pytest.MonkeyPatch, *, sealed: bool
) -> None:
    def fails(_hot: HotFile) -> None:
        raise JournalFault("the medium takes nothing")

    writer = JournalWriter(tmp_path / "j")
    keep(writer, range(1, 110))
    writer.append([reading(1, interval=Interval.MINUTE)])
    writer.sync()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(HotFile, "sync", fails)
        with pytest.raises(JournalFault):
            writer.replace()
        keep(writer, range(110, 126 if sealed else 112))
    again = medium.cut(writer)
    positions = [one.position for one in stored(tmp_path)]
    found = [one.sequence for one in stored(tmp_path)]
    assert found == list(range(61, 121 if sealed else 110)), "each once, and in order"
    keep(again, range(126, 301))
    assert [one.sequence for one in stored(tmp_path)] == [*found, *range(126, 301)]
    assert [one.position for one in stored(tmp_path)][: len(positions)] == positions
    minutes = JournalReader(tmp_path / "j").readings(0, 9, Interval.MINUTE)
    again.close()
    assert [one.sequence for one in minutes] == [1]
