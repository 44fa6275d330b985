"""A factory reset wipes exactly what its table says, at whatever instant the power fails on the way."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.services import factory_reset
from ampguard.services.factory_reset import MARK, NETWORK_NOTE, ask, perform, withdraw
from ampguard.services.factory_reset_table import KEPT_PATHS, ROWS, Fate, Row

FULL = (
    "settings.toml",
    "settings-history.jsonl",
    "journal.sqlite",
    "journal.sqlite-wal",
    "journal.sqlite-hot",
    "counters.json",
    "uplink-mqtt.json",
    "wiring/evidence.json",
    "wiring/history.json",
    "certificates-1/unit.key",
    "certificates-asked.key",
    "identity/report.key",
    "identity/card.json",
    "identity/web-own.pem",
    "identity/web-installed.pem",
    "network/last_join.json",
    "web/tokens.json",
    "web/access.jsonl",
    "lost+found/inode",
    "something/of/a/later/version",
    ".hidden",
)


class Cut(BaseException):
    """The power fails."""


class _Power:
    """Fails before the n-th change that is made to the file system."""

    changes = frozenset(("os.rename", "os.remove", "os.rmdir", "os.mkdir", "open"))

    def __init__(self) -> None:
        self.left: int | None = None
        sys.addaudithook(self._before)

    def _before(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.left is None or event not in self.changes:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        if self.left == 0:
            self.left = None
            raise Cut
        self.left -= 1

    def cut_after(self, changes: int, data: Path) -> bool:
        """Whether it failed."""
        self.left = changes
        try:
            perform(data)
        except Cut:
            return True
        finally:
            self.left = None
        return False


POWER = _Power()


def filled(folder: Path, names: tuple[str, ...] = FULL) -> Path:
    data = folder / "data"
    data.mkdir()
    for name in names:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}")
    if (data / "certificates-1").is_dir():
        (data / "certificates").symlink_to("certificates-1")
    return data


def content(data: Path) -> dict[str, str]:
    return {
        path.relative_to(data).as_posix(): path.read_text()
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def kept(name: str) -> bool:
    parts = name.split("/")
    return any(fnmatchcase("/".join(parts[: number + 1]), path) for number in range(len(parts)) for path in KEPT_PATHS)


def wanted(names: tuple[str, ...], note: str) -> dict[str, str]:
    return {**{name: f"this is {name}" for name in names if kept(name)}, NETWORK_NOTE: note}


def test_exactly_what_the_table_keeps_is_there_afterwards(tmp_path: Path) -> None:
    data = filled(tmp_path)
    ask(data, "a test")
    note = (data / MARK).read_text()
    assert perform(data)
    assert content(data) == wanted(FULL, note)
    assert set(content(data)) == {
        "counters.json",
        "identity/report.key",
        "identity/card.json",
        "identity/web-own.pem",
        "lost+found/inode",
        "network/factory-reset",
    }
    assert not os.path.lexists(data / "certificates"), "nor a link to what is gone"
    assert json.loads(note)["who"] == "a test"


@pytest.mark.parametrize("row", [row for row in ROWS if row.paths], ids=lambda row: row.what)
def test_each_line_of_the_table_is_true(tmp_path: Path, row: Row) -> None:
    names = tuple(path.replace("*", "-and-more") for path in row.paths)
    data = filled(tmp_path, names)
    ask(data, "a test")
    perform(data)
    for name in names:
        assert (data / name).is_file() == (row.fate is Fate.KEPT)


def test_without_being_asked_nothing_happens(tmp_path: Path) -> None:
    data = filled(tmp_path)
    before = content(data)
    assert not perform(data)
    assert content(data) == before
    ask(data, "a test")
    withdraw(data)
    assert not perform(data)
    assert content(data) == before


def test_done_twice_is_done_once_and_what_the_next_owner_makes_stays(tmp_path: Path) -> None:
    data = filled(tmp_path)
    ask(data, "a test")
    perform(data)
    (data / "settings.toml").write_text("main_fuse_a = 35.0\n")
    after = content(data)
    assert not perform(data)
    assert content(data) == after


def test_at_every_instant_the_power_may_fail_once(tmp_path: Path) -> None:
    cuts = 0
    while True:
        folder = tmp_path / str(cuts)
        folder.mkdir()
        data = filled(folder)
        ask(data, "a test")
        note = (data / MARK).read_text()
        failed = POWER.cut_after(cuts, data)
        assert {name: text for name, text in content(data).items() if kept(name)} == {
            name: f"this is {name}" for name in FULL if kept(name)
        }
        if not (data / MARK).exists():
            # as new already: nothing of before under its name, whatever has still to be deleted
            assert {name for name in content(data) if not name.startswith("wiped.")} == set(wanted(FULL, note))
        perform(data)
        assert content(data) == wanted(FULL, note)
        if not failed:
            break
        cuts += 1
    assert cuts > len(FULL), "it was cut at each step"


_names = st.text("abc.*[]+é \n", min_size=1, max_size=6).filter(lambda name: name not in {".", ".."})
_trees = st.lists(
    st.one_of(st.sampled_from(FULL), st.lists(_names, min_size=1, max_size=3).map("/".join)), max_size=12, unique=True
).filter(lambda names: not any(one != other and other.startswith(f"{one}/") for one in names for other in names))


@settings(max_examples=60, deadline=None)
@given(_trees, st.lists(st.integers(0, 30), max_size=6))
def test_whatever_lies_there_and_however_often_the_power_fails(names: list[str], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = filled(Path(folder), tuple(names))
        ask(data, "a test")
        note = (data / MARK).read_text()
        for changes in cuts:
            POWER.cut_after(changes, data)
        perform(data)
        assert content(data) == wanted(tuple(names), note)


def test_a_link_goes_and_what_it_leads_to_is_nobody_s_business(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.key").write_text("of somebody else")
    (elsewhere / "photo").write_text("of somebody else")
    data = filled(tmp_path, ("settings.toml",))
    for name in ("identity", "web"):
        (data / name).symlink_to(elsewhere)
    ask(data, "a test")
    perform(data)
    assert sorted(path.name for path in data.iterdir()) == ["network"]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["photo", "report.key"]


def test_what_cannot_be_deleted_is_told_and_hinders_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = filled(tmp_path)
    ask(data, "a test")

    def refuse(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        with pytest.raises(SetupError, match=r"cannot delete wiped\.\d"):
            perform(data)
    assert not (data / MARK).exists()
    assert not (data / "wiring").exists()
    perform(data)
    assert list(data.glob("wiped.*")) == []


def test_the_command_is_silent_unless_asked_and_refuses_under_running_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = filled(tmp_path), tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv("AMPGUARD_DATA", str(data))
    monkeypatch.setenv("AMPGUARD_RUN", str(run))
    assert factory_reset.main(["--if-asked"]) == 0
    assert capsys.readouterr().out == ""
    assert factory_reset.main(["--ask"]) == 0
    capsys.readouterr()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as meter:
        monkeypatch.chdir(run)  # a socket's path is short
        meter.bind("live.sock")
        meter.listen()
        with pytest.raises(SetupError, match=r"before the unit's processes start, met live\.sock"):
            factory_reset.main(["--if-asked"])
    assert (data / "settings.toml").exists()
    # the socket file of a meter that is gone is no meter
    assert factory_reset.main(["--if-asked"]) == 0
    assert capsys.readouterr().out == "factory reset: done\n"
    assert not (data / "settings.toml").exists()


def test_a_wish_that_cannot_be_kept_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be kept: No such file"):
        ask(tmp_path / "nowhere", "a test")


def test_the_list_names_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert factory_reset.main(["--list"]) == 0
    said = capsys.readouterr().out
    for row in ROWS:
        assert f"{row.fate}  {row.what}: {row.why}" in said
