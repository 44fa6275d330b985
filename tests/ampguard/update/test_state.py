"""What may follow what, and what is left of it in the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ampguard import clock
from ampguard.clock import ClockQuality
from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.update import state, trial
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.state import FOLLOWS, NotNowError, State, Told


def test_the_way_of_an_update_that_is_kept() -> None:
    told = Told()
    for one in ("asked", "fetching", "checking", "installing", "installed", "on-trial", "kept", "asked"):
        told = told.after(State(one))
    assert told.is_under_way


@given(some.sampled_from(list(State)), some.sampled_from(sorted(FOLLOWS)))
def test_nothing_else_may_follow(before: State, after: State) -> None:
    told = Told(before)
    if before in FOLLOWS[after]:
        assert told.after(after).state is after
    else:
        with pytest.raises(NotNowError, match=f"{before} cannot be {after}"):
            told.after(after)


def test_what_is_installed_is_not_refused_any_more() -> None:
    for one in (State.INSTALLED, State.ON_TRIAL, State.KEPT):
        with pytest.raises(NotNowError):
            Told(one).refused(RefusedError(Kind.OLDER))


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert state.read(path) == Told()
    told = Told(State.INSTALLING, "0.2.0-5", "session 192.0.2.7", 40)
    state.keep(path, told)
    assert state.read(path) == told
    refused = told.refused(RefusedError(Kind.FORGED, "details"))
    state.keep(path, refused)
    assert state.read(path) == refused
    assert (refused.kind, refused.percent) == (Kind.FORGED, None)


def test_when_it_was_kept_is_known_where_a_clock_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    assert state.since(path) is None
    for quality, is_known in ((ClockQuality.HOLDOVER, True), (ClockQuality.UNSYNCHRONISED, False)):
        monkeypatch.setattr(clock, "quality", lambda _before, found=quality: found)
        state.keep(path, Told(State.KEPT))
        utc = state.since(path)
        assert (utc is not None and datetime.now(UTC) - datetime.fromisoformat(utc) < timedelta(minutes=5)) is is_known


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"state": "sideways"}', '{"state": "none", "kind": "odd"}', "3"])
def test_a_damaged_file_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    assert state.read(tmp_path / "state.json") == Told()


def test_a_wish_is_taken_once(tmp_path: Path) -> None:
    assert trial.asked(tmp_path) is None
    trial.ask(tmp_path, trial.Wish("bundle.raucb", "somebody"))
    assert trial.asked(tmp_path) == trial.Wish("bundle.raucb", "somebody")
    trial.taken(tmp_path)
    assert trial.asked(tmp_path) is None
    (tmp_path / trial.WISH).write_text("{")
    assert trial.asked(tmp_path) is None
    trial.taken(tmp_path)
    assert not (tmp_path / trial.WISH).exists()


def test_a_trial_and_its_news_are_kept_for_the_other_slot(tmp_path: Path) -> None:
    assert trial.read(tmp_path) is None
    found = trial.Trial("B", "0.2.0", "0.1.0", uplink=True, reason=None)
    trial.keep(tmp_path, found)
    assert trial.read(tmp_path) == found
    (tmp_path / trial.TRIAL).write_text('{"slot": "B"}')
    with pytest.raises(SetupError, match="judged by"):
        trial.read(tmp_path)
    trial.end(tmp_path)
    assert trial.read(tmp_path) is None
    news = Update(end=UpdateEnd.RETURNED, version="0.2.0", former="0.1.0", from_stick=True, reason="page: silence")
    trial.tell(tmp_path, news)
    assert trial.news(tmp_path) == news
    trial.told(tmp_path)
    assert trial.news(tmp_path) is None
