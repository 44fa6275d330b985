"""The settings file changes while a process runs: what it says is told once, what is broken or half written never."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger("test")
START = "main_fuse_a = 63.0\n"
SWAPPED = '[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n'
CLAMPS = Phases(Clamp(Phase.L2), Clamp(Phase.L1), Clamp(Phase.L3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(START)
    return path


def put(path: Path, text: str) -> None:
    """As a careful editor does: another file in its place, so that no version is taken for another one."""
    partial = path.with_suffix(".written")
    partial.write_text(text)
    partial.replace(path)


def watch(path: Path) -> SettingsWatch:
    return SettingsWatch(path, load(path), LOG)


def looks(watched: SettingsWatch, count: int = 3) -> list[Settings]:
    return [found for _ in range(count) if (found := watched.look()) is not None]


def test_a_file_that_stays_is_no_news(path: Path) -> None:
    assert looks(watch(path), 9) == []


def test_what_is_set_otherwise_is_told_once_and_as_a_whole(path: Path) -> None:
    watched = watch(path)
    put(path, START.replace("63", "35") + SWAPPED)
    (found,) = looks(watched)
    assert found == Settings(main_fuse_a=35.0, wiring=Assignment(CLAMPS))
    assert looks(watched) == []
    put(path, START)
    (back,) = looks(watched)
    assert back.assignment == AS_LABELLED


def test_a_file_that_is_being_written_is_not_read(path: Path) -> None:
    path.write_text(START + SWAPPED)
    watched = watch(path)
    looks(watched)
    for text in (START, START + "[wiring.clamps]\n", START + '[wiring.clamps]\nl1 = "L3"\nl3 = "L1"\n'):
        put(path, text)
        assert watched.look() is None
    (found,) = looks(watched)
    assert found.assignment.clamps.l1 == Clamp(Phase.L3)


def test_what_was_written_between_the_start_and_the_first_look_is_read(path: Path) -> None:
    settings = load(path)
    put(path, START + SWAPPED)
    assert len(looks(SettingsWatch(path, settings, LOG))) == 1


@pytest.mark.parametrize(
    "broken", ["main_fuse_a = ", '[wiring.clamps]\nl1 = "L2"\n', "main_fuse_a = -1\n" + SWAPPED, "[wiring]\nelse = 1\n"]
)
def test_a_broken_file_is_one_sentence_and_nothing_else(
    path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    watched = watch(path)
    looks(watched)
    put(path, broken)
    assert looks(watched, 9) == []
    (said,) = caplog.messages
    assert "the settings that are in force count on" in said
    put(path, START + SWAPPED)
    assert len(looks(watched)) == 1


def test_a_file_that_goes_is_one_sentence_and_nothing_else(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(path, START + SWAPPED)
    watched = watch(path)
    looks(watched)
    path.unlink()
    assert looks(watched, 9) == []
    (said,) = caplog.messages
    assert "is gone" in said
    put(path, START + SWAPPED)
    assert looks(watched) == []


def test_no_file_is_a_unit_that_nobody_has_set_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "settings.toml"
    watched = watch(path)
    assert looks(watched) == []
    assert caplog.messages == []
    put(path, SWAPPED)
    assert len(looks(watched)) == 1


def test_a_comment_is_no_news(path: Path) -> None:
    watched = watch(path)
    put(path, f"# a word\n{START}")
    assert looks(watched) == []


def test_what_does_not_go_together_is_refused_as_a_whole(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text('grid_type = "single-phase"\nvoltage_terminals = ["L1"]\n')
    watched = watch(path)
    looks(watched)
    put(path, path.read_text() + '[wiring.voltages]\nl1 = "L2"\nl2 = "L1"\n')
    assert looks(watched) == []
    assert "a single-phase grid is wired to L1, met L1 (with what [wiring] says of them)" in caplog.text
