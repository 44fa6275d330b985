"""The text of a settings file after a change: what is wanted, and all else as its owner wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from tests.ampguard.settings.wanted import OWNERS, changes, texts

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS
from ampguard.settings.editing import changed, edited, exported, imported
from ampguard.settings.settings import parsed
from ampguard.settings.values import Value, values

PATH = Path("settings.toml")
WIRED = {"wiring.clamps.l1": "L2", "wiring.clamps.l2": "L1 reversed", "wiring.clamps.l3": "L3"}


def comments(text: str) -> list[str]:
    """None of the texts in these files has such a sign."""
    return sorted(re.findall(r"#[^\r\n]*", text))


@settings(deadline=None, max_examples=300)
@given(text=texts, wanted=st.lists(changes, min_size=1, max_size=4))
def test_what_is_wanted_is_there_and_all_else_as_it_was(text: str, wanted: list[Mapping[str, Value | None]]) -> None:
    now = text.encode()
    for one in wanted:
        before = values(PATH, now)
        try:
            now = changed(PATH, now, one)
        except SetupError:
            reject()
        expected = {**before, **one}
        assert values(PATH, now) == {key: value for key, value in expected.items() if value is not None}
        assert comments(now.decode()) == comments(text)


@settings(deadline=None)
@given(text=texts, wanted=changes)
def test_lines_that_nobody_named_are_as_they_were(text: str, wanted: Mapping[str, Value | None]) -> None:
    named = {key.rpartition(".")[2] for key in wanted}
    kept = [line for line in text.splitlines() if line.startswith(("#", " ")) or line.partition("=")[0] == "host "]
    assume("host" not in named)
    assume("allow" not in named)
    try:
        now = changed(PATH, text.encode(), wanted).decode().splitlines()
    except SetupError:
        reject()
    assert [line for line in kept if line not in now] == []


def test_what_is_written_is_what_a_person_would_write() -> None:
    assert edited("main_fuse_a = 63.0\n", WIRED) == (
        'main_fuse_a = 63.0\n\n[wiring.clamps]\nl1 = "L2"\nl2 = "L1 reversed"\nl3 = "L3"\n'
    )
    assert edited(OWNERS, {"main_fuse_a": 35.0}) == OWNERS.replace("63.0 #", "35.0 #")
    assert edited("", {"voltage_terminals": ("L1",), "generation_on_site": False}) == (
        'voltage_terminals = ["L1"]\ngeneration_on_site = false\n'
    )


def test_the_comment_of_a_setting_that_goes_stays_in_its_place() -> None:
    assert edited("# house\nmain_fuse_a = 63.0 # as on the fuse\ngrid_type = 'it'\n", {"main_fuse_a": None}) == (
        "# house\n# as on the fuse\ngrid_type = 'it'\n"
    )
    without = edited(OWNERS, {"mqtt.host": None, "mqtt.password": None, "mqtt.port": None})
    assert '# ours\n# password = "old one"\n' in without
    assert "[mqtt]" not in without


def test_a_hundred_changes_do_not_make_the_file_grow() -> None:
    without: dict[str, Value | None] = dict.fromkeys(WIRED)
    text = once = edited(edited(OWNERS, WIRED), without)
    for _ in range(100):
        text = edited(edited(text, WIRED), without)
    assert text == once


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"main_fuse_a": 0.5}, "settings.toml: main_fuse_a: wanted a number from 1 to 1000, met 0.5"),
        ({"mqtt.port": 1.5}, "settings.toml: mqtt.port: wanted a whole number from 1 to 65535, met 1.5"),
        ({"mqtt.host": None}, "settings.toml: mqtt.host: wanted the broker's name or address, met nothing"),
        ({"mqtt.password": "x" * 1025}, "settings.toml: mqtt.password: wanted at most 1024 characters, met 1025"),
        ({"grid_type": "delta"}, "settings.toml: grid_type: wanted one of three-phase, single-phase,"),
        ({"wiring.clamps.l1": "L2"}, "settings.toml: wiring.clamps: each of L1, L2, L3 once, met L2, L2, L3"),
        ({"commands.allow": ("reboot",)}, "settings.toml: commands.allow: wanted a list of ping"),
        ({"voltage_terminals": ()}, "settings.toml: voltage_terminals: wanted a list of L1, L2, L3, met []"),
        ({"no": 1}, "no: no such setting; there are main_fuse_a"),
    ],
)
def test_what_is_wrong_is_a_sentence_with_the_key(wanted: dict[str, Value | None], sentence: str) -> None:
    with pytest.raises(SetupError) as caught:
        changed(PATH, OWNERS.encode(), wanted)
    assert str(caught.value).startswith(sentence)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SetupError) as caught:
        parsed(PATH, b'[mqtt]\nhost = "h"\npassword = 4711\n')
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        'wiring.clamps.l1 = "L2"\nwiring.clamps.l2 = "L1"\nmain_fuse_a = 63.0\n',
        '[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n[mqtt]\nhost = "h"\n[wiring.voltages]\nl1 = "L1"\n',
    ],
)
def test_whatever_way_it_is_written_it_is_changed_rightly_or_not_at_all(text: str) -> None:
    for wanted in ({"wiring.clamps.l1": None, "wiring.clamps.l2": None}, {"wiring.voltages.l1": None}, WIRED):
        try:
            found = values(PATH, changed(PATH, text.encode(), wanted))
        except SetupError as why:
            assert "by hand" in str(why)  # noqa: PT017 - both are right
        else:
            expected = {**values(PATH, text.encode()), **wanted}
            assert found == {key: value for key, value in expected.items() if value is not None}


@settings(deadline=None)
@given(text=texts, other=texts)
def test_an_export_holds_no_secret_and_an_import_of_it_brings_all_back_but_keeps_secrets(text: str, other: str) -> None:
    ours, theirs = values(PATH, text.encode()), values(PATH, other.encode())
    told = exported(ours)
    assert values(PATH, told.encode()) == {key: one for key, one in ours.items() if not SETTINGS[key].secret}
    assert "secret" not in told
    assert "old one" not in told
    now = values(PATH, changed(PATH, other.encode(), imported(PATH, other.encode(), told)))
    secrets = {key: one for key, one in theirs.items() if SETTINGS[key].secret and SETTINGS[key].table == "mqtt"}
    has_broker = "mqtt.host" in ours
    assert now == {**values(PATH, told.encode()), **(secrets if has_broker else {})}
