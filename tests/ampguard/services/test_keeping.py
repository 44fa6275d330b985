"""What the meter keeps, over restarts, full media and damaged journals: every loss is told with its reason."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ampguard.journal.made import reading

from ampguard.errors import JournalFault
from ampguard.events import Configuration, Event, Gap, GapReason, Start
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval, Json, Reading
from ampguard.services import keeping
from ampguard.services.keeping import Keeper, Run, sync_interval_s
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.places import Places
from ampguard.settings.settings import Settings

LOGGER = logging.getLogger("test")
SECOND_NS = 1_000_000_000


class Told(Keeper):
    """Gathers the gaps that it tells with what it noticed at the start."""

    def __init__(self, places: Places, run: Run) -> None:
        super().__init__(places, run, lambda _, gap: self._events.append(gap), LOGGER)
        LEFT.append(self)

    def close(self, *, in_order: bool = True) -> None:
        LEFT.remove(self)
        super().close(in_order=in_order)


LEFT: list[Told] = []
"""Those whose run ended without a word."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    for one in LEFT:
        if one._journal is not None:
            one._journal.close()
    LEFT.clear()


def keeper(folder: Path, boot: str, kernel: str | None = "system", **settings: str) -> Keeper:
    return Told(Places(folder, folder, None), Run(boot, kernel, settings))


def second(number: int, boot: str) -> Reading:
    return replace(reading(number, boot=boot), duration_s=1.0, monotonic_ns=number * SECOND_NS)


def gaps(events: list[Event]) -> list[Gap]:
    return [one for one in events if isinstance(one, Gap)]


def first_gap(folder: Path, boot: str, kernel: str | None = "system") -> Gap:
    opened = keeper(folder, boot, kernel)
    assert opened.keep((replace(second(1, boot), monotonic_ns=100 * SECOND_NS),))
    [found] = gaps(opened.take_events())
    return found


def test_a_first_start_says_that_there_was_nothing(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    assert opened.keep((second(1, "one"),))
    start, gap = opened.take_events()
    assert isinstance(start, Start)
    assert start.kernel_boot == "system"
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.after) == (GapReason.NEW_JOURNAL, None)
    assert opened.take_events() == []


