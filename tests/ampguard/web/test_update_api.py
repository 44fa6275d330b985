"""Updates over HTTP: a bundle sent piece by piece, or fetched; who may, and what is refused before it is looked at."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.ampguard.update.bench import NEWER, RUNS
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.services.update import RELEASE
from ampguard.services.web_update import OwnUpdates
from ampguard.settings.places import Places
from ampguard.update import intake, state, trial
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.state import State, Told
from ampguard.web.access.tokens import Scope

URL = "/api/v1/update"
BUNDLE = os.urandom(3 << 20)


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unit]:
    release = tmp_path / "release.json"
    release.write_text(json.dumps({"version": RUNS.version, "compatible": RUNS.compatible}))
    monkeypatch.setenv(RELEASE, str(release))
    places = Places(tmp_path / "data", tmp_path / "run", None)
    with unit_at(tmp_path, updates=OwnUpdates(places)) as made:
        made.places.update.mkdir()
        yield made


def left(unit: Unit) -> set[str]:
    return {path.name for path in unit.places.update.iterdir()}


def test_what_runs_and_how_the_last_one_went_is_told(unit: Unit) -> None:
    nothing = {"percent": None, "kind": None, "sentence": None, "who": None, "version": None, "utc": None}
    assert unit.with_token(Scope.READ).get(URL).json() == {"runs": RUNS.version, "state": "none", **nothing}
    told = Told(State.CHECKING, NEWER, "token x").refused(RefusedError(Kind.FORGED))
    state.keep(unit.places.update / trial.STATE, told)
    found = unit.owner.get(URL).json()
    assert (found["state"], found["kind"], found["version"], found["who"]) == ("refused", "forged", NEWER, "token x")
    assert found["sentence"] == "the update is not signed by anybody this unit trusts"


def test_a_bundle_lies_in_the_folder_with_a_wish_beside_it(unit: Unit) -> None:
    answer = unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE)
    assert answer.status_code == 202, answer.text
    assert (unit.places.update / trial.BUNDLE).read_bytes() == BUNDLE
    assert trial.asked(unit.places.update) == trial.Wish(trial.BUNDLE, "session 192.0.2.7")
    assert left(unit) == {trial.BUNDLE, trial.WISH}


def test_what_is_sent_is_under_way_until_it_is_taken_up(unit: Unit) -> None:
    folder = unit.places.update
    state.keep(folder / trial.STATE, Told(State.CHECKING, NEWER, "token x").refused(RefusedError(Kind.FORGED)))
    assert unit.owner.get(URL).json()["utc"] == state.since(folder / trial.STATE)
    answer = unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE)
    now = {
        "runs": RUNS.version, "state": "asked", "version": None, "percent": None,
        "kind": None, "sentence": None, "who": "session 192.0.2.7", "utc": None,
    }  # fmt: skip
    assert [answer.json(), unit.owner.get(URL).json()] == [now, now]
    state.keep(folder / trial.STATE, Told(State.CHECKING, NEWER))
    assert unit.owner.get(URL).json()["state"] == "checking"


def test_what_comes_in_for_another_process_is_waited_for(unit: Unit) -> None:
    with intake.Intake(unit.places.update, None) as other:
        other.take(b"x")
        assert refusal(unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE)) == (409, "busy")
        assert refusal(unit.owner.post(URL, json={"url": "https://a"})) == (409, "busy")
        assert other.whole().read_bytes() == b"x"
    assert unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE).status_code == 202


def test_what_a_cut_left_of_one_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = tmp_path / intake.PARTIAL
    partial.write_bytes(bytes(1000))
    monkeypatch.setattr(intake, "room", lambda _folder: 0 if partial.exists() else 1000)
    with intake.Intake(tmp_path, 1000) as taking:
        taking.take(bytes(1000))
        assert taking.whole().stat().st_size == 1000


def test_it_can_be_fetched_from_an_address(unit: Unit) -> None:
    assert unit.with_token(Scope.CONTROL).post(URL, json={"url": "https://example.org/x.raucb"}).status_code == 202
    wish = trial.Wish("https://example.org/x.raucb", "token a control token")
    assert trial.asked(unit.places.update) == wish
    for wrong in ("bundle.raucb", "file:///etc/passwd", "https://a b", ""):
        assert refusal(unit.owner.post(URL, json={"url": wrong})) == (422, "malformed")


def test_the_page_has_words_for_what_a_stick_brings(unit: Unit) -> None:
    page = unit.owner.get("/system").text
    assert [f'data-{kind}="' in page for kind in (Kind.NOT_NEWER, Kind.TRIED, Kind.BETWEEN, Kind.OTHER_BOARD)] == [
        True
    ] * 4
    assert 'id="update-from"' in page


def test_nobody_else_may(unit: Unit) -> None:
    reader = unit.with_token(Scope.READ)
    for method, path, body in (("PUT", f"{URL}/bundle", b"x"), ("POST", URL, b'{"url": "https://a"}')):
        assert refusal(unit.stranger.ask(method, path, content=body)) == (401, "sign-in-wanted")
        assert refusal(reader.ask(method, path, content=body)) == (403, "not-allowed")
        forged = unit.owner.ask(method, path, content=body, headers={"X-CSRF-Token": "x"})
        assert refusal(forged) == (403, "not-allowed")
    assert refusal(unit.stranger.get(URL)) == (401, "sign-in-wanted")
    assert left(unit) == set()


def test_there_is_one_at_a_time(unit: Unit) -> None:
    state.keep(unit.places.update / trial.STATE, Told(State.INSTALLING, NEWER))
    assert refusal(unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE)) == (409, "busy")
    assert refusal(unit.owner.post(URL, json={"url": "https://a"})) == (409, "busy")
    (unit.places.update / trial.STATE).unlink()
    trial.ask(unit.places.update, trial.Wish(trial.BUNDLE, "somebody"))
    assert refusal(unit.owner.post(URL, json={"url": "https://a"})) == (409, "busy")


def test_while_one_comes_in_it_is_told_and_no_other_is_taken(unit: Unit) -> None:
    more, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield BUNDLE[: 1 << 21]
        more.set()
        await go_on.wait()
        yield BUNDLE[1 << 21 :]

    async def both() -> tuple[dict[str, object], int, int]:
        now: dict[str, object] = {}
        length = {"Content-Length": str(len(BUNDLE))}
        sending = asyncio.create_task(unit.owner.client.put(f"{URL}/bundle", content=slowly(), headers=length))
        await more.wait()
        for _ in range(1000):
            now = (await unit.owner.client.get(URL)).json()
            if now["percent"]:
                break
            await asyncio.sleep(0.01)
        other = await unit.owner.client.put(f"{URL}/bundle", content=b"x")
        go_on.set()
        return now, other.status_code, (await sending).status_code

    now, other, sent = unit.run(both())
    assert (now["state"], now["percent"], other, sent) == ("receiving", 66, 409, 202)
    assert (unit.places.update / trial.BUNDLE).read_bytes() == BUNDLE


def test_what_there_is_no_room_for_is_not_begun(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "room", lambda _folder: 1 << 20)
    assert refusal(unit.owner.ask("PUT", f"{URL}/bundle", content=BUNDLE)) == (507, "no-room")

    async def without_length() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(1 << 20)

    answer = unit.owner.ask("PUT", f"{URL}/bundle", content=without_length())
    assert refusal(answer) == (507, "no-room")
    assert left(unit) == set()


def test_a_part_of_one_is_no_bundle(unit: Unit) -> None:
    async def short() -> AsyncIterator[bytes]:
        yield BUNDLE[:1000]

    answer = unit.owner.ask("PUT", f"{URL}/bundle", content=short(), headers={"Content-Length": "2000"})
    assert refusal(answer) == (422, "unfit")
    assert left(unit) == set()


def test_too_much_is_refused_by_its_length_alone(unit: Unit) -> None:
    answer = unit.owner.ask("PUT", f"{URL}/bundle", content=b"x", headers={"Content-Length": str(700 << 20)})
    assert refusal(answer) == (413, "too-large")


def test_a_unit_without_slots_says_so(unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RELEASE, str(tmp_path / "none.json"))
    updates = OwnUpdates(unit.places)
    assert updates.now().runs is None
    (tmp_path / "other").mkdir()
    with unit_at(tmp_path / "other", updates=updates) as other:
        assert refusal(other.owner.post(URL, json={"url": "https://a"})) == (503, "no-slots")
        assert "second slot" in other.owner.get("/system").text


def test_each_kind_of_refusal_has_its_words_on_the_page(unit: Unit) -> None:
    page = unit.owner.get("/system").text
    assert 'id="update-form"' in page
    others = {Kind.FAILED, Kind.NO_INSTALLER}
    for kind in set(Kind) - others:
        assert f'data-{kind.value}="' in page, kind
    for one in set(State) - {State.NONE}:
        assert f'data-{one.value}="' in page, one


def test_the_memory_does_not_hold_the_bundle(tmp_path: Path) -> None:
    with intake.Intake(tmp_path, None) as taking:
        for _ in range(9):
            taking.take(bytes(1 << 20))
        assert (tmp_path / "bundle.raucb.part").stat().st_size >= 8 << 20, "it is on the medium before it is whole"
    assert list(tmp_path.iterdir()) == []
