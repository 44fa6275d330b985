"""A journal that is replaced while the meter runs: what that cost is told, with its right end, whatever is killed."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.journal.made import reading
from tests.ampguard.journal.spoiled import spoil

from ampguard.events import Gap
from ampguard.journal.reader import JournalReader
from ampguard.readings import Reading, as_json
from ampguard.services.keeping import Keeper, Run
from ampguard.settings.places import Places

LOGGER = logging.getLogger("test")
ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from ampguard.journal import writer as journal
from ampguard.services.keeping import Keeper
from tests.ampguard.journal.made import reading
from tests.ampguard.journal.spoiled import spoil
from tests.ampguard.services.test_replaced import Noted

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def killed_after(owner, name):
    does = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: kill(does(*given, **named)))

folder, where = Path(sys.argv[1]), sys.argv[2]
one = Noted(folder, "one")
for number in range(1, 120):
    assert one.keep(number)
spoil(folder / "journal.sqlite", one.journal, "block")
match where:
    case "no new file yet":
        killed_after(journal, "set_aside")
    case "new file, empty":
        killed_after(journal, "connected")
    case "new file, adopted":
        killed_after(journal.JournalWriter, "replace")
    case "kept":
        killed_after(journal.JournalWriter, "append")
    case "noted":
        journal.JournalWriter.explained = kill
one.keep(120)
sys.exit("nothing killed it")
"""


@dataclass
class Noted:
    """A run of the meter that notes each gap in its journal."""

    folder: Path
    boot: str

    def __post_init__(self) -> None:
        self.keeper = Keeper(Places(self.folder, self.folder, None), Run(self.boot, "system", {}), self.tell, LOGGER)

    def tell(self, _: Reading, gap: Gap) -> None:
        self.keeper.note("event", as_json(gap))

    def keep(self, number: int) -> bool:
        return self.keeper.keep((reading(number, boot=self.boot),))

    @property
    def journal(self) -> Any:
        return self.keeper._journal

    @property
    def kept(self) -> list[tuple[str, int]]:
        return [(one.boot, one.sequence) for one in JournalReader(self.folder / "journal.sqlite").readings(0, 9999)]

    @property
    def gaps(self) -> list[tuple[str, int | None, int]]:
        """As they stand in the journal."""
        found: list[Any] = [one.body for one in JournalReader(self.folder / "journal.sqlite").notes(0, 99, "event")]
        return [(gap["reason"], gap["after"] and gap["after"]["sequence"], gap["before"]["sequence"]) for gap in found]


@pytest.fixture
def left() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def run(left: ExitStack, folder: Path, boot: str) -> Noted:
    opened = Noted(folder, boot)
    left.callback(lambda: opened.keeper.close(in_order=False))
    return opened


def test_what_a_replacement_cost_is_told_in_the_same_call_and_before_what_was_adopted(
    tmp_path: Path, left: ExitStack
) -> None:
    one = run(left, tmp_path, "one")
    for number in range(1, 120):
        one.keep(number)
    spoil(tmp_path / "journal.sqlite", one.journal, "block")
    assert one.keep(120), "a block is due"
    assert one.kept == [("one", number) for number in range(61, 121)]
    assert one.gaps == [("journal_damaged", None, 61)]
    for number in range(121, 130):
        one.keep(number)
    assert one.gaps == [("journal_damaged", None, 61)], "once"


def test_an_event_that_meets_the_damage_is_kept_and_the_loss_told_with_the_next_reading(
    tmp_path: Path, left: ExitStack
) -> None:
    one = run(left, tmp_path, "one")
    for number in range(1, 61):
        one.keep(number)
    spoil(tmp_path / "journal.sqlite", one.journal, "note")
    assert one.keeper.note("fault", {"code": "X"})
    assert (one.gaps, one.kept) == ([], [])
    one.keep(61)
    assert one.gaps == [("journal_damaged", None, 61)]
    assert [note.body for note in JournalReader(tmp_path / "journal.sqlite").notes(0, 9, "fault")] == [{"code": "X"}]


def test_the_next_run_knows_how_the_one_ended_whose_journal_was_replaced(tmp_path: Path) -> None:
    with ExitStack() as left:
        one = run(left, tmp_path, "one")
        for number in range(1, 120):
            one.keep(number)
        spoil(tmp_path / "journal.sqlite", one.journal, "block")
        one.keep(120)
    with ExitStack() as left:
        two = run(left, tmp_path, "two")
        two.keep(1)
        assert two.gaps == [("journal_damaged", None, 61), ("restart", 120, 1)]


def test_a_second_replacement_is_told_too(tmp_path: Path, left: ExitStack) -> None:
    one = run(left, tmp_path, "one")
    for number in range(1, 240):
        if number in {120, 180}:
            spoil(tmp_path / "journal.sqlite", one.journal, "block")
        one.keep(number)
    assert one.gaps == [("journal_damaged", None, 121)]
    assert one.kept[0] == ("one", 121)


@pytest.mark.parametrize(
    ("where", "last"),
    [
        ("no new file yet", 119),
        ("new file, empty", 119),
        ("new file, adopted", 120),
        ("kept", 120),
        ("noted", 120),
    ],
)
def test_a_kill_leaves_nothing_unexplained_whenever_it_comes(
    tmp_path: Path, left: ExitStack, where: str, last: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, where], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    two = run(left, tmp_path, "two")
    for number in range(1, 4):
        two.keep(number)
    assert two.kept[0] == ("one", 61), "what was not sealed is there"
    assert two.kept[-4:] == [("one", last), ("two", 1), ("two", 2), ("two", 3)]
    assert set(two.gaps) - {("unknown", last, 1), ("restart", last, 1)} == {("journal_damaged", None, 61)}
    assert {before for _, after, before in two.gaps if after == last} == {1}
    told = two.gaps
    left.close()
    three = run(left, tmp_path, "three")
    three.keep(1)
    assert three.gaps == [*told, ("restart", 3, 1)], "once and for all"


def test_a_new_file_beside_what_another_one_left_says_that_it_replaces_that(tmp_path: Path, left: ExitStack) -> None:
    one = run(left, tmp_path, "one")
    for number in range(1, 31):
        one.keep(number)
    left.close()
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"journal.sqlite{suffix}").unlink(missing_ok=True)
    two = run(left, tmp_path, "two")
    two.keep(1)
    assert two.gaps == [("journal_damaged", None, 1)]
