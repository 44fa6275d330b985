"""The settings file as those see it who change it: nothing half done or overwritten unseen, all told and undone."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.settings.wanted import OWNERS, changes, texts

from ampguard.clock import ClockQuality, Stamp
from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS
from ampguard.settings.history import CHANGES, FOLDER, MOST_CHANGES, MOST_VERSIONS, PENDING, By, Change, Means
from ampguard.settings.kept import BY_HAND, Outdated
from ampguard.settings.settings import load
from ampguard.settings.sole import LOCK, sole
from ampguard.settings.store import SettingsStore
from ampguard.settings.values import Value, values

PAGE, COMMAND = By(Means.PAGE, "192.0.2.7"), By(Means.COMMAND)
STEPS = 22
NOW = Stamp(1, 1.0, "2026-01-01T00:00:00.000+00:00", ClockQuality.SYNCHRONISED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(OWNERS)
    return path


def stored(path: Path) -> SettingsStore:
    return SettingsStore(path, lambda: NOW)


def test_a_change_is_made_and_told(path: Path) -> None:
    under_test = stored(path)
    change = under_test.change({"main_fuse_a": 35.0, "nominal_voltage_v": 230.0}, PAGE)
    assert load(path).main_fuse_a == 35.0
    assert path.read_text() == OWNERS.replace("63.0", "35.0").replace("false\n", "false\nnominal_voltage_v = 230.0\n\n")
    assert under_test.history() == (change,)
    assert change is not None
    assert (change.number, change.by, change.utc, change.clock_quality) == (1, PAGE, NOW.utc, "synchronised")
    assert change.edits == {"main_fuse_a": ("63", "35"), "nominal_voltage_v": (None, "230")}


def test_what_is_so_already_is_no_change(path: Path) -> None:
    assert stored(path).change({"main_fuse_a": 63, "nominal_voltage_v": None}, PAGE) is None
    assert stored(path).history() == ()
    assert path.read_text() == OWNERS


def test_secrets_are_set_and_never_given_back(path: Path) -> None:
    under_test = stored(path)
    under_test.change({"mqtt.password": "sesame", "https.url": "https://a.example", "https.token": "opensesame"}, PAGE)
    under_test.change({"https.url": None, "https.token": None}, PAGE)
    first, second = under_test.history()
    assert first.edits["mqtt.password"] == ("set", "changed")
    assert first.edits["https.token"] == (None, "set")
    assert second.edits["https.token"] == ("set", None)
    shown = {one.setting.key: one for one in under_test.seen().settings}
    assert (shown["mqtt.password"].is_set, shown["mqtt.password"].value) == (True, None)
    assert shown["mqtt.host"].value == "broker.example"
    assert list(shown) == list(SETTINGS)
    told = [(path.parent / FOLDER / CHANGES).read_text(), under_test.exported(), str(under_test.seen())]
    assert [one for one in told if "sesame" in one or '"secret"' in one] == []


def test_two_browsers_do_not_overwrite_each_other(path: Path) -> None:
    under_test = stored(path)
    seen = under_test.seen().mark
    under_test.change({"main_fuse_a": 35.0}, PAGE, seen=seen)
    with pytest.raises(Outdated, match="somebody else has changed the settings meanwhile"):
        under_test.change({"main_fuse_a": 25.0}, PAGE, seen=seen)
    with pytest.raises(Outdated):
        under_test.undo(PAGE, seen=seen)
    with pytest.raises(Outdated):
        under_test.import_("main_fuse_a = 16", PAGE, seen=seen)
    under_test.change({"main_fuse_a": 25.0}, PAGE, seen=under_test.seen().mark)
    assert load(path).main_fuse_a == 25.0


_steps = st.lists(
    st.one_of(
        changes,
        st.sampled_from(["undo", "by hand", "export and import"]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(text=texts, steps=_steps)
def test_after_any_changes_and_undos_the_file_says_what_it_should(
    tmp_path_factory: pytest.TempPathFactory, text: str, steps: list[Mapping[str, Value | None] | str]
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(text.encode())
    under_test = stored(path)
    under_test.notice()
    undoable: list[bytes] = []
    for number, step in enumerate(steps):
        before, wanted = path.read_bytes(), values(path, path.read_bytes())
        history = under_test.history()
        match step:
            case "undo" if undoable:
                under_test.undo(COMMAND)
                assert path.read_bytes() == undoable.pop(), "exactly as it was, secrets and comments too"
                continue
            case "undo":
                with pytest.raises(SetupError, match="met none"):
                    under_test.undo(COMMAND)
                assert path.read_bytes() == before
                continue
            case "by hand":
                path.write_bytes(before + f"# a word, {number}\n".encode())
                under_test.notice()
                assert under_test.history()[-1].by == BY_HAND
            case "export and import":
                assert under_test.import_(under_test.exported(), COMMAND) is None, "nothing is to be changed"
                assert path.read_bytes() == before
                continue
            case str():
                continue
            case _:
                try:
                    made = under_test.change(step, COMMAND)
                except SetupError:
                    made = None
                    assert path.read_bytes() == before, "to the byte"
                if made is None:
                    assert under_test.history() == history
                    continue
                expected = {**wanted, **step}
                assert values(path, path.read_bytes()) == {k: v for k, v in expected.items() if v is not None}
        undoable.append(before)
        assert len(under_test.history()) == len(history) + 1


def test_what_was_edited_by_hand_is_noticed_and_kept_as_that(path: Path) -> None:
    under_test = stored(path)
    under_test.notice()
    path.write_text(OWNERS.replace("63.0", "25.0"))
    under_test.change({"grid_type": "it"}, PAGE)
    by_hand, by_page = under_test.history()
    assert (by_hand.by, by_hand.edits) == (BY_HAND, {"main_fuse_a": ("63", "25")})
    assert by_page.edits == {"grid_type": (None, "it")}
    under_test.undo(PAGE)
    under_test.undo(PAGE)
    assert path.read_text() == OWNERS


def test_what_stood_there_before_anybody_looked_is_no_change(path: Path) -> None:
    stored(path).notice()
    assert stored(path).history() == ()
    with pytest.raises(SetupError, match="wanted a change to undo, met none"):
        stored(path).undo(PAGE)


def test_a_file_that_its_editor_left_broken_is_not_changed_but_can_be_undone(path: Path) -> None:
    under_test = stored(path)
    under_test.notice()
    path.write_text("main_fuse_a = ")
    under_test.notice()
    with pytest.raises(SetupError, match="not TOML"):
        under_test.change({"main_fuse_a": 35.0}, PAGE)
    assert path.read_text() == "main_fuse_a = "
    under_test.undo(PAGE)
    assert path.read_text() == OWNERS
    with pytest.raises(SetupError, match="met none"):
        under_test.undo(PAGE)


def test_the_history_is_bounded_and_so_are_the_versions(path: Path) -> None:
    under_test = stored(path)
    for number in range(MOST_VERSIONS + 5):
        under_test.change({"main_fuse_a": 20.0 + number}, PAGE)
    versions = list((path.parent / FOLDER).glob("*.toml"))
    assert len(versions) == MOST_VERSIONS
    for _ in range(MOST_VERSIONS - 1):
        under_test.undo(PAGE)
    with pytest.raises(SetupError, match="not kept any more"):
        under_test.undo(PAGE)
    assert load(path).main_fuse_a == 25.0
    for number in range(MOST_CHANGES):
        under_test.change({"main_fuse_a": 30.0 + number % 2}, PAGE)
    kept = under_test.history()
    assert len(kept) == MOST_CHANGES
    assert [one.number for one in kept] == list(range(kept[0].number, kept[0].number + MOST_CHANGES))


def test_a_damaged_history_is_set_aside_and_stops_nothing(path: Path) -> None:
    stored(path).change({"main_fuse_a": 35.0}, PAGE)
    (path.parent / FOLDER / CHANGES).write_text('{"latest": 1, "changes": [{}]}')
    stored(path).change({"main_fuse_a": 25.0}, PAGE)
    (change,) = stored(path).history()
    assert change.edits == {"main_fuse_a": ("35", "25")}
    assert (path.parent / FOLDER / f"{CHANGES}.damaged").exists()


def test_files_are_for_their_owners_eyes_only_and_an_old_one_keeps_its_mode(path: Path) -> None:
    path.unlink()
    under_test = stored(path)
    under_test.change({"main_fuse_a": 35.0}, PAGE)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    under_test.change({"main_fuse_a": 25.0}, PAGE)
    assert path.stat().st_mode & 0o777 == 0o640
    folder = path.parent / FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o600}
    assert sorted(one.name for one in path.parent.iterdir()) == [FOLDER, "settings.toml"]


def test_what_a_link_leads_to_is_changed_and_the_link_stays(path: Path) -> None:
    real = path.parent / "real.toml"
    path.rename(real)
    path.symlink_to(real)
    stored(path).change({"main_fuse_a": 35.0}, PAGE)
    assert path.is_symlink()
    assert load(real).main_fuse_a == 35.0


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be changed: No such file or directory"):
        stored(tmp_path / "nowhere" / "settings.toml").change({"main_fuse_a": 35.0}, PAGE)


def test_whoever_comes_while_another_one_changes_waits_or_is_told(path: Path) -> None:
    under_test = stored(path)
    under_test.notice()
    with (path.parent / FOLDER / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path.write_text(OWNERS.replace("63.0", "25.0"))
        under_test.notice()
        assert under_test.history() == (), "the next look notices"
        with (
            pytest.raises(SetupError, match="somebody else is changing the settings"),
            sole(path.parent / FOLDER, 0.05),
        ):
            pass
    under_test.notice()
    assert len(under_test.history()) == 1


def _killed_at(path: Path, step: int) -> None:
    """A child that is killed before its so-manieth rename, or removal."""
    left = step

    def dying(*_: object, **__: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    real_replace, real_unlink = Path.replace, Path.unlink

    def replace(self: Path, target: Path) -> Path:
        dying()
        return real_replace(self, target)

    def unlink(self: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - pathlib's own signature
        dying()
        real_unlink(self, missing_ok=missing_ok)

    Path.replace, Path.unlink = replace, unlink  # type: ignore[method-assign,assignment]  # in this child only
    stored(path).change({"main_fuse_a": 35.0, "mqtt.password": "sesame"}, PAGE)


@pytest.mark.parametrize("step", range(STEPS))
def test_a_kill_at_any_step_leaves_the_old_or_the_new_and_a_history_that_says_which(path: Path, step: int) -> None:
    under_test = stored(path)
    under_test.change({"main_fuse_a": 50.0}, COMMAND)
    before = path.read_bytes()
    child = multiprocessing.get_context("fork").Process(target=_killed_at, args=(path, step))
    child.start()
    child.join(30)
    assert child.exitcode in {0, -signal.SIGKILL}
    now = path.read_bytes()
    under_test.notice()
    history: tuple[Change, ...] = under_test.history()
    assert not (path.parent / FOLDER / PENDING).exists()
    if now == before:
        assert child.exitcode != 0
        assert len(history) == 1
    else:
        assert load(path).main_fuse_a == 35.0
        assert history[-1].by == PAGE
        assert history[-1].edits == {"main_fuse_a": ("50", "35"), "mqtt.password": ("set", "changed")}
        under_test.undo(PAGE)
        assert path.read_bytes() == before
    assert under_test.change({"main_fuse_a": 16.0}, PAGE) is not None


def test_the_steps_of_a_change_are_all_among_those_at_which_it_was_killed(path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_killed_at, args=(path, STEPS))
    child.start()
    child.join(30)
    assert child.exitcode == 0
