"""The language of the one who asks: what he chose, what his browser likes, English; on pages and in answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.web.unit import unit_at

from ampguard.catalogue import LANGUAGES
from ampguard.phrase import Phrase, as_told
from ampguard.web.words import preferred

WRONG = {
    "verdict": "wrong",
    "voltage_verdict": "right",
    "current_verdict": "wrong",
    "voltage_order": "L1-L2-L3",
    "channels": {
        "l1": {"verdict": "wrong", "phase": "L2", "reversed": True},
        "l2": {"verdict": "right", "phase": "L2", "reversed": False},
        "l3": None,
    },
    "phasors": {
        "current_fundamental_rms_a": {"l1": 4.98, "l2": 1.0, "l3": None},
        "current_angle_deg": {"l1": 60.2, "l2": -3.0, "l3": None},
    },
}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("da", "da"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR, no;q=0.7, fi;q=0.8", "fi"),
        ("nn-NO", "nb"),
        ("fil-PH, en;q=0.5", "en"),
        ("sv;q=0, fr;q=0.1", "fr"),
        ("*", "en"),
        ("da;q=many, nl;q=0.2", "nl"),
    ],
)
def test_the_browser_s_best_language_of_ours(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text(max_size=300))
def test_whatever_a_browser_says_a_language_comes_out(header: str) -> None:
    assert preferred(header) in LANGUAGES


def test_a_page_is_in_the_language_that_was_chosen_before_the_browser_s(tmp_path: Path) -> None:
    with unit_at(tmp_path) as unit:
        german = unit.stranger.get("/sign-in", headers={"Accept-Language": "de"})
        assert '<html lang="de">' in german.text
        assert german.headers["content-language"] == "de"
        chosen = unit.stranger.get("/sign-in", headers={"Accept-Language": "de", "Cookie": "language=fi"})
        assert '<html lang="fi">' in chosen.text
        assert "Kirjaudu" in chosen.text
        assert "Cookie" in chosen.headers["vary"]
        odd = unit.stranger.get("/sign-in", headers={"Cookie": "language=../../etc"})
        assert '<html lang="en">' in odd.text


def test_why_the_wiring_is_wrong_is_told_in_the_language_of_the_request(tmp_path: Path) -> None:
    with unit_at(tmp_path) as unit:
        unit.parts.hub.tell("wiring", WRONG)
        english = unit.owner.get("/api/v1/wiring").json()["reasons"]
        assert english == [
            "The voltages are connected in the right order.",
            "At least one CT clamp sits on another phase or the wrong way round.",
            "L1: on L2 instead of L1, the wrong way round (4.98 A, 60° behind L1)",
            "L2: 1.00 A, 3° ahead of L2",
        ]
        danish = unit.owner.get("/api/v1/wiring", headers={"Accept-Language": "da"}).json()["reasons"]
        assert danish[2] == "L1: på L2 i stedet for L1, vender forkert (4,98 A, 60° efter L1)"
        assert len(danish) == len(english)


def test_a_fault_of_the_supply_is_told_before_all_else(tmp_path: Path) -> None:
    alarm = {"alarm": as_told(Phrase("the neutral is broken", {}))}
    with unit_at(tmp_path) as unit:
        unit.parts.hub.tell("wiring", WRONG | alarm)
        told = unit.owner.get("/api/v1/wiring").json()
        assert told["reasons"][0] == "The neutral is broken"
        assert told["fault"] == {"kind": "supply", "sentence": "The neutral is broken"}
        unit.parts.hub.tell("wiring", WRONG)
        told = unit.owner.get("/api/v1/wiring").json()
        assert told["reasons"][0].startswith("The voltages are")
        assert told["fault"] is None


def test_which_voltage_is_missing_and_that_two_are_interchanged_is_said(tmp_path: Path) -> None:
    missing = WRONG | {
        "voltage_verdict": "absent",
        "phasors": {"voltage_rms_v": {"l1": 230.0, "l2": 1.2, "l3": None}},
    }
    turned = WRONG | {"voltage_verdict": "wrong", "voltage_order": "L3-L2-L1"}
    with unit_at(tmp_path) as unit:
        unit.parts.hub.tell("wiring", missing)
        assert unit.owner.get("/api/v1/wiring").json()["fault"]["sentence"].startswith("L2 carries no voltage")
        unit.parts.hub.tell("wiring", turned)
        found = unit.owner.get("/api/v1/wiring").json()["reasons"][0]
        assert found == "The voltages run L3-L2-L1: two voltage wires are interchanged."
