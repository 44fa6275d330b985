"""The settings over HTTP: seen, changed, undone, carried away and brought back; no secret ever leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.settings.described import SETTINGS, Kind
from ampguard.settings.history import By, Means
from ampguard.settings.settings import load
from ampguard.settings.values import Value
from ampguard.web.access.tokens import Scope

PASSWORD = "hunter2-of-the-broker"
URL = "/api/v1/settings"


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


def mark(unit: Unit) -> str:
    found: str = unit.owner.get(URL).json()["mark"]
    return found


def test_all_settings_are_told_with_what_a_form_needs(unit: Unit) -> None:
    told = {one["key"]: one for one in unit.owner.get(URL).json()["settings"]}
    assert list(told) == list(SETTINGS)
    fuse = told["main_fuse_a"]
    assert (fuse["kind"], fuse["least"], fuse["most"], fuse["unit"]) == ("number", 1.0, 1000.0, "A")
    assert (fuse["is_set"], fuse["value"]) == (False, None)


def test_a_change_is_kept_and_told_at_once(unit: Unit) -> None:
    changes = {"main_fuse_a": 35, "grid_type": "it", "generation_on_site": True, "commands.allow": ["ping"]}
    answer = unit.owner.patch(URL, json={"mark": mark(unit), "changes": changes})
    assert answer.status_code == 200, answer.text
    now = {one["key"]: one["value"] for one in answer.json()["settings"]}
    assert {key: now[key] for key in changes} == changes
    assert load(unit.places.settings).main_fuse_a == 35.0


def test_a_setting_can_be_cleared(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": 35}})
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": None}})
    assert load(unit.places.settings).main_fuse_a is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("main_fuse_a", 0.5), ("main_fuse_a", "35"), ("main_fuse_a", True), ("main_fuse_a", [1]), ("grid_type", "ring"),
        ("main_fuse_a", 10**400), ("voltage_terminals", []), ("mqtt.port", 1.5), ("nobody.knows", 1), ("", 1),
        ("wiring", "x"),        ("mqtt.username", "\ud800"), ("mqtt.username", "x" * 2000),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_changes(unit: Unit, key: str, value: object) -> None:
    before = mark(unit)
    changes = {"nominal_voltage_v": 230, "mqtt.host": "broker", key: value}
    answer = unit.owner.patch(URL, content=json.dumps({"changes": changes}))
    assert answer.status_code == 422
    assert mark(unit) == before
    if answer.json()["id"] == "unfit":
        assert key in answer.json()["sentence"]
        assert str(unit.places.data) not in answer.json()["sentence"]


def test_who_has_seen_another_version_is_told_so(unit: Unit) -> None:
    seen = mark(unit)
    unit.owner.patch(URL, json={"mark": seen, "changes": {"main_fuse_a": 35}})
    for method, path, body in (
        ("PATCH", "", {"changes": {"main_fuse_a": 63}}),
        ("POST", "/undo", {}),
        ("POST", "/import", {"text": "main_fuse_a = 63\n"}),
        ("POST", "/import/preview", {"text": "main_fuse_a = 63\n"}),
    ):
        assert refusal(unit.owner.ask(method, f"{URL}{path}", json={"mark": seen, **body})) == (
            409,
            "changed-meanwhile",
        )
    assert load(unit.places.settings).main_fuse_a == 35.0


def test_the_last_change_is_undone_and_the_history_says_all_of_it(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": 35}})
    unit.with_token(Scope.CONTROL).patch(URL, json={"changes": {"main_fuse_a": 63}})
    assert unit.owner.get(f"{URL}/history").json()["can_undo"] == 2
    assert unit.owner.post(f"{URL}/undo", json={}).status_code == 200
    assert load(unit.places.settings).main_fuse_a == 35.0
    told = unit.owner.get(f"{URL}/history").json()
    assert [(one["number"], one["means"], one["name"]) for one in told["changes"]] == [
        (3, "page", "192.0.2.7"), (2, "token", "a control token"), (1, "page", "192.0.2.7"),
    ]  # fmt: skip
    assert told["changes"][1]["edits"] == {"main_fuse_a": {"before": "35", "after": "63"}}
    assert [one["is_undone"] for one in told["changes"]] == [False, True, False]
    assert (told["changes"][0]["undoes"], told["can_undo"]) == (2, 1)


def test_there_is_nothing_to_undo_at_first(unit: Unit) -> None:
    assert refusal(unit.owner.post(f"{URL}/undo", json={})) == (422, "unfit")


def test_what_is_carried_away_can_be_brought_back(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": 35, "mqtt.host": "broker", "mqtt.password": PASSWORD}})
    answer = unit.owner.get(f"{URL}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="ampguard-settings-AB12345G.toml"'
    assert PASSWORD not in answer.text
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": 63, "generation_on_site": True}})
    assert unit.owner.post(f"{URL}/import", json={"text": answer.text}).status_code == 200
    now = load(unit.places.settings)
    assert (now.main_fuse_a, now.generation_on_site) == (35.0, None)
    assert now.mqtt is not None
    assert now.mqtt.password == PASSWORD


def test_what_a_file_would_change_is_told_and_nothing_is_changed(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"main_fuse_a": 35, "mqtt.host": "broker", "mqtt.password": PASSWORD}})
    before = unit.places.settings.read_bytes()
    text = 'main_fuse_a = 63\n[mqtt]\nhost = "broker"\npassword = "another"\n[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n'
    told = unit.owner.post(f"{URL}/import/preview", json={"text": text}).json()
    assert told["edits"].pop("mqtt.password") == {"before": "set", "after": "changed"}
    assert told == {
        "mark": mark(unit),
        "edits": {
            "main_fuse_a": {"before": "35", "after": "63"},
            "wiring.clamps.l1": {"before": None, "after": "L2"},
            "wiring.clamps.l2": {"before": None, "after": "L1"},
        },
    }
    assert unit.places.settings.read_bytes() == before
    assert unit.owner.post(f"{URL}/import", json={"text": text, "mark": told["mark"]}).status_code == 200
    assert unit.owner.post(f"{URL}/import/preview", json={"text": text}).json()["edits"] == {}


@pytest.mark.parametrize(
    ("place", "value"),
    [("mqtt.host", "192.0.2.66"), ("mqtt.port", 1884), ("mqtt.tls_ca_file", None)],
)
def test_a_password_that_is_kept_is_shown_to_nobody_else(unit: Unit, place: str, value: str | int | None) -> None:
    told: dict[str, str | int] = {"mqtt.host": "broker", "mqtt.password": PASSWORD, "mqtt.tls_ca_file": "/etc/ours.pem"}
    unit.parts.settings.change(told, By(Means.COMMAND))
    before = mark(unit)
    answer = unit.with_token(Scope.CONTROL).patch(URL, json={"changes": {place: value}})
    assert refusal(answer) == (422, "unfit")
    assert answer.json()["sentence"].startswith("mqtt.password: ")
    told_too = {key: one for key, one in {**told, place: value, "mqtt.password": None}.items() if one is not None}
    text = "[mqtt]\n" + "".join(f"{key.removeprefix('mqtt.')} = {json.dumps(one)}\n" for key, one in told_too.items())
    for path in ("import", "import/preview"):
        assert refusal(unit.owner.post(f"{URL}/{path}", json={"text": text})) == (422, "unfit")
    assert mark(unit) == before
    for again in ("another", None):
        assert unit.owner.patch(URL, json={"changes": {place: value, "mqtt.password": again}}).status_code == 200


def test_what_goes_to_nobody_any_more_may_go(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"mqtt.host": "broker", "mqtt.password": PASSWORD}})
    assert unit.owner.post(f"{URL}/import", json={"text": "main_fuse_a = 35\n"}).status_code == 200
    assert PASSWORD not in unit.places.settings.read_text()


@pytest.mark.parametrize(
    "text", ["no toml", "main_fuse_a = 0", "a = " + "[" * 5000, "\0", 'mqtt.password = "x"', "# \ud800"]
)
def test_a_file_that_is_none_changes_nothing(unit: Unit, text: str) -> None:
    before = mark(unit)
    answer = unit.owner.post(f"{URL}/import", content=json.dumps({"text": text}))
    assert answer.status_code == 422
    assert mark(unit) == before


def test_no_secret_ever_leaves(unit: Unit) -> None:
    unit.owner.patch(URL, json={"changes": {"mqtt.host": "broker", "mqtt.password": PASSWORD}})
    unit.owner.patch(URL, json={"changes": {"mqtt.password": f"{PASSWORD} too"}})
    assert next(one for one in unit.owner.get(URL).json()["settings"] if one["key"] == "mqtt.password")["is_set"]
    for path in ("", "/history", "/export"):
        assert PASSWORD not in unit.owner.get(f"{URL}{path}").text


def test_a_token_for_reading_changes_nothing_and_a_stranger_sees_nothing(unit: Unit) -> None:
    reader = unit.with_token(Scope.READ)
    assert reader.get(URL).status_code == 200
    for path in ("", "/history", "/export"):
        assert refusal(unit.stranger.get(f"{URL}{path}")) == (401, "sign-in-wanted")
    for one, wanted in ((reader, (403, "not-allowed")), (unit.stranger, (401, "sign-in-wanted"))):
        assert refusal(one.patch(URL, json={"changes": {"main_fuse_a": 35}})) == wanted
        assert refusal(one.post(f"{URL}/undo", json={})) == wanted
        assert refusal(one.post(f"{URL}/import", json={"text": ""})) == wanted


def test_another_page_of_another_origin_changes_nothing(unit: Unit) -> None:
    answer = unit.owner.patch(URL, json={"changes": {"main_fuse_a": 35}}, headers={"X-CSRF-Token": ""})
    assert refusal(answer) == (403, "not-allowed")
    assert load(unit.places.settings).main_fuse_a is None


@pytest.mark.parametrize(
    "change", [{"mqtt.enrolled": None}, {"mqtt.enrolled": False}, {"mqtt.enrolled": None, "mqtt.username": "x"}]
)
def test_a_password_that_is_kept_is_not_sent_in_the_clear_for_whoever_takes_encryption_away(
    unit: Unit, change: dict[str, object]
) -> None:
    begun = {"mqtt.host": "broker.example", "mqtt.enrolled": True, "mqtt.password": PASSWORD}
    assert unit.owner.patch(URL, json={"changes": begun}).status_code == 200
    assert refusal(unit.with_token(Scope.CONTROL).patch(URL, json={"changes": change})) == (422, "unfit")
    assert unit.owner.patch(URL, json={"changes": {**change, "mqtt.password": PASSWORD}}).status_code == 200
    # what says the same in other words is no change
    assert unit.owner.patch(URL, json={"changes": {"mqtt.enrolled": False}}).status_code == 200


def test_a_token_is_not_shown_to_another_proxy(unit: Unit) -> None:
    begun = {"https.url": "http://localhost:8080", "https.token": "a-token"}
    assert unit.owner.patch(URL, json={"changes": begun}).status_code == 200
    proxy = {"https.proxy": "http://192.0.2.66:3128"}
    assert refusal(unit.with_token(Scope.CONTROL).patch(URL, json={"changes": proxy})) == (422, "unfit")
    assert unit.owner.patch(URL, json={"changes": {**proxy, "https.token": "a-token"}}).status_code == 200
    assert unit.owner.patch(URL, json={"changes": {"https.proxy": None}}).status_code == 200


FILES = [key for key, one in SETTINGS.items() if one.kind is Kind.FILE]


@pytest.mark.parametrize("key", FILES)
def test_a_file_is_named_on_the_unit_itself_only(unit: Unit, key: str) -> None:
    by_hand: dict[str, Value | None] = {"mqtt.host": "broker", "https.url": "https://cloud.example"}
    by_hand |= {one: f"/etc/{one}" for one in FILES}
    unit.parts.settings.change(by_hand, By(Means.COMMAND))
    exported = unit.owner.get(f"{URL}/export").text
    before = mark(unit)
    for who in (unit.owner, unit.with_token(Scope.CONTROL)):
        answer = who.patch(URL, json={"changes": {key: "/dev/zero", "main_fuse_a": 35}})
        assert refusal(answer) == (403, "by-hand")
        assert answer.json()["sentence"].startswith(f"{key}: ")
        elsewhere = exported.replace(f"/etc/{key}", "/dev/zero")
        assert refusal(who.post(f"{URL}/import", json={"text": elsewhere})) == (403, "by-hand")
    assert mark(unit) == before
    # what is as it was may be said again, and that there is none any more
    assert unit.owner.post(f"{URL}/import", json={"text": exported}).status_code == 200
    assert unit.owner.patch(URL, json={"changes": {key: f"/etc/{key}"}}).status_code == 200
    assert unit.owner.patch(URL, json={"changes": dict.fromkeys(FILES)}).status_code == 200
    assert refusal(unit.owner.patch(URL, json={"changes": {key: f"/etc/{key}"}})) == (403, "by-hand")


@pytest.mark.parametrize("path", ["/system", "/charging"])
def test_whoever_can_change_a_setting_has_words_of_its_own_on_the_page(unit: Unit, path: str) -> None:
    page = unit.owner.get(path).text
    words = [re.search(rf'data-{means}="([^"]+)"', page) for means in Means]
    assert None not in words
    assert len({one[1] for one in words if one is not None}) == len(Means)


def test_a_change_of_the_cloud_is_told_apart_from_one_of_the_command_line(unit: Unit) -> None:
    for means, host in ((Means.COMMAND, "one"), (Means.CLOUD, "other")):
        unit.parts.settings.change({"mqtt.host": host}, By(means))
    told = unit.owner.get("/api/v1/settings/history").json()["changes"]
    assert [one["means"] for one in told] == ["cloud", "command"]
