"""The journal as its readers see it: all that was appended, in order, once, while one writes and many read."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.block import decoded
from ampguard.errors import JournalFault
from ampguard.journal import thinning
from ampguard.journal import writer as writer_module
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.phases import Phases
from ampguard.readings import Interval, Json, as_json, recorded


def kept(path: Path, interval: Interval = Interval.SECOND) -> list[int]:
    return [one.sequence for one in JournalReader(path).readings(0, 1_000_000, interval)]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.lists(st.sampled_from(Interval), max_size=5), max_size=10))
def test_what_is_appended_is_read_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Interval]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    writer = JournalWriter(path)
    wanted: dict[Interval, list[int]] = {interval: [] for interval in Interval}
    number = 0
    for batch in batches:
        readings = []
        for interval in batch:
            number += 1
            readings.append(reading(number, interval=interval))
            wanted[interval].append(number)
        writer.append(readings)
        assert kept(path) == wanted[Interval.SECOND]
    writer.close()
    for interval in (Interval.SECOND, Interval.MINUTE, Interval.MINUTES_10):
        assert kept(path, interval) == wanted[interval]
    assert kept(path, Interval.CYCLES_150) == []


def test_a_body_comes_back_as_it_was(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    one = reading(7, boot="börk 'quoted'", wh=1.25)
    writer.append([one])
    (stored,) = JournalReader(tmp_path / "j").readings(0, 10)
    assert stored.body == as_json(one) == writer.latest(Interval.SECOND)
    assert (stored.boot, stored.sequence) == (one.boot, 7)
    writer.close()


@pytest.mark.parametrize("name", ["a b.sqlite", "50%25.sqlite", "what?.sqlite", "no#1.sqlite", "ä.sqlite"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    writer = JournalWriter(tmp_path / name)
    writer.append([reading(1)])
    assert kept(tmp_path / name) == [1]
    writer.close()


def test_reading_goes_on_from_a_position_in_batches(tmp_path: Path) -> None:
    writer, reader = JournalWriter(tmp_path / "j"), JournalReader(tmp_path / "j")
    for number in range(1, 31):
        writer.append([reading(number), reading(number, interval=Interval.MINUTE)])
    position, found = 0, []
    while batch := reader.readings(position, 7):
        found += [one.sequence for one in batch]
        position = batch[-1].position
    assert found == list(range(1, 31))
    assert reader.last_position() == position
    assert reader.last_position(Interval.MINUTES_10) == 0
    writer.close()


def test_after_a_power_cut_no_position_is_given_twice(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(number) for number in range(1, 15)])
    writer.sync()
    synced = (tmp_path / "j-hot").read_bytes()
    writer.append([reading(number) for number in range(15, 25)])
    passed = JournalReader(tmp_path / "j").last_position()
    writer._hot.close()
    writer._database.close()
    (tmp_path / "j-hot").write_bytes(synced)
    again = JournalWriter(tmp_path / "j")
    again.append([reading(1, boot="next")])
    again.close()
    assert kept(tmp_path / "j") == [*range(1, 15), 1]
    assert [one.boot for one in JournalReader(tmp_path / "j").readings(passed, 100)] == ["next"]


def test_more_readings_at_once_than_a_block_holds(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(number) for number in range(1, 10_101)])
    writer.close()
    assert kept(tmp_path / "j") == list(range(1, 10_101))


def test_whole_blocks_are_found_unopened(tmp_path: Path) -> None:
    writer, reader = JournalWriter(tmp_path / "j"), JournalReader(tmp_path / "j")
    assert reader.block(0) is None
    writer.append([recorded(reading(number)) for number in range(1, 131)])
    block = reader.block(0)
    assert block is not None
    count = block.last_position
    assert count >= 60
    assert (block.boot, block.first_sequence, block.last_sequence) == ("boot", 1, count)
    assert decoded(block.body) == [one.body for one in reader.readings(0, count)]
    assert reader.block(1) is None, "not a block's beginning"
    writer.close()
    assert reader.block(count) is None or reader.block(count) != block


def test_positions_rise_over_restarts(tmp_path: Path) -> None:
    positions = []
    for boot in ("one", "two", "three"):
        writer = JournalWriter(tmp_path / "j")
        assert writer.set_aside is None
        writer.append([reading(number, boot=boot) for number in (1, 2)])
        writer.close()
        positions.append(JournalReader(tmp_path / "j").last_position())
    assert positions == sorted(set(positions))
    assert kept(tmp_path / "j") == [1, 2] * 3


def test_the_same_reading_twice_is_kept_once(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(1), reading(1)])
    writer.append([reading(1), reading(2)])
    assert kept(tmp_path / "j") == [1, 2]
    writer.close()


def test_the_latest_is_the_last_of_its_interval_by_whatever_boot(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    assert writer.latest(Interval.SECOND) is None
    writer.append([reading(9, boot="before")])
    writer.append([reading(1, boot="after", wh=3.0), reading(50, boot="after", interval=Interval.MINUTE)])
    latest = writer.latest(Interval.SECOND)
    writer.close()
    again = JournalWriter(tmp_path / "j")
    assert latest == again.latest(Interval.SECOND) == as_json(reading(1, boot="after", wh=3.0))
    again.close()


def test_readers_in_threads_see_no_gap_while_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "j"
    writer = JournalWriter(path)
    done, wrong = threading.Event(), list[object]()

    def read() -> None:
        while not done.is_set():
            try:
                found = kept(path)
            except JournalFault as fault:
                wrong.append(fault)
            else:
                if found != list(range(1, len(found) + 1)):
                    wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    for number in range(1, 201):
        writer.append([reading(number)])
        if number % 50 == 0:
            writer.sync()
    done.set()
    for thread in readers:
        thread.join()
    writer.close()
    assert wrong == []
    assert kept(path) == list(range(1, 201))


def test_no_more_is_kept_than_wanted_and_the_newest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT_READINGS", {**thinning.KEPT_READINGS, Interval.SECOND: 20})
    monkeypatch.setattr(writer_module, "_THIN_EVERY", 1)
    monkeypatch.setattr(writer_module, "IN_A_BLOCK", 5)
    writer = JournalWriter(tmp_path / "j")
    for number in range(1, 101):
        writer.append([reading(number)])
        writer.append([reading(number, interval=Interval.MINUTE)])
        found = kept(tmp_path / "j")
        assert found == list(range(number - len(found) + 1, number + 1))
        assert min(number, 20) <= len(found) <= 30
    assert len(kept(tmp_path / "j", Interval.MINUTE)) == 100
    writer.close()


def test_where_the_medium_is_small_the_oldest_seconds_go_and_the_minutes_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "LARGEST_BYTES", 100_000)
    monkeypatch.setattr(thinning, "_THINNED_BLOCKS", 3)
    writer = JournalWriter(tmp_path / "j")
    chance = random.Random(1)
    for number in range(1, 3001):
        values = Phases(chance.random(), chance.random(), chance.random())
        made = replace(reading(number), current_rms_a=values, voltage_rms_v=values, active_power_w=values)
        writer.append([made, *([replace(made, interval=Interval.MINUTE)] if number % 60 == 0 else [])])
    seconds, minutes = kept(tmp_path / "j"), kept(tmp_path / "j", Interval.MINUTE)
    writer.close()
    assert seconds == list(range(seconds[0], 3001))
    assert 1 < seconds[0] < 2900
    assert minutes == list(range(60, 3001, 60))
    assert (tmp_path / "j").stat().st_size < 200_000


def test_a_minute_is_kept_in_a_few_thousand_bytes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    chance = random.Random(1)
    for number in range(1, 601):
        current = Phases.of(10.0 + chance.gauss(0.0, 0.1) for _ in range(3))
        voltage = Phases.of(230.0 + chance.gauss(0.0, 0.3) for _ in range(3))
        power = Phases.of(u * i for u, i in zip(voltage, current, strict=True))
        writer.append(
            [recorded(replace(reading(number), current_rms_a=current, voltage_rms_v=voltage, active_power_w=power))]
        )
    writer.close()
    assert (tmp_path / "j").stat().st_size < 600 * 115


def test_notes_are_kept_in_order(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    for number in range(5):
        writer.note("boot", "event", {"number": number})
        writer.note("boot", "gap", {})
    writer.close()
    reader = JournalReader(tmp_path / "j")
    found = reader.notes(0, 100, "event")
    assert [one.body for one in found] == [{"number": number} for number in range(5)]
    assert {(one.boot, one.kind) for one in found} == {("boot", "event")}
    assert reader.notes(found[1].position, 2, "event") == found[2:4]


def test_no_more_notes_are_kept_than_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT_NOTES", 20)
    monkeypatch.setattr(writer_module, "_THIN_EVERY", 10)
    writer = JournalWriter(tmp_path / "j")
    for number in range(100):
        writer.note("boot", "fault", {"number": number})
        writer.append([reading(number)])
    numbers = noted(tmp_path / "j", "fault")
    writer.close()
    assert numbers[-1] == 99
    assert 20 <= len(numbers) <= 30


def noted(path: Path, kind: str = "event") -> list[Json]:
    return [one.body["number"] for one in JournalReader(path).notes(0, 1_000_000, kind) if one.body]


def test_each_second_that_is_kept_keeps_its_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT_READINGS", {**thinning.KEPT_READINGS, Interval.SECOND: 500})
    monkeypatch.setattr(thinning, "KEPT_NOTES", 20)
    writer = JournalWriter(tmp_path / "j")
    for number in range(1, 1201):
        writer.note("boot", "event", {"number": number})
        writer.append([reading(number)])
    seconds, events = kept(tmp_path / "j"), noted(tmp_path / "j")
    writer.close()
    assert 1 < seconds[0] <= 701
    assert events == list(range(events[0], 1201))
    assert 1 < events[0] <= seconds[0]
    assert len(events) <= len(seconds) + 20 + 10


def test_where_the_medium_is_small_the_events_go_with_the_oldest_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "LARGEST_BYTES", 200_000)
    monkeypatch.setattr(thinning, "_THINNED_BLOCKS", 3)
    monkeypatch.setattr(thinning, "KEPT_NOTES", 20)
    writer = JournalWriter(tmp_path / "j")
    chance = random.Random(1)
    for number in range(1, 3001):
        writer.note("boot", "event", {"number": number, "noise": chance.randbytes(60).hex()})
        values = Phases(chance.random(), chance.random(), chance.random())
        writer.append([replace(reading(number), current_rms_a=values, voltage_rms_v=values)])
    seconds, events = kept(tmp_path / "j"), noted(tmp_path / "j")
    writer.close()
    assert 500 < len(seconds) < 2900
    assert events == list(range(events[0], 3001))
    assert 1 < events[0] <= seconds[0]
    assert (tmp_path / "j").stat().st_size < 300_000


def test_a_journal_of_another_version_is_set_aside_whole(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute("CREATE TABLE future (something INTEGER)")
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = (tmp_path / "j").read_bytes()
    writer = JournalWriter(tmp_path / "j")
    writer.close()
    assert writer.set_aside is not None
    assert writer.set_aside.read_bytes() == before


def test_no_journal_yet_is_a_fault_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match="no journal yet"):
        JournalReader(tmp_path / "j").readings(0, 1)
    assert not (tmp_path / "j").exists()


def test_a_reader_cannot_change_the_journal(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(1)])
    with (
        closing(JournalReader(tmp_path / "j").opened()) as database,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        database.execute("DELETE FROM note")
    writer.close()


def test_a_place_that_cannot_be_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalFault):
        JournalWriter(tmp_path / "file" / "journal.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalFault):
        JournalWriter(tmp_path / "folder")
    with pytest.raises(JournalFault):
        JournalReader(tmp_path / "folder").readings(0, 1)


@pytest.mark.parametrize("position", [-1, 2**63 - 1, 2**63, 10**30])
def test_a_position_that_never_was_is_no_defect(tmp_path: Path, position: int) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append([reading(1)])
    try:
        found = [one.sequence for one in JournalReader(tmp_path / "j").readings(position, 5)]
    except JournalFault:
        found = []
    writer.close()
    assert found == ([1] if position < 0 else [])


def test_a_reader_for_others_gives_only_what_a_power_cut_would_leave(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    given, own = JournalReader(tmp_path / "j", durable=True), JournalReader(tmp_path / "j")

    def sequences(reader: JournalReader) -> list[int]:
        return [one.sequence for one in reader.readings(0, 1000)]

    for number in range(1, 6):
        writer.append([reading(number)])
    assert (sequences(given), sequences(own)) == ([], [1, 2, 3, 4, 5])
    writer.sync()
    for number in range(6, 71):
        writer.append([reading(number)])
        assert sequences(given) == list(range(1, 6 if number < 60 else 61))
        assert sequences(own) == list(range(1, number + 1))
    writer.close()
    assert sequences(given) == sequences(own) == list(range(1, 71))


def test_positions_that_a_power_cut_took_back_are_used_again_and_nobody_else_has_passed_them(tmp_path: Path) -> None:
    path = tmp_path / "data" / "j"
    first = JournalWriter(path)
    first.append([reading(1, boot="first")])
    first.close()
    second = JournalWriter(path)
    shutil.copytree(path.parent, tmp_path / "medium")
    second.append([reading(1, boot="second"), reading(2, boot="second")])
    own, given = (JournalReader(path, durable=durable).readings(0, 9)[-1] for durable in (False, True))
    assert (own.boot, given.boot) == ("second", "first")
    second.close()
    shutil.rmtree(path.parent)
    shutil.copytree(tmp_path / "medium", path.parent)
    third = JournalWriter(path)
    third.append([reading(1, boot="third")])
    third.close()
    assert JournalReader(path).readings(own.position, 9) == [], "who had passed it would never see it"
    assert [one.boot for one in JournalReader(path).readings(given.position, 9)] == ["third"]
