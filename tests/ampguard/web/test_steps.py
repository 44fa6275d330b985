"""The steps of a first visit: what is open is what the unit really lacks, in the order in which it is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.chronicle.reported import FILE, Reported, keep, stated
from ampguard.readings import Json
from ampguard.settings.settings import load
from ampguard.web.access.tokens import Scope
from ampguard.web.pages.first_visit import LEADS, STATES
from ampguard.web.steps import Reason, StepId, StepState, is_complete, next_of, steps

URL = "/api/v1/steps"
SAID: dict[str, object] = {"main_fuse_a": 35, "grid_type": "three-phase", "generation_on_site": False}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


def say(unit: Unit, changes: dict[str, object]) -> None:
    assert unit.owner.patch("/api/v1/settings", json={"changes": changes}).status_code == 200


def told(unit: Unit) -> dict[str, Any]:
    found: dict[str, Any] = unit.owner.get(URL).json()
    return found


def reasons(unit: Unit) -> dict[str, list[str]]:
    return {one["id"]: one["reasons"] for one in told(unit)["steps"]}


def test_a_unit_out_of_its_box_has_everything_before_it_in_order(unit: Unit) -> None:
    now = told(unit)
    assert [one["id"] for one in now["steps"]] == ["network", "electrical", "wiring", "cloud", "report"]
    assert (now["complete"], now["next"]) == (False, "network")
    assert reasons(unit)["electrical"] == ["main-fuse", "grid-type", "generation"]


def test_each_step_leads_to_the_next_until_all_is_done(unit: Unit) -> None:
    hub = unit.parts.hub
    hub.tell("uplink", {"communication": "network"})
    assert told(unit)["next"] == "electrical"
    say(unit, SAID)
    assert told(unit)["next"] == "wiring"
    hub.tell("wiring", {"verdict": "right"})
    now = told(unit)
    assert (now["complete"], now["next"]) == (True, "cloud")
    say(unit, {"mqtt.host": "broker"})
    assert reasons(unit)["cloud"] == ["broker-only"]
    hub.tell("uplink", {"communication": "connected", "cloud": False, "cloud_connected": False})
    assert (told(unit)["next"], reasons(unit)["cloud"]) == ("cloud", ["broker-only"])
    say(unit, {"https.url": "https://cloud.example"})
    assert reasons(unit)["cloud"] == ["not-reached"]
    hub.tell("uplink", {"communication": "connected", "cloud": True, "cloud_connected": True})
    assert told(unit)["next"] == "report"
    assert reasons(unit)["report"] == ["ready"]


def test_a_fault_of_the_supply_comes_before_a_wiring_that_is_right(unit: Unit) -> None:
    hub = unit.parts.hub
    hub.tell("uplink", {"communication": "network"})
    say(unit, SAID)
    alarm: Json = {"message": "the neutral is broken or loose", "facts": {}}
    hub.tell("wiring", {"verdict": "right", "alarm": alarm})
    assert (told(unit)["complete"], told(unit)["next"]) == (False, "wiring")
    assert reasons(unit)["wiring"] == ["supply", "right"]
    hub.tell("wiring", {"verdict": "undecided", "alarm": alarm})
    assert reasons(unit)["wiring"] == ["supply"]
    lost: dict[str, Json] = {"voltage_rms_v": {"l1": 230.0, "l2": 230.0, "l3": 0.1}}
    hub.tell("wiring", {"verdict": "undecided", "voltage_verdict": "absent", "phasors": lost})
    assert reasons(unit)["wiring"] == ["lost-phase"]
    hub.tell("wiring", {"verdict": "right", "alarm": None})
    assert (told(unit)["complete"], reasons(unit)["wiring"]) == (True, ["right"])


def test_a_report_is_done_as_long_as_what_it_states_is_so(unit: Unit) -> None:
    hub, folder = unit.parts.hub, unit.places.wiring
    hub.tell("uplink", {"communication": "network"})
    hub.tell("wiring", {"verdict": "right"})
    say(unit, SAID)

    def report() -> tuple[str, list[str]]:
        step = told(unit)["steps"][-1]
        return step["state"], step["reasons"]

    def made(verdict: str | None) -> None:
        keep(folder, Reported(stated(load(unit.places.settings)), verdict))

    assert report() == ("open", ["ready"])
    made("right")
    assert report() == ("done", ["reported"])
    say(unit, {"wiring.clamps.l1": "L1 reversed"})
    assert report() == ("open", ["outdated"])
    say(unit, {"wiring.clamps.l1": None})
    assert report() == ("done", ["reported"])
    say(unit, {"main_fuse_a": 63})
    assert report() == ("open", ["outdated"])
    made("wrong")
    assert report() == ("open", ["outdated"])
    made("right")
    hub.tell("wiring", {"verdict": "undecided"})
    assert report() == ("later", ["not-yet"])
    (folder / FILE).write_text("{")
    hub.tell("wiring", {"verdict": "right"})
    assert report() == ("open", ["ready"])


@pytest.mark.parametrize(("key", "reason"), [(key, reason) for key, reason in zip(
    SAID, ("main-fuse", "grid-type", "generation"), strict=True
)])  # fmt: skip
def test_what_nobody_has_said_is_asked_for_even_where_something_would_be_assumed(
    unit: Unit, key: str, reason: str
) -> None:
    say(unit, {one: value for one, value in SAID.items() if one != key})
    assert reasons(unit)["electrical"] == [reason]


def test_settings_that_cannot_be_read_are_said_to_be_so(unit: Unit) -> None:
    unit.places.settings.write_text("main_fuse_a = [")
    assert reasons(unit)["electrical"] == ["unreadable"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([None, "none", "network", "connected", "something new"]),
    st.sampled_from([None, "right", "wrong", "absent", "undecided", "something new"]),
)
def test_it_is_complete_where_nothing_needed_is_open_and_each_reason_has_a_sentence(
    unit: Unit, communication: str | None, verdict: str | None
) -> None:
    hub = unit.parts.hub
    for kind, name, word in (("uplink", "communication", communication), ("wiring", "verdict", verdict)):
        if word is None:
            hub.forget(kind)
        else:
            hub.tell(kind, {name: word})
    if not unit.places.settings.exists():
        say(unit, SAID)
    found = steps(unit.parts)
    assert is_complete(found) == (communication not in {None, "none"} and verdict == "right")
    open_ones = [one.id for one in found if one.state is StepState.OPEN]
    assert next_of(found) == (open_ones[0] if open_ones else None)
    for one in found:
        assert one.reasons
        assert set(one.reasons) <= set(LEADS[one.id].sentences)


def test_each_step_and_state_has_words_and_no_sentence_is_left_over() -> None:
    assert set(LEADS) == set(StepId)
    assert set(STATES) == set(StepState)
    assert {reason for lead in LEADS.values() for reason in lead.sentences} == set(Reason)


@pytest.mark.parametrize("path", ["/", "/installation"])
def test_the_steps_are_on_the_first_pages_until_they_are_done(unit: Unit, path: str) -> None:
    shown = unit.owner.get(path).text
    assert 'id="steps"' in shown
    assert 'id="steps" aria-labelledby="steps-title" hidden' not in shown
    say(unit, SAID)
    unit.parts.hub.tell("uplink", {"communication": "network"})
    unit.parts.hub.tell("wiring", {"verdict": "right"})
    only_the_report = unit.owner.get(path).text
    assert 'id="steps" aria-labelledby="steps-title" hidden' not in only_the_report
    assert ">All that is needed is done; only the report is left.</p>" in only_the_report
    keep(unit.places.wiring, Reported(stated(load(unit.places.settings)), "right"))
    assert 'id="steps" aria-labelledby="steps-title" hidden' in unit.owner.get(path).text
    assert 'id="steps" aria-labelledby="steps-title" data-stays="yes"' in unit.owner.get("/first-visit").text


def test_a_token_for_reading_sees_them_and_a_stranger_does_not(unit: Unit) -> None:
    assert unit.with_token(Scope.READ).get(URL).status_code == 200
    assert refusal(unit.stranger.get(URL)) == (401, "sign-in-wanted")
    assert unit.stranger.get("/first-visit").headers["location"] == "/sign-in"
