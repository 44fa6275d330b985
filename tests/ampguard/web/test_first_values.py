"""What a page shows before its scripts do: so that nothing moves when they come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ampguard.web.test_balancing_api import BALANCED, CHANGE, GROUP, ONE, URL
from tests.ampguard.web.test_status_page import ALARM, HEARD, WINDOW
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.catalogue import Words
from ampguard.phrase import as_told, phrase

GERMAN = Words("de", "web")
SWAPPED = {
    "clamps": {"l1": "L2", "l2": "L1 reversed", "l3": "L3"},
    "voltages": {"l1": "L1", "l2": "L2", "l3": "L3"},
}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        made.places.settings.write_text("main_fuse_a = 80.0\nnominal_voltage_v = 230.0\n")
        yield made


def element(unit: Unit, path: str, name: str, language: str = "en") -> str:
    """Of that id, to its end or its first child of the same kind's."""
    page = unit.owner.get(path, headers={"Accept-Language": language}).text
    found = re.search(rf'<(\w+)([^>]* id="{name}".*?)</\1>', page, re.DOTALL)
    assert found is not None, name
    return found[0]


def hidden(unit: Unit, path: str, name: str) -> bool:
    return re.search(r"\shidden[\s>]", element(unit, path, name).partition(">")[0] + ">") is not None


def test_the_verdict_stands_there_with_its_reasons(unit: Unit) -> None:
    assert ">The meter says nothing<" in element(unit, "/", "verdict")
    unit.parts.hub.tell("wiring", HEARD)
    assert 'data-verdict="right"' in element(unit, "/", "verdict")
    assert "Every CT clamp sits on its own phase" in element(unit, "/installation", "reason")
    assert f">{GERMAN.say('The wiring is right')}<" in element(unit, "/", "verdict", "de")
    unit.parts.hub.tell("wiring", HEARD | {"looking_again": "settings", "verdict": "undecided"})
    assert ">Looking again since the settings were changed …<" in element(unit, "/installation", "verdict")
    assert hidden(unit, "/", "fault")
    unit.parts.hub.tell("wiring", HEARD | {"verdict": "later"})
    assert ">The meter says nothing<" in element(unit, "/", "verdict")
    unit.parts.hub.tell("wiring", HEARD | {"alarm": ALARM})
    assert ">The supply has a fault<" in element(unit, "/", "verdict")
    assert not hidden(unit, "/", "fault")
    assert "broken or loose" in element(unit, "/", "fault").lower()


def test_a_proposal_stands_there_with_its_rows(unit: Unit) -> None:
    assert hidden(unit, "/installation", "proposal")
    unit.parts.hub.tell("wiring", HEARD | {"verdict": "wrong", "current_verdict": "wrong", "proposal": SWAPPED})
    assert not hidden(unit, "/installation", "proposal")
    rows = element(unit, "/installation", "proposed")
    assert rows.count("<tr>") == 2
    assert "<td>L2</td><td>L1, reversed</td>" in rows


def test_what_a_fuse_beyond_the_unit_means_stands_there(unit: Unit) -> None:
    assert hidden(unit, "/", "fuse-beyond")
    unit.parts.hub.tell("status", {"unit": {"rated_current_a": 63.0}})
    assert not hidden(unit, "/", "fuse-beyond")
    assert "up to 63 A" in element(unit, "/", "fuse-beyond")
    assert hidden(unit, "/", "inferred")
    unit.parts.hub.tell("measurement", {**WINDOW, "quality": ["inferred"]})
    assert not hidden(unit, "/", "inferred")


def test_the_group_stands_there_as_it_is(unit: Unit) -> None:
    assert ">No chargers share this fuse yet.<" in element(unit, "/charging", "stand")
    assert re.search(r'id="group-details"\s+open', unit.owner.get("/charging").text)
    assert hidden(unit, "/", "charging")
    unit.owner.put(f"{URL}/group", json={"group": GROUP})
    assert ">The balancer does not run: each charger falls back by itself.<" in element(unit, "/charging", "stand")
    assert 'class="said">The balancer does not run' in element(unit, "/", "charging")
    unit.parts.balancing.hear("why", CHANGE)
    fault = as_told(phrase("the balancer cannot work: {why}", why="port 9000 is taken"))
    unit.parts.balancing.hear("balance", BALANCED | {"rung": "lost", "leader": "cloud", "fault": fault})
    assert not re.search(r'id="group-details"\s+open', unit.owner.get("/charging").text)
    assert ">Garage is balanced.<" in element(unit, "/charging", "stand")
    assert "The meter is lost" in element(unit, "/charging", "rung")
    assert "The cloud leads" in element(unit, "/charging", "leader")
    assert "port 9000 is taken" in element(unit, "/charging", "unfit")
    assert 'class="said">The meter is lost' in element(unit, "/", "charging")
    assert "16.0 -&gt; 10.0 A" in element(unit, "/charging", "change-list")
    for name in ("ladder", "phases", "chargers", "deactivate"):
        assert not hidden(unit, "/charging", name)
    assert hidden(unit, "/charging", "activate")


def test_each_charger_stands_there_with_what_is_said_of_it(unit: Unit) -> None:
    unit.owner.put(f"{URL}/group", json={"group": GROUP})
    away = ONE | {
        "id": "2M",
        "name": "Place 2",
        "online": False,
        "lease": "ended",
        "why": None,
        "told": [],
        "cloud": "away",
    }
    unit.parts.balancing.hear("balance", BALANCED | {"chargers": [ONE, away]})
    page = unit.owner.get("/charging", headers={"Accept-Language": "de"}).text
    one, other = (page.partition(f'data-id="{name}"')[2].partition("</dl>")[0] for name in ("1M", "2M"))
    assert GERMAN.say("charging") in one
    assert GERMAN.say("up to {amperes} A", amperes="10") in one
    assert "10,0 A" in one
    assert GERMAN.say("not connected") in other
    assert GERMAN.say("up to {amperes} A", amperes="6") in other
    assert '<div data-of="cloud-row" hidden>' in one
    assert '<div data-of="cloud-row">' in other


def test_the_unit_stands_there(unit: Unit) -> None:
    unit.parts.hub.tell(
        "status",
        {"unit": {"serial": "AB12345G", "variant": "home", "ct_set": "blue 7", "calibration": "0123456789abcdef"}},
    )
    told = unit.owner.get("/system").text
    assert "<dt>Variant</dt><dd>Home</dd>" in told
    for name, value in (("ct_set", "blue 7"), ("calibration", "0123456789abcdef")):
        assert re.search(rf'data-identity="{name}">{value}<', told)
    assert 'id="boot">boot-1<' in told
