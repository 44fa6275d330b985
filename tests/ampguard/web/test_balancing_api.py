"""Load balancing over HTTP: how the group stands, why limits changed, and setting it up; no password ever leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.live.publisher import Publisher
from ampguard.phrase import Number, as_told, joined, phrase
from ampguard.settings.group import load
from ampguard.web.access.tokens import Scope

URL = "/api/v1/balancing"
SECRET = "sixteen-letters!"
CHARGER: dict[str, Any] = {"id": "1M", "max_a": 16, "phases": ["L2", "L3", "L1"], "offline_a": 6}
GROUP: dict[str, Any] = {
    "name": "Garage", "active": True, "device": "gG", "max_offline_a": 20, "chargers": [CHARGER],
}  # fmt: skip
WHY = joined(" ", (
    phrase("{before} -> {after} A:", before=Number(16.0, ".1f"), after=Number(10.0, ".1f")),
    phrase("for {since} s {phase} would have carried more than it may.", since=Number(1.0, ".0f"), phase="L2"),
))  # fmt: skip
EACH_A = {"l1": 1.0, "l2": 2.0, "l3": 3.0}
ONE: dict[str, Any] = {
    "id": "1M", "name": "Place 1", "phases": ["L2", "L3", "L1"], "online": True, "status": "Charging", "has_car": True,
    "wants": True, "current_a": EACH_A, "power_w": 1380.0, "energy_wh": None, "limit_a": 10.0, "held_a": 10.0,
    "confirmed": True, "lease": "running", "lease_left_s": 21.5, "offline_a": 6.0, "safe_a": 6.0, "way": "TxProfile",
    "cloud": None, "cloud_a": None, "told": [as_told(phrase("the charger's cloud cannot be reached: {why}", why="x"))],
    "why": as_told(WHY),
}  # fmt: skip
BALANCED: dict[str, Any] = {
    "name": "Garage", "active": True, "fault": None, "told": [], "strangers": [], "rung": "fresh", "leader": "unit",
    "budget_used_ratio": 0.01,
    "supply_max_a": 25.0, "meter_age_s": 0.2, "meter_a": EACH_A, "base_a": EACH_A, "chargers": [ONE],
}  # fmt: skip
CHANGE: dict[str, Any] = {
    "utc": "2026-11-22T10:00:00+00:00", "charger": "Place 1", "before_a": 16.0, "after_a": 10.0, "rule": "over",
    "phase": "L2", "since_s": 1.0, "sentence": str(WHY), "said": as_told(WHY),
}  # fmt: skip


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        made.places.settings.write_text("main_fuse_a = 25.0\nnominal_voltage_v = 230.0\n")
        yield made


def put(unit: Unit, group: dict[str, Any], **more: object) -> Any:
    return unit.owner.put(f"{URL}/group", json={"group": group, **more})


def with_charger(**changed: object) -> dict[str, Any]:
    return GROUP | {"chargers": [CHARGER | changed]}


def state(unit: Unit) -> tuple[str, str | None]:
    told = unit.owner.get(URL).json()
    return told["state"], told["fault"]


def test_it_says_first_whether_anything_is_balanced_and_if_not_why(unit: Unit) -> None:
    balancing = unit.parts.balancing
    assert state(unit) == ("no-group", None)
    assert put(unit, GROUP | {"active": False}).status_code == 200
    assert state(unit) == ("inactive", None)
    assert put(unit, GROUP).status_code == 200
    assert state(unit) == ("silent", None)
    idle: dict[str, Any] = {"name": None, "active": False, "fault": None, "chargers": []}
    balancing.hear("balance", idle)
    assert state(unit) == ("starting", None)
    balancing.hear("balance", idle | {"fault": as_told(phrase("the balancer cannot work: {why}", why="port"))})
    assert state(unit) == ("fault", "the balancer cannot work: port")
    balancing.hear("balance", idle | {"fault": as_told("/data/group.toml: device: wanted one, met none")})
    assert state(unit) == ("fault", "device: wanted one, met none")
    balancing.hear("balance", BALANCED)
    assert state(unit) == ("balanced", None)
    balancing.hear("balance", BALANCED | {"fault": as_told("/data/group.toml: not TOML")})
    assert state(unit) == ("balanced", "not TOML")
    balancing.gone()
    assert state(unit) == ("silent", None)
    unit.places.group.write_text("name = [")
    assert state(unit)[0] == "fault"


def test_the_state_has_each_charger_with_its_reason(unit: Unit) -> None:
    put(unit, GROUP)
    unit.parts.balancing.hear("balance", BALANCED)
    told = unit.owner.get(URL).json()
    charger = told["chargers"][0]
    assert charger["why"] == "16.0 -> 10.0 A: for 1 s L2 would have carried more than it may."
    assert charger["told"] == ["the charger's cloud cannot be reached: x"]
    assert {name: charger[name] for name in ("limit_a", "lease_left_s", "safe_a", "current_a")} == {
        "limit_a": 10.0, "lease_left_s": 21.5, "safe_a": 6.0, "current_a": EACH_A,
    }  # fmt: skip
    assert (told["rung"], told["leader"], told["meter_a"]) == ("fresh", "unit", EACH_A)


def test_the_reader_s_language_writes_the_numbers(unit: Unit) -> None:
    put(unit, GROUP)
    unit.parts.balancing.hear("balance", BALANCED)
    unit.parts.balancing.hear("why", CHANGE)
    german = {"Accept-Language": "de"}
    assert "10,0" in unit.owner.get(URL, headers=german).json()["chargers"][0]["why"]
    change = unit.owner.get(f"{URL}/changes", headers=german).json()[0]
    assert "10,0" in change["said"]
    assert "10.0" in change["sentence"]


def test_programs_that_listen_are_told_in_english_with_a_count_of_changes(unit: Unit) -> None:
    balancing, hub = unit.parts.balancing, unit.parts.hub
    balancing.hear("why", CHANGE)
    balancing.hear("balance", BALANCED)
    live: Any = hub.latest("balance")
    assert live["changes"] == 1
    assert live["chargers"][0]["why"].startswith("16.0 -> 10.0 A:")
    assert live["chargers"][0]["told"] == ["the charger's cloud cannot be reached: x"]
    balancing.gone()
    assert hub.latest("balance") is None


def test_changes_come_newest_first_and_as_many_as_are_asked_for(unit: Unit) -> None:
    for number in range(5):
        unit.parts.balancing.hear("why", CHANGE | {"after_a": 6.0 + number})
    assert [one["after_a"] for one in unit.owner.get(f"{URL}/changes?most=3").json()] == [10.0, 9.0, 8.0]
    assert len(unit.owner.get(f"{URL}/changes").json()) == 5
    assert refusal(unit.owner.get(f"{URL}/changes?most=0")) == (422, "malformed")


def test_the_balancer_s_feed_is_heard_and_its_end_too(unit: Unit) -> None:
    put(unit, GROUP)
    balancing = unit.parts.balancing

    async def story() -> None:
        feed = Publisher(unit.places.balancer_feed)
        following = asyncio.create_task(balancing.follow(unit.places.balancer_feed))
        try:
            async with asyncio.timeout(20.0):
                while unit.parts.hub.latest("balance") is None:
                    feed.publish("balance", BALANCED)
                    await asyncio.sleep(0.05)
                feed.close()
                while unit.parts.hub.latest("balance") is not None:  # noqa: ASYNC110 - nobody there to set an event
                    await asyncio.sleep(0.05)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    unit.run(story())


def test_a_group_is_set_up_changed_and_taken_back(unit: Unit) -> None:
    mark = unit.owner.get(f"{URL}/group").json()["mark"]
    made = put(unit, GROUP, mark=mark)
    assert made.status_code == 200, made.text
    group = load(unit.places.group)
    assert group is not None
    assert (group.name, group.active, group.chargers[0].max_a) == ("Garage", True, 16.0)
    assert made.json()["group"]["chargers"][0]["phases"] == ["L2", "L3", "L1"]
    assert put(unit, with_charger(max_a=32), mark=mark).status_code == 409
    assert put(unit, with_charger(max_a=32), mark=made.json()["mark"]).status_code == 200
    history = unit.owner.get(f"{URL}/group/history").json()
    assert history["changes"][0]["edits"] == {"chargers.1M.max_a": {"before": "16", "after": "32"}}
    assert unit.owner.post(f"{URL}/group/undo", json={}).json()["group"]["chargers"][0]["max_a"] == 16.0


def test_what_is_told_can_be_sent_back_as_it_is_but_for_the_passwords(unit: Unit) -> None:
    put(unit, with_charger(key=SECRET, cloud_url="wss://cloud.example", cloud_key=SECRET))
    answer = unit.owner.get(f"{URL}/group")
    assert SECRET not in answer.text
    told = answer.json()["group"]
    for one in told["chargers"]:
        assert (one.pop("has_key"), one.pop("has_cloud_key")) == (True, True)
        assert (one.pop("has_capi_password"), one.pop("has_capi_key")) == (False, False)
    again = put(unit, told)
    assert again.status_code == 200, again.text
    assert again.json()["group"] == answer.json()["group"]
    group = load(unit.places.group)
    assert group is not None
    assert (group.chargers[0].key, group.chargers[0].cloud_key) == (SECRET, SECRET)
    assert SECRET not in unit.owner.get(f"{URL}/group/history").text


def test_passwords_for_the_makers_api_are_kept_and_go_nowhere_else(unit: Unit) -> None:
    api = {"capi_url": "https://api.example", "capi_email": "a@b.example"}
    given = with_charger(**api, capi_password=SECRET, capi_key=SECRET)
    assert put(unit, given).status_code == 200
    answer = unit.owner.get(f"{URL}/group")
    assert SECRET not in answer.text
    assert answer.json()["group"]["chargers"][0]["has_capi_key"] is True
    assert put(unit, with_charger(**api)).status_code == 200, "what is not named stays"
    elsewhere = api | {"capi_url": "https://elsewhere.example"}
    assert refusal(put(unit, with_charger(**elsewhere))) == (422, "unfit")
    assert refusal(put(unit, with_charger(**elsewhere, capi_password=SECRET))) == (422, "unfit")
    assert put(unit, with_charger(**elsewhere, capi_password=SECRET, capi_key=SECRET)).status_code == 200


def test_a_password_for_a_cloud_is_shown_to_no_other_one(unit: Unit) -> None:
    put(unit, with_charger(cloud_url="wss://cloud.example", cloud_key=SECRET))
    elsewhere = with_charger(cloud_url="wss://elsewhere.example")
    assert refusal(put(unit, elsewhere)) == (422, "unfit")
    for key in (None, "another password"):
        put(unit, with_charger(cloud_url="wss://cloud.example", cloud_key=SECRET))
        assert put(unit, with_charger(cloud_url="wss://elsewhere.example", cloud_key=key)).status_code == 200
    gone = put(unit, with_charger())
    assert gone.status_code == 200, gone.text


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (with_charger(offline_a=14), None),
        (with_charger(offline_a=3), "the offline current of charger 1M is set to 3.0 A"),
        (GROUP | {"chargers": [CHARGER, CHARGER | {"id": "2M"}, CHARGER | {"id": "3M", "offline_a": 10}]},
         "the chargers' offline currents are 22.0 A together on L1"),
        (GROUP | {"max_online_a": 40}, "the most for all chargers while the meter is online is set to 40.0 A"),
        (with_charger(max_a=3), "chargers[1].max_a: wanted a number from 6 to 1000"),
        (with_charger(offline_phase="L1", phases=["L2"]), "charger 1M is to use L1 while offline"),
        (GROUP | {"port": 70000}, "port: wanted a number from 1 to 65535"),
        (GROUP | {"name": "x" * 400}, "name: wanted at most 60 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence(unit: Unit, group: dict[str, Any], said: str | None) -> None:
    answer = put(unit, group)
    if said is None:
        assert answer.status_code == 200, answer.text
        return
    assert refusal(answer) == (422, "unfit")
    assert answer.json()["sentence"].startswith(said)
    assert load(unit.places.group) is None


@pytest.mark.parametrize("value", [10**400, float("nan"), True, "20", None, [20]])
def test_what_is_no_number_is_malformed(unit: Unit, value: object) -> None:
    answer = unit.owner.put(f"{URL}/group", content=json.dumps({"group": GROUP | {"max_offline_a": value}}))
    assert refusal(answer) == (422, "malformed")


def test_strange_texts_are_kept_as_they_are(unit: Unit) -> None:
    name = "Ä \"quoted\" '''x''' \\ # [y] \N{PILE OF POO}"
    answer = put(unit, GROUP | {"name": name})
    assert answer.status_code == 200, answer.text
    assert answer.json()["group"]["name"] == name


def test_a_group_that_cannot_be_balanced_any_more_can_still_be_ended(unit: Unit) -> None:
    put(unit, GROUP)
    unit.places.settings.write_text("main_fuse_a = 10.0\nnominal_voltage_v = 230.0\n")
    assert refusal(put(unit, with_charger(max_a=20))) == (422, "unfit")
    assert put(unit, GROUP | {"active": False}).status_code == 200


def test_a_token_that_reads_may_look_and_set_nothing_up(unit: Unit) -> None:
    reader, controller = unit.with_token(Scope.READ), unit.with_token(Scope.CONTROL)
    for path in ("", "/changes", "/group", "/group/history"):
        assert reader.get(f"{URL}{path}").status_code == 200
        assert refusal(unit.stranger.get(f"{URL}{path}")) == (401, "sign-in-wanted")
    body = {"group": GROUP}
    assert refusal(reader.put(f"{URL}/group", json=body)) == (403, "not-allowed")
    assert refusal(reader.post(f"{URL}/group/undo", json={})) == (403, "not-allowed")
    assert controller.put(f"{URL}/group", json=body).status_code == 200
    last = controller.get(f"{URL}/group/history").json()["changes"][0]
    assert (last["means"], last["name"]) == ("token", "a control token")


def test_nothing_is_undone_where_nothing_was_done(unit: Unit) -> None:
    assert refusal(unit.owner.post(f"{URL}/group/undo", json={})) == (422, "unfit")
