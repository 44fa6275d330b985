"""The load-balancing group's file as it is changed: as a whole, judged before, told who did it, undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampguard.clock import ClockQuality, Stamp
from ampguard.errors import SetupError
from ampguard.settings.group import GroupSettings
from ampguard.settings.groupstore import FOLDER, GroupStore
from ampguard.settings.history import By, Means
from ampguard.settings.kept import BY_HAND, Outdated

PAGE = By(Means.PAGE, "192.0.2.7")
NOW = Stamp(1, 1.0, "2026-01-01T00:00:00.000+00:00", ClockQuality.SYNCHRONISED)
SECRET = "sixteen-letters!"
CHARGER: dict[str, object] = {"id": "1M", "max_a": 16.0, "phases": ["L2", "L3", "L1"], "offline_a": 6.0}
GROUP: dict[str, object] = {"name": "Garage", "device": "gG", "max_offline_a": 20.0, "chargers": [CHARGER]}


def nothing_wrong(_group: GroupSettings) -> None:
    """Takes all."""


def refuses(group: GroupSettings) -> None:
    raise SetupError(f"{group.name} cannot be balanced")


def stored(folder: Path, check: Callable[[GroupSettings], None] = nothing_wrong) -> GroupStore:
    return GroupStore(folder / "group.toml", check, lambda: NOW)


def with_charger(**changed: object) -> dict[str, object]:
    return GROUP | {"chargers": [CHARGER | changed]}


def charger(store: GroupStore, number: int = 0) -> tuple[str | None, str | None]:
    group = store.seen().group
    assert group is not None
    return group.chargers[number].key, group.chargers[number].cloud_key


def test_a_group_is_set_up_told_and_taken_back(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert store.seen().group is None
    change = store.put(GROUP, PAGE)
    assert change is not None
    assert change.edits["name"] == (None, "Garage")
    assert change.edits["chargers.1M.phases"] == (None, "L2, L3, L1")
    group = store.seen().group
    assert group is not None
    assert [phase.value for phase in group.chargers[0].phases] == ["L2", "L3", "L1"]
    changed = store.put(with_charger(max_a=32.0), PAGE)
    assert changed is not None
    assert changed.edits == {"chargers.1M.max_a": ("16", "32")}
    store.undo(PAGE)
    assert store.seen().group == group
    store.undo(PAGE)
    assert store.seen().group is None
    assert [(one.number, one.undoes) for one in store.history()] == [(1, None), (2, None), (3, 2), (4, 1)]


def test_what_is_so_already_is_no_change(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.put(GROUP, PAGE)
    assert store.put(GROUP, PAGE) is None
    assert len(store.history()) == 1


def test_a_password_stays_with_its_charger_until_it_is_named(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.put(with_charger(key=SECRET, cloud_url="wss://cloud.example", cloud_key=SECRET), PAGE)
    store.put(with_charger(cloud_url="wss://cloud.example"), PAGE)
    assert charger(store) == (SECRET, SECRET)
    other = CHARGER | {"id": "2M"}
    store.put(GROUP | {"chargers": [other, CHARGER]}, PAGE)
    assert charger(store) == (None, None)
    assert charger(store, 1) == (SECRET, SECRET)
    change = store.put(with_charger(key=None), PAGE)
    assert charger(store) == (None, SECRET)
    assert change is not None
    assert change.edits["chargers.1M.key"] == ("set", None)


def test_no_password_is_in_the_history(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.put(with_charger(key=SECRET), PAGE)
    store.put(with_charger(key=SECRET[::-1]), PAGE)
    assert [one.edits["chargers.1M.key"] for one in store.history()] == [(None, "set"), ("set", "changed")]
    told = (tmp_path / FOLDER / "changes.json").read_text()
    assert SECRET not in told
    assert SECRET[::-1] not in told


def test_what_cannot_be_balanced_is_refused_but_may_always_be_ended(tmp_path: Path) -> None:
    stored(tmp_path).put(GROUP | {"active": True}, PAGE)
    before = (tmp_path / "group.toml").read_bytes()
    store = stored(tmp_path, refuses)
    with pytest.raises(SetupError, match="Garage cannot be balanced"):
        store.put(with_charger(max_a=32.0) | {"active": True}, PAGE)
    assert (tmp_path / "group.toml").read_bytes() == before
    store.put(GROUP | {"active": False}, PAGE)
    group = store.seen().group
    assert group is not None
    assert not group.active


@pytest.mark.parametrize(
    ("told", "key"),
    [
        (with_charger(max_a=3.0), r"chargers\[1\].max_a: wanted a number from 6"),
        (with_charger(phases=[]), r"chargers\[1\].phases: wanted a list of L1"),
        (GROUP | {"device": "D"}, r"device: wanted one of gG"),
        (GROUP | {"chargers": [CHARGER, CHARGER]}, r"chargers.id: wanted each once"),
    ],
)
def test_what_is_no_group_is_refused_with_its_key(tmp_path: Path, told: dict[str, object], key: str) -> None:
    store = stored(tmp_path)
    with pytest.raises(SetupError, match=key):
        store.put(told, PAGE)
    assert not (tmp_path / "group.toml").exists()
    assert store.history() == ()


def test_who_has_seen_another_version_is_told_so(tmp_path: Path) -> None:
    store = stored(tmp_path)
    seen = store.seen().mark
    store.put(GROUP, PAGE)
    with pytest.raises(Outdated):
        store.put(with_charger(max_a=32.0), PAGE, seen=seen)


def test_what_an_editor_or_a_cloud_has_written_is_in_the_history_too(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.put(GROUP, PAGE)
    path = tmp_path / "group.toml"
    path.write_text(path.read_text().replace("20.0", "18.0"))
    store.notice()
    last = store.history()[-1]
    assert (last.by, last.edits) == (BY_HAND, {"max_offline_a": ("20", "18")})
    store.undo(PAGE)
    assert "20.0" in path.read_text()


def test_a_file_that_its_editor_left_broken_can_be_gone_back_from(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.put(GROUP, PAGE)
    (tmp_path / "group.toml").write_text("name = [")
    with pytest.raises(SetupError, match="not TOML"):
        store.seen()
    store.undo(PAGE)
    assert store.seen().group is not None
