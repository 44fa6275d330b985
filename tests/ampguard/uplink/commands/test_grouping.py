"""The group that the other side brings: kept whole or not at all, and how chargers come in stays the unit's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.settings import group as groups
from ampguard.settings.group import GroupSettings
from ampguard.settings.groupstore import GroupStore
from ampguard.settings.history import By, Means
from ampguard.uplink.commands.grouping import GroupFile
from ampguard.uplink.heard import Unusable

CHARGER = {"id": "A1", "max_a": 16, "phases": ["L1", "L2", "L3"], "offline_a": 6}
GROUP = {"name": "House", "active": True, "device": "gG", "max_offline_a": 6, "chargers": [CHARGER]}
BEFORE = """\
device = "gG"
max_offline_a = 20.0
min_a = 8.0
port = 9100
free = true
tags = ["TAG1"]

[[chargers]]
id = "A1"
max_a = 32.0
phases = ["L1"]
offline_a = 0.0
key = "secret"
cloud_url = "ws://cloud"

[[chargers]]
id = "A2"
max_a = 32.0
phases = ["L1"]
offline_a = 0.0
key = "other"
"""


def anything(_group: GroupSettings) -> None:
    """Fits."""


def nothing(_group: GroupSettings) -> None:
    raise SetupError("it cannot be")


def file(folder: Path, content: str = "") -> Path:
    path = folder / "group.toml"
    if content:
        path.write_text(content)
    return path


def test_a_group_is_kept_as_the_file_has_it(tmp_path: Path) -> None:
    path = file(tmp_path)
    assert GroupFile(path, anything).keep(GROUP) == {"active": True, "chargers": 1}
    kept = groups.load(path)
    assert kept is not None
    assert (kept.name, kept.active, kept.max_offline_a, kept.chargers[0].id) == ("House", True, 6.0, "A1")
    assert path.stat().st_mode & 0o777 == 0o600, "it may hold passwords"


def test_how_chargers_come_in_stays_unless_it_is_said(tmp_path: Path) -> None:
    path = file(tmp_path, BEFORE)
    GroupFile(path, anything).keep(GROUP)
    kept = groups.load(path)
    assert kept is not None
    assert (kept.port, kept.free, kept.tags) == (9100, True, ("TAG1",))
    assert kept.min_a == 6.0, "what limits currents does not stay"
    [charger] = kept.chargers
    assert (charger.key, charger.cloud_url, charger.max_a) == ("secret", "ws://cloud", 16.0)
    GroupFile(path, anything).keep(GROUP | {"free": None, "chargers": [CHARGER | {"key": "new"}]})
    kept = groups.load(path)
    assert kept is not None
    assert (kept.free, kept.chargers[0].key) == (False, "new")


def test_the_same_again_does_not_touch_the_file(tmp_path: Path) -> None:
    path = file(tmp_path)
    keeper = GroupFile(path, anything)
    keeper.keep(GROUP)
    was = path.stat().st_ino
    keeper.keep(GROUP)
    assert path.stat().st_ino == was


def test_no_group_ends_the_one_that_there_is_and_keeps_it(tmp_path: Path) -> None:
    path = file(tmp_path)
    keeper = GroupFile(path, anything)
    assert keeper.keep(None) == {"active": False, "chargers": 0}
    assert not path.exists()
    keeper.keep(GROUP)
    for _ in range(2):
        assert keeper.keep(None) == {"active": False, "chargers": 1}
    kept = groups.load(path)
    assert kept is not None
    assert (kept.active, kept.chargers[0].id) == (False, "A1")


def test_who_did_it_is_kept_and_it_can_be_undone(tmp_path: Path) -> None:
    path = file(tmp_path, BEFORE)
    GroupFile(path, anything).keep(GROUP)
    store = GroupStore(path, anything)
    assert store.history()[-1].by == By(Means.CLOUD, "group")
    store.undo(By(Means.PAGE))
    assert path.read_text() == BEFORE


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({**GROUP, "chargers": [CHARGER, CHARGER]}, "group: chargers.id: wanted each once, met 'A1' twice"),
        ({**GROUP, "min_a": 5}, "group: min_a: wanted a number from 6 to 32, met 5"),
        ({**GROUP, "device": None}, "group: device: wanted what kind of fuse"),
        ({**GROUP, "colour": "red"}, "group: colour: no such setting"),
        ({**GROUP, "chargers": "all"}, "group: chargers: wanted a list of objects"),
        ({**GROUP, "chargers": [CHARGER | {"phases": [1]}]}, "group: 'phases': wanted a text, a number"),
        ({**GROUP, "name": {"de": "Haus"}}, "group: 'name': wanted a text, a number"),
        ({**GROUP, "name": "\ud800"}, "half a character"),
        ({}, "group: device: wanted what kind of fuse"),
    ],
)
def test_what_is_no_group_is_refused_in_a_sentence(tmp_path: Path, told: dict[str, object], sentence: str) -> None:
    path = file(tmp_path, BEFORE)
    with pytest.raises((SetupError, Unusable)) as refused:
        GroupFile(path, anything).keep(told)
    assert sentence in str(refused.value)
    assert str(tmp_path) not in str(refused.value)
    assert path.read_text() == BEFORE


def test_what_cannot_be_balanced_is_refused_but_may_always_end(tmp_path: Path) -> None:
    path = file(tmp_path, BEFORE)
    with pytest.raises(SetupError, match="it cannot be"):
        GroupFile(path, nothing).keep(GROUP)
    assert path.read_text() == BEFORE
    GroupFile(path, nothing).keep(GROUP | {"active": False})
    assert tomllib.loads(path.read_text())["active"] is False


def test_a_broken_file_and_a_folder_that_takes_nothing_are_said(tmp_path: Path) -> None:
    for broken, sentence in (("port = [", "not TOML"), ("chargers = 3", "device: wanted what kind")):
        for told in (GROUP, None):
            with pytest.raises(SetupError, match=sentence):
                GroupFile(file(tmp_path, broken), anything).keep(told)
    with pytest.raises(SetupError, match="cannot be changed: No such file"):
        GroupFile(tmp_path / "nowhere" / "group.toml", anything).keep(GROUP)


PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.text()))
CHARGERS = st.lists(st.dictionaries(st.sampled_from([*CHARGER, "key", "socket"]) | st.text(), PLAIN), max_size=3)


@settings(deadline=None)
@given(
    told=st.dictionaries(st.sampled_from([*GROUP, "port", "tags"]) | st.text(), PLAIN),
    chargers=st.one_of(CHARGERS, PLAIN),
)
def test_whatever_comes_is_kept_as_it_was_meant_or_refused(
    told: dict[str, object], chargers: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "group.toml"
    for wanted in (told | {"chargers": chargers}, GROUP | told):
        try:
            GroupFile(path, anything).keep(wanted)
        except (SetupError, Unusable):
            continue
        kept = groups.load(path)
        assert kept is not None
        assert kept.name == (wanted.get("name") or "")
