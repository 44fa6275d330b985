"""The table of all settings: nothing is missing in it, and its limits are those that count."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS, Kind, Setting, is_secret, names_in
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.settings import Settings, parsed

NUMBERS = [one for one in SETTINGS.values() if one.least is not None]
NEEDED = {"mqtt": 'host = "h"\n', "https": 'url = "https://h"\n'}


def accepted(setting: Setting, value: str) -> bool:
    table, _, name = setting.key.rpartition(".")
    text = f"[{table}]\n{NEEDED[table]}{name} = {value}\n" if table else f"{name} = {value}\n"
    try:
        parsed(Path("settings.toml"), text.encode())
    except SetupError as why:
        assert str(why).startswith(f"settings.toml: {setting.key}: wanted a ")  # noqa: PT017 - both are right
        return False
    return True


def test_all_that_is_read_is_described() -> None:
    assert names_in("") == {one.name for one in fields(Settings)}
    assert names_in("mqtt") == {one.name for one in fields(MqttSettings)}
    assert names_in("https") == {one.name for one in fields(HttpsSettings)}
    assert all(one.sentence.endswith(".") for one in SETTINGS.values())


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda one: one.key)
def test_numbers_are_taken_within_the_limits_that_people_are_told(setting: Setting) -> None:
    least, most = setting.least or 0.0, setting.most or 0.0
    assert accepted(setting, f"{least:g}")
    assert accepted(setting, f"{most:g}")
    assert not accepted(setting, f"{least - 0.01:.3f}")
    assert not accepted(setting, f"{most + 1:g}")


def test_what_could_let_somebody_in_is_a_secret_and_nothing_else() -> None:
    assert {key for key in SETTINGS if is_secret(key)} == {"mqtt.password", "https.token", "https.proxy"}
    assert not is_secret("no such setting")
    assert {one.key for one in SETTINGS.values() if one.kind is Kind.FILE} == {
        key for key in SETTINGS if key.endswith("_file")
    }


def test_what_runs_all_the_time_never_loads_the_editors_library() -> None:
    code = "import sys, ampguard.services.meter, ampguard.services.uplink; print('tomlkit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
