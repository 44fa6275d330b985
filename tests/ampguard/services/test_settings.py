"""`ampguard settings show, set, undo, export, import, history`."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.settings.wanted import OWNERS

from ampguard.live.publisher import Publisher
from ampguard.phases import Phase
from ampguard.services import cli, settings
from ampguard.settings.described import SETTINGS
from ampguard.settings.settings import load
from ampguard.settings.values import mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    path = tmp_path / "settings.toml"
    path.write_text(OWNERS)
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.main(["settings", *words])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_what_is_set_is_shown_without_secrets(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(capsys, "show")
    assert code == 0
    assert [line.split(maxsplit=1) for line in told.splitlines()] == [
        ["main_fuse_a", "63 A"],
        ["generation_on_site", "false"],
        ["mqtt.host", "broker.example"],
        ["mqtt.password", "(set)"],
        ["commands.allow", "ping"],
    ]
    assert said(capsys, "show", "grid_type")[1].split() == ["grid_type", "-"]
    assert said(capsys, "show", "fuse") == (
        2, "ampguard: fuse: no such setting; `ampguard settings --help` lists them\n",
    )  # fmt: skip
    assert path.read_text() == OWNERS


def test_settings_are_changed_and_taken_back(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(
        capsys, "set", "main_fuse_a=35", "voltage_terminals=L1, L2,L3", "commands.allow=none", "mqtt.port=1"
    )
    assert code == 0, told
    assert "main_fuse_a: 63 -> 35\n" in told
    assert "The meter does not run: it counts from its next start on.\n" in told
    found = load(path)
    assert (found.main_fuse_a, found.voltage_terminals, found.commands) == (35.0, frozenset(Phase), frozenset())
    assert said(capsys, "set", "main_fuse_a=35") == (0, "nothing to change\n")
    assert said(capsys, "set", "main_fuse_a=")[0] == 0
    assert load(path).main_fuse_a is None
    assert "takes back 2" not in said(capsys, "history")[1]
    assert said(capsys, "undo")[1].startswith("taken back: change 2\n      main_fuse_a: - -> 35\n")
    assert said(capsys, "undo")[1].startswith("taken back: change 1\n")
    assert path.read_text() == OWNERS
    code, told = said(capsys, "undo")
    assert code == 2
    assert "wanted a change to undo, met none" in told
    assert "by command, takes back 2" in said(capsys, "history")[1]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("main_fuse_a", "wanted KEY=VALUE, as in main_fuse_a=35, met main_fuse_a"),
        ("main_fuse_a=much", 'main_fuse_a: wanted a number, met "much"'),
        ("main_fuse_a=nan", "main_fuse_a: wanted a number from 1 to 1000, met nan"),
        ("generation_on_site=yes", 'generation_on_site: wanted true or false, met "yes"'),
        ("mqtt.port=1.5", "mqtt.port: wanted a whole number from 1 to 65535, met 1.5"),
        ("mqtt.host=", "mqtt.host: wanted the broker's name or address, met nothing"),
        ("grid_type=delta", "grid_type: wanted one of three-phase, single-phase, split-phase, it, met 'delta'"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    path: Path, capsys: pytest.CaptureFixture[str], word: str, sentence: str
) -> None:
    code, told = said(capsys, "set", word)
    assert code == 2
    assert sentence in told
    assert told.count("\n") == 1
    assert path.read_text() == OWNERS


def test_a_secret_can_come_from_standard_input(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ses=ame\n"))
    code, told = said(capsys, "set", "mqtt.password=-")
    assert (code, "ses=ame" in told) == (0, False)
    broker = load(path).mqtt
    assert broker is not None
    assert broker.password == "ses=ame"
    assert "ses=ame" not in repr(broker)


def test_an_export_goes_to_another_unit_and_its_secrets_stay(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "export.toml"
    assert said(capsys, "export", str(file)) == (0, "")
    assert said(capsys, "export")[1] == file.read_text()
    assert "secret" not in file.read_text()
    path.write_text('main_fuse_a = 16\n[mqtt]\nhost = "other"\npassword = "its own"\n')
    assert said(capsys, "import", str(file))[0] == 0
    found = load(path)
    assert found.mqtt is not None
    assert (found.main_fuse_a, found.mqtt.host, found.mqtt.password) == (63.0, "broker.example", "its own")
    file.write_text("main_fuse_a = 0\n")
    assert said(capsys, "import", str(file))[0] == 2
    assert said(capsys, "import", str(tmp_path / "none"))[0] == 2


@contextlib.contextmanager
def meter(folder: Path) -> Iterator[None]:
    """It says which version of the file it has in force."""
    feed, ended = Publisher(folder / "live.sock"), threading.Event()

    def tell() -> None:
        while not ended.wait(0.02):
            feed.publish("status", {"settings": mark((folder / "settings.toml").read_bytes())})

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        feed.close()


def test_it_is_said_when_the_meter_has_taken_it_up(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with meter(path.parent):
        assert "The meter has taken it up.\n" in said(capsys, "set", "main_fuse_a=35")[1]
    monkeypatch.setattr(settings, "TAKEN_UP_S", 0.3)
    monkeypatch.setattr("tests.ampguard.services.test_settings.mark", lambda _: "another version")
    with meter(path.parent):
        assert "has not taken it up yet; its log says why.\n" in said(capsys, "undo")[1]


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["settings", "--help"])
    told = capsys.readouterr().out
    assert [key for key, one in SETTINGS.items() if f"  {key} " not in told or one.sentence not in told] == []
