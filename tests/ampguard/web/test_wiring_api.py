"""The wiring as the API tells it: what is old is not told as new, and refusals are in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.phases import Phase, Phases
from ampguard.readings import Json, as_json
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.settings import load

URL = "/api/v1/wiring"
SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1), Clamp(Phase.L3)))
AS_SET = {"l1": "L1", "l2": "L2", "l3": "L3"}


def heard(verdict: str, in_force: Assignment, **more: Json) -> dict[str, Json]:
    return {
        "verdict": verdict,
        "voltage_verdict": "right",
        "current_verdict": verdict,
        "sentence": "as the solver says",
        "assignment": {name: {"phase": place, "reversed": False} for name, place in AS_SET.items()},
        "in_force": as_json(in_force.inputs),
        "proposal": None,
        **more,
    }


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


def told(unit: Unit) -> dict[str, Any]:
    found: dict[str, Any] = unit.owner.get(URL).json()
    return found


def test_from_the_change_on_the_verdict_of_before_is_not_told_as_if_it_were_of_now(unit: Unit) -> None:
    hub = unit.parts.hub
    hub.tell("wiring", heard("wrong", AS_LABELLED, proposal=as_json(SWAPPED.inputs)))
    hub.tell("condition", {"voltage": "right", "current": "wrong", "sentence": "the clamp of L1 is on L2"})
    before = told(unit)
    assert (before["looking_again"], len(before["reasons"])) == (None, 2)
    accepted = unit.owner.post(f"{URL}/accept", json={"proposal": before["proposal"]}).json()
    assert load(unit.places.settings).assignment == SWAPPED
    assert (accepted["looking_again"], accepted["reasons"], accepted["proposal"]) == ("assignment", [], None)
    hub.tell("wiring", heard("undecided", SWAPPED, looking_again="assignment"))
    assert told(unit)["looking_again"] == "assignment"
    hub.tell("wiring", heard("right", SWAPPED, looking_again=None))
    assert told(unit)["looking_again"] is None
    assert unit.owner.post("/api/v1/settings/undo", json={}).status_code == 200
    assert (told(unit)["looking_again"], told(unit)["reasons"]) == ("assignment", [])


def test_a_fault_of_the_supply_is_told_with_its_kind_beside_a_wiring_that_is_right(unit: Unit) -> None:
    alarm: Json = {"message": "the neutral is broken or loose", "facts": {}}
    unit.parts.hub.tell("wiring", heard("right", AS_LABELLED, alarm=alarm))
    now = told(unit)
    assert now["verdict"] == "right"
    assert now["fault"] == {"kind": "supply", "sentence": "The neutral is broken or loose"}
    assert now["reasons"][0] == "The neutral is broken or loose"
    unit.parts.hub.tell("wiring", heard("right", AS_LABELLED, alarm=None))
    assert told(unit)["fault"] is None


def test_that_settings_were_changed_is_told_and_a_newer_meters_reason_is_not_guessed(unit: Unit) -> None:
    unit.parts.hub.tell("wiring", heard("undecided", AS_LABELLED, looking_again="settings"))
    assert told(unit)["looking_again"] == "settings"
    unit.parts.hub.tell("wiring", heard("undecided", AS_LABELLED, looking_again="something new"))
    assert told(unit)["looking_again"] is None


def inputs(one: str, two: str, three: str) -> dict[str, str]:
    return {"l1": one, "l2": two, "l3": three}


@pytest.mark.parametrize(
    ("clamps", "voltages", "sentence"),
    [
        (inputs("L2", "L2 reversed", "L3"), AS_SET, "two clamps cannot both measure L2: each phase has one of its own"),
        (AS_SET, inputs("L1", "L3", "L3"),
         "two voltage terminals cannot both be on L3: each phase has one of its own"),
    ],
)  # fmt: skip
def test_two_on_one_phase_are_refused_in_plain_words_and_in_the_readers_language(
    unit: Unit, clamps: dict[str, str], voltages: dict[str, str], sentence: str
) -> None:
    body = {"clamps": clamps, "voltages": voltages}
    refused = unit.owner.ask("PUT", URL, json=body)
    assert (refused.status_code, refused.json()["id"]) == (422, "unfit")
    assert refused.json()["sentence"] == refused.json()["told"] == sentence
    danish = unit.owner.ask("PUT", URL, json=body, headers={"Accept-Language": "da"}).json()
    assert danish["sentence"] == sentence
    assert danish["told"].startswith("to ")
    assert danish["told"] != sentence
    assert not unit.places.settings.exists()


def test_what_nobody_has_translated_is_told_in_english_alone(unit: Unit) -> None:
    body = {"clamps": inputs("L7", "L2", "L3"), "voltages": AS_SET}
    refused = unit.owner.ask("PUT", URL, json=body, headers={"Accept-Language": "da"}).json()
    assert "L7" in refused["sentence"]
    assert refused["told"] is None


def test_refusals_of_check_settings_and_wiring_are_told_in_the_readers_language(unit: Unit) -> None:
    unit.owner.patch("/api/v1/settings", json={"changes": {"grid_type": "split-phase"}})
    for method, path, body in (
        ("POST", f"{URL}/check", {}),
        ("POST", f"{URL}/accept", {"proposal": {"clamps": AS_SET, "voltages": AS_SET}}),
    ):
        refused = unit.owner.ask(method, path, json=body, headers={"Accept-Language": "da"}).json()
        assert refused["told"] not in {None, refused["sentence"]}
    unit.owner.post("/api/v1/settings/undo", json={})
    refused = unit.owner.post("/api/v1/settings/undo", json={}, headers={"Accept-Language": "da"}).json()
    assert refused["sentence"] == "wanted a change to undo, met none"
    assert refused["told"] not in {None, refused["sentence"]}
