"""Settings that a newer software wrote: what the one before does with them when it runs again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ampguard.services import update
from ampguard.services.update import RELEASE
from ampguard.settings.settings import load
from ampguard.update import before, state, trial
from ampguard.update.state import State, Told
from ampguard.update.trial import Trial

SETTINGS = 'main_fuse_a = 63.0\n[mqtt]\nhost = "broker.example"\npassword = "secret"\n'
NEWER = SETTINGS.replace("63.0", "50.0") + "[tariff]\nprovider = 3\n"
GROUP = 'name = "Garage"\ndevice = "gG"\nmax_offline_a = 20.0\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "update").mkdir(parents=True)
    (made / "settings.toml").write_text(SETTINGS)
    return made


def test_what_cannot_be_read_is_as_before_and_what_was_set_since_stays_beside_it(data: Path) -> None:
    before.keep(data)
    (data / "settings.toml").write_text(NEWER)
    assert before.put_back(data) == ["settings.toml"]
    assert (data / "settings.toml").read_text() == SETTINGS
    assert (data / "settings.toml.newer").read_text() == NEWER
    assert load(data / "settings.toml").main_fuse_a == 63.0


def test_what_can_be_read_stays_as_somebody_set_it(data: Path) -> None:
    before.keep(data)
    (data / "settings.toml").write_text(SETTINGS.replace("63.0", "50.0"))
    (data / "group.toml").write_text(GROUP)
    assert before.put_back(data) == []
    assert load(data / "settings.toml").main_fuse_a == 50.0
    assert (data / "group.toml").read_text() == GROUP


def test_a_file_that_there_was_not_goes(data: Path) -> None:
    before.keep(data)
    (data / "group.toml").write_text(f"{GROUP}sharing = 7\n")
    assert before.put_back(data) == ["group.toml"]
    assert not (data / "group.toml").exists()
    assert (data / "group.toml.newer").exists()


def test_a_file_that_somebody_had_broken_before_stays_his(data: Path) -> None:
    (data / "settings.toml").write_text("main_fuse_a = ")
    before.keep(data)
    assert before.put_back(data) == []
    assert (data / "settings.toml").read_text() == "main_fuse_a = "


def test_without_images_nothing_is_touched(data: Path) -> None:
    """After a factory reset, which wipes them."""
    (data / "settings.toml").write_text(NEWER)
    assert before.put_back(data) == []
    assert (data / "settings.toml").read_text() == NEWER


def test_images_are_for_their_owners_eyes_and_go(data: Path) -> None:
    before.keep(data)
    folder = data / before.FOLDER
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {"settings.toml": 0o600}
    (data / "group.toml").write_text(GROUP)
    before.keep(data)
    assert {path.name for path in folder.iterdir()} == {"settings.toml", "group.toml"}
    before.forget(data)
    before.forget(data)
    assert not folder.exists()


class Slot:
    """A start of a unit whose update is on trial, with the software of one of its slots."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data = data
        monkeypatch.setenv("AMPGUARD_DATA", str(data))
        monkeypatch.setenv(RELEASE, str(data / "release.json"))
        before.keep(data)
        trial.keep(data / "update", Trial("B", "0.2.0", "0.1.0", uplink=False, reason="page: silence"))
        self.on_trial(State.ON_TRIAL)
        (data / "settings.toml").write_text(NEWER)

    def on_trial(self, now: State) -> None:
        state.keep(self.data / "update" / trial.STATE, Told(now, "0.2.0"))

    def starts(self, version: str) -> int:
        (self.data / "release.json").write_text(json.dumps({"version": version, "compatible": "x"}))
        return update.main(["--restore"])

    @property
    def reason(self) -> str | None:
        found = trial.read(self.data / "update")
        assert found is not None
        return found.reason


def test_the_software_before_starts_with_its_settings_and_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = Slot(data, monkeypatch)
    for _ in range(2):  # the power may go, and all of it comes again
        assert slot.starts("0.1.0") == 0
        assert load(data / "settings.toml").main_fuse_a == 63.0
        assert slot.reason == "page: silence; as before the update again: settings.toml"


def test_the_new_software_keeps_what_was_set(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = Slot(data, monkeypatch)
    assert slot.starts("0.2.0") == 0
    assert (data / "settings.toml").read_text() == NEWER
    trial.end(data / "update")
    assert slot.starts("0.1.0") == 0
    assert (data / "settings.toml").read_text() == NEWER, "it is not on trial any more"


def test_what_is_set_between_installation_and_restart_counts_as_before(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = Slot(data, monkeypatch)
    slot.on_trial(State.INSTALLED)
    (data / "settings.toml").write_text(SETTINGS.replace("63.0", "40.0"))
    slot.starts("0.2.0")
    (data / "settings.toml").write_text(NEWER)
    slot.on_trial(State.ON_TRIAL)
    slot.starts("0.2.0")
    slot.starts("0.1.0")
    assert load(data / "settings.toml").main_fuse_a == 40.0
