"""The settings file after a command has changed the wiring in it: everything else is as the owner wrote it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.wiring.test_mending import assignments

from ampguard.errors import SetupError
from ampguard.phases import Phase, Phases
from ampguard.settings import editing
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.editing import edited, set_wiring
from ampguard.settings.settings import load

if TYPE_CHECKING:
    from pathlib import Path

SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)))
BOTH = Assignment(SWAPPED.clamps, Phases(Phase.L2, Phase.L1, Phase.L3))
OWNERS = """\
# Smith, cellar

main_fuse_a    = 63.0 # as on the fuse
generation_on_site = false
[mqtt]   # ours
host = "broker.example"
# password = "old one"
password = "secret"

[commands]
allow = [
  "ping",   # they ask every hour
]
"""
WIRINGS = [
    "",
    "[wiring]\n",
    '[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n',
    '[wiring]\nclamps = {l1 = "L2", l2 = "L1"}\n',
    '[wiring.voltages]\nl3 = "L3"\n\n[wiring.clamps]\n',
    '[wiring] # why: see the letter\n# moved\nclamps.l1 = "L2"\nclamps.l2 = "L1" # swapped\n',
    '[wiring]\nclamps = {l1 = "L2", l2 = "L1"} # swapped\n\n# what comes now:\n',
]
texts = st.builds(
    lambda wiring, newline: (OWNERS.replace("[mqtt]", f"{wiring}[mqtt]"), newline),
    st.sampled_from(WIRINGS),
    st.sampled_from(["\n", "\r\n"]),
)


def other_lines(text: str) -> list[str]:
    """All that is not the wiring's; comments stay, wherever they are."""
    found, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.startswith("[wiring")
        if line.strip() and (not inside or line.startswith("#")):
            found.append(line)
    return sorted(found)


@settings(deadline=None)
@given(text=texts, first=assignments, second=assignments)
def test_the_wiring_is_set_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory, text: tuple[str, str], first: Assignment, second: Assignment
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    written = text[0].replace("\n", text[1])
    path.write_bytes(written.encode())
    for wanted in (first, second, AS_LABELLED, first):
        set_wiring(path, wanted)
        assert load(path).assignment == wanted
        now = path.read_bytes().decode()
        assert other_lines(now) == other_lines(written)
        assert now.count("#") == written.count("#")
        others = {key: value for key, value in tomllib.loads(now.replace("\r\n", "\n")).items() if key != "wiring"}
        assert others == {key: value for key, value in tomllib.loads(text[0]).items() if key != "wiring"}


def test_what_is_written_is_what_a_person_would_write() -> None:
    assert edited("main_fuse_a = 63.0\n", SWAPPED) == (
        'main_fuse_a = 63.0\n\n[wiring.clamps]\nl1 = "L2"\nl2 = "L1 reversed"\nl3 = "L3"\n'
    )
    assert edited(OWNERS, AS_LABELLED) == OWNERS


def test_a_hundred_changes_do_not_make_the_file_grow() -> None:
    text = once = edited(edited(OWNERS, BOTH), AS_LABELLED)
    for _ in range(100):
        text = edited(edited(text, BOTH), AS_LABELLED)
    assert text == once


def test_a_new_file_is_for_its_owners_eyes_only_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    set_wiring(path, SWAPPED)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    set_wiring(path, BOTH)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["settings.toml"]


def test_what_a_link_leads_to_is_changed_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.toml").write_text(OWNERS)
    link = tmp_path / "settings.toml"
    link.symlink_to(tmp_path / "real" / "a.toml")
    set_wiring(link, SWAPPED)
    assert link.is_symlink()
    assert load(tmp_path / "real" / "a.toml").assignment == SWAPPED


@pytest.mark.parametrize(
    "text",
    [
        "main_fuse_a = ",
        "main_fuse_a = -1\n",
        'wiring.clamps.l1 = "L2"\nwiring.clamps.l2 = "L1"\nmain_fuse_a = 63.0\n',
        'voltage_terminals = ["L1"]\ngrid_type = "single-phase"\n',
    ],
)
def test_what_cannot_be_changed_alone_stays_as_it_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SetupError, match="settings"):
        set_wiring(path, BOTH)
    assert path.read_text() == text
    assert [one.name for one in tmp_path.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize("written", ["main_fuse_a = 35.0\n" + edited("", BOTH), "main_fuse_a = 63.0\n"])
def test_whatever_the_library_writes_what_is_not_wanted_does_not_come_into_the_files_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("main_fuse_a = 63.0\n")
    monkeypatch.setattr(editing, "edited", lambda *_: written)
    with pytest.raises(SetupError, match="without changing more: edit it by hand"):
        set_wiring(path, BOTH)
    assert path.read_text() == "main_fuse_a = 63.0\n"


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be changed"):
        set_wiring(tmp_path / "nowhere" / "settings.toml", SWAPPED)