def test_how_a_run_ended_is_known_to_the_next_one(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    opened.keep((second(1, "one"), second(2, "one")))
    opened.close()
    found = first_gap(tmp_path, "two")
    assert found.reason is GapReason.STOPPED
    assert found.after is not None
    assert (found.after.boot, found.after.sequence) == ("one", 2)
    assert found.duration_s == 97.0
    # the second run has not closed: killed, or without power
    assert first_gap(tmp_path, "three").reason is GapReason.RESTART
    assert first_gap(tmp_path, "four", "another run of the system").reason is GapReason.POWER_OFF
    opened = keeper(tmp_path, "five", "another run of the system")
    opened.keep((second(1, "five"),))
    opened.close()
    found = first_gap(tmp_path, "six", "a third run of it")
    assert (found.reason, found.duration_s) == (GapReason.SHUT_DOWN, None)


def test_changed_settings_are_told_by_the_next_run(tmp_path: Path) -> None:
    keeper(tmp_path, "one", main_fuse_a="25.0").close()
    opened = keeper(tmp_path, "two", main_fuse_a="35.0")
    events = opened.take_events()
    opened.close()
    [changed] = [one for one in events if isinstance(one, Configuration)]
    assert [(one.name, one.before, one.after) for one in changed.changes] == [("main_fuse_a", "25.0", "35.0")]
    opened = keeper(tmp_path, "three", main_fuse_a="35.0")
    opened.close()
    assert len(keeper(tmp_path, "four", main_fuse_a="35.0").take_events()) == 1


def test_settings_that_are_taken_up_are_told_once_and_not_again_by_the_next_run(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one", main_fuse_a="25.0")
    changed = opened.take_up({"main_fuse_a": "35.0"}, 10.0)
    assert changed is not None
    assert [(one.name, one.before, one.after) for one in changed.changes] == [("main_fuse_a", "25.0", "35.0")]
    assert opened.take_up({"main_fuse_a": "35.0"}, 10.0) is None
    opened.note("event", {})
    opened.close(in_order=False)
    events = keeper(tmp_path, "two", main_fuse_a="35.0").take_events()
    assert not [one for one in events if isinstance(one, Configuration)]
    events = keeper(tmp_path, "three", main_fuse_a="25.0").take_events()
    assert len([one for one in events if isinstance(one, Configuration)]) == 1


def test_what_a_full_medium_cost_is_told_when_it_takes_something_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "journal.sqlite").mkdir()  # nothing can be opened there
    opened = keeper(folder, "one")
    for number in range(1, 1001):
        assert not opened.keep((second(number, "one"),))
    assert not opened.note("event", {"number": 1})
    (folder / "journal.sqlite").rmdir()
    assert opened.keep((second(1001, "one"),))
    kept = [one.sequence for one in JournalReader(folder / "journal.sqlite").readings(0, 5000)]
    assert kept == list(range(102, 1002))
    # the first hundred never were in this run's journal: it begins behind them
    *_, gap = gaps(opened.take_events())
    assert gap.before is not None
    assert (gap.reason, gap.before.sequence) == (GapReason.NEW_JOURNAL, 102)
    events = JournalReader(folder / "journal.sqlite").notes(0, 10, "event")
    assert [one.body for one in events] == [{"number": 1}], "it waited"


def test_a_journal_that_is_set_aside_is_a_gap(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    opened.keep(tuple(second(number, "one") for number in range(1, 100)))
    opened.close()
    (tmp_path / "journal.sqlite").write_bytes(b"no journal any more" * 1000)
    (tmp_path / "journal.sqlite-wal").unlink(missing_ok=True)
    found = first_gap(tmp_path, "two")
    assert (found.reason, found.after) == (GapReason.JOURNAL_DAMAGED, None)


def test_a_run_that_kept_its_first_readings_nowhere_says_that(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    opened.keep((second(1, "one"),))
    opened.close()
    opened = keeper(tmp_path, "two")
    assert opened.keep((second(700, "two"),))
    [gap] = gaps(opened.take_events())
    assert gap.reason is GapReason.STORAGE_FULL


def test_a_run_of_which_there_is_no_note_ended_nobody_knows_how(tmp_path: Path) -> None:
    keeper(tmp_path, "zero").close()
    opened = keeper(tmp_path, "one")
    opened.keep((second(1, "one"),))
    assert opened._journal is not None
    opened._journal._database.execute("DELETE FROM note WHERE boot = 'one'")
    assert first_gap(tmp_path, "two").reason is GapReason.UNKNOWN


def test_a_run_that_a_fault_ended_has_not_ended_in_order(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    opened.keep((second(1, "one"),))
    opened.close(in_order=False)
    assert first_gap(tmp_path, "two").reason is GapReason.RESTART


def test_a_gap_is_noted_before_the_reading_behind_it_is_kept(tmp_path: Path) -> None:
    kept: list[int] = []
    found = JournalReader(tmp_path / "journal.sqlite")
    places, run = Places(tmp_path, tmp_path, None), Run("one", "system", {})
    opened = Keeper(places, run, lambda *_: kept.append(found.last_position()), LOGGER)
    assert opened.keep((second(1, "one"),))
    assert kept == [0]
    opened.close()


def test_notes_that_the_medium_damaged_cost_the_journal_and_not_the_measuring(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    opened.keep(tuple(second(number, "one") for number in range(1, 100)))
    opened.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        wanted = "SELECT rootpage FROM sqlite_master WHERE name IN ('note', 'note_by_kind')"
        roots = [page for (page,) in database.execute(wanted)]
    content = bytearray((tmp_path / "journal.sqlite").read_bytes())
    for page in roots:
        content[1024 * (page - 1) : 1024 * page] = b"\xa5" * 1024
    (tmp_path / "journal.sqlite").write_bytes(content)
    opened = keeper(tmp_path, "two")
    assert opened.keep((second(1, "two"),))
    assert [one.reason for one in gaps(opened.take_events())] == [GapReason.JOURNAL_DAMAGED]
    assert (tmp_path / "journal.sqlite.damaged-1").exists()


def test_however_long_a_journal_takes_nothing_its_gap_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_WAITING_READINGS", 5)
    opened = keeper(tmp_path, "one")
    assert opened.keep((second(1, "one"),))
    opened.take_events()

    def full(_self: object, _readings: object) -> None:
        raise JournalFault("no room")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(JournalWriter, "append", full)
        assert not any(opened.keep((second(number, "one"),)) for number in range(2, 22))
        assert gaps(opened.take_events()) == []
    assert opened.keep((second(22, "one"),))
    [gap] = gaps(opened.take_events())
    assert (gap.reason, gap.after and gap.after.sequence, gap.before.sequence) == (GapReason.STORAGE_FULL, 1, 18)


class Looks(JournalWriter):
    """A journal of which something happens at one of the first looks into it."""

    before = 0
    happens: Callable[[JournalWriter], None] = staticmethod(lambda _: None)

    def looked(self) -> None:
        Looks.before -= 1
        if Looks.before == 0:
            Looks.happens(self)

    def latest(self, interval: Interval) -> Mapping[str, Json] | None:
        self.looked()
        return super().latest(interval)

    def latest_note(self, kind: str, boot: str | None = None) -> Mapping[str, Json] | None:
        self.looked()
        return super().latest_note(kind, boot)


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = keeper(tmp_path, "one", main_fuse_a="25.0")
    opened.keep(tuple(second(number, "one") for number in range(1, 61)))
    opened.close()
    monkeypatch.setattr(keeping, "JournalWriter", Looks)


EARLY = range(len(Interval) + 1, len(Interval) + 4)
"""Looks behind those of opening, one into each interval."""


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("look", EARLY)
def test_a_start_that_could_not_read_the_journal_is_told_once_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    def fails(_: JournalWriter) -> None:
        raise JournalFault("the medium answers nothing")

    monkeypatch.setattr(Looks, "before", look)
    monkeypatch.setattr(Looks, "happens", staticmethod(fails))
    opened = keeper(tmp_path, "two", main_fuse_a="35.0")
    for number in range(1, 4):
        opened.keep((second(number, "two"),))
    assert Looks.before <= 0, "it was looked"
    events = opened.take_events()
    assert [type(one) for one in events] == [Start, Configuration, Gap]
    runs = JournalReader(tmp_path / "journal.sqlite").notes(0, 99, "run")
    assert [one.boot for one in runs] == ["one", "one", "two"]


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("look", EARLY)
def test_a_look_that_sets_the_journal_aside_leaves_nothing_to_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    monkeypatch.setattr(Looks, "before", look)
    monkeypatch.setattr(Looks, "happens", staticmethod(JournalWriter.replace))
    opened = keeper(tmp_path, "two", main_fuse_a="35.0")
    opened.keep((second(1, "two"),))
    assert Looks.before <= 0, "it was looked"
    start, gap = opened.take_events()
    assert isinstance(start, Start)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.after, gap.before and gap.before.boot) == (GapReason.JOURNAL_DAMAGED, None, "two")


def test_what_was_kept_before_readings_stop_coming_goes_on_the_medium(tmp_path: Path) -> None:
    opened = keeper(tmp_path, "one")
    assert opened.keep((second(1, "one"),))
    given = JournalReader(tmp_path / "journal.sqlite", durable=True)
    opened.settle()
    assert given.readings(0, 9) == [], "not each time: flash memory wears"
    opened.take_up({}, 0.0)
    opened.settle()
    opened.settle()
    assert [one.sequence for one in given.readings(0, 9)] == [1]


def test_a_destination_that_wants_batches_sooner_has_them_on_the_medium_sooner(tmp_path: Path) -> None:
    slow = Settings(mqtt=MqttSettings(host="broker", port=1883))
    quick = replace(slow, https=HttpsSettings(url="https://cloud", batch_s=2.0))
    assert [sync_interval_s(one) for one in (Settings(), slow, quick)] == [10.0, 10.0, 2.0]
    places, run = Places(tmp_path, tmp_path, None), Run("one", "system", {}, sync_interval_s=0.0)
    opened = Keeper(places, run, lambda *_: None, LOGGER)
    for sequence in (1, 2, 3):
        assert opened.keep((second(sequence, "one"),))
    given = JournalReader(tmp_path / "journal.sqlite", durable=True)
    assert [one.sequence for one in given.readings(0, 9)] == [1, 2]
    opened.take_up({}, 60.0)
    for sequence in (4, 5, 6):
        assert opened.keep((second(sequence, "one"),))
    assert [one.sequence for one in given.readings(0, 9)] == [1, 2, 3]
    opened.close()
