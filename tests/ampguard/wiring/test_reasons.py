"""Why the wiring is judged as it is, for a reader: what would decide, what must be moved by hand."""

from __future__ import annotations

import pytest

from ampguard.catalogue import Words
from ampguard.phrase import Number, as_told, phrase
from ampguard.readings import Json
from ampguard.wiring.heard import to_be_moved
from ampguard.wiring.reasons import reasons

ENGLISH = Words("en", "web")
OPEN: dict[str, Json] = {"voltage_verdict": "right", "current_verdict": "undecided"}


def on(*phases: str) -> dict[str, Json]:
    return OPEN | {"decides_with_a": 0.5, "decides_within_s": 10.0, "decides_on": list(phases)}


def sits(*places: str | None) -> dict[str, Json]:
    inputs = zip(("l1", "l2", "l3"), places, strict=True)
    return {name: {"phase": place, "reversed": False} for name, place in inputs}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (on("L1", "L2", "L3"), "At least 0.5 A on each phase for 10 s would decide it."),
        (on("L2"), "At least 0.5 A on L2 for 10 s would decide it."),
        (on("L1", "L2"), "At least 0.5 A on L1 and L2 for 10 s would decide it."),
    ],
)
def test_what_would_decide_is_said_with_amperes_seconds_and_phases(told: dict[str, Json], sentence: str) -> None:
    assert reasons(ENGLISH, told, None)[-1] == sentence


def test_what_no_load_decides_asks_for_none() -> None:
    told = OPEN | {"decides_with_a": None, "decides_within_s": None, "decides_on": []}
    assert not any("would decide" in one for one in reasons(ENGLISH, told, None))


def test_two_clamps_on_one_phase_are_a_matter_of_hands() -> None:
    told = {"voltage_verdict": "right", "current_verdict": "wrong", "assignment": sits("L2", "L2", "L3")}
    assert reasons(ENGLISH, told, None)[-1] == "Two clamps sit on L2: one of them must be moved by hand to L1."
    assert to_be_moved(("L3", "L3", "L3")) == "All clamps sit on L3: move one of them by hand to L1 and one to L2."


@pytest.mark.parametrize(
    "places", [("L2", "L1", "L3"), ("L1", "L2", None), ("L2", "L3", None), ("L2", None, None), (None, None, None), ()]
)
def test_clamps_each_on_a_phase_of_its_own_need_no_hand(places: tuple[str | None, ...]) -> None:
    assert to_be_moved(places) is None


ALARM = phrase("the neutral is broken or loose: {volts} V", volts=Number(260.0, ".0f"))


@pytest.mark.parametrize("alarm", [as_told(ALARM), None, {"message": "{volts}", "facts": {}}, as_told("another")])
def test_a_fault_of_the_supply_is_said_in_english_where_its_parts_are_not_told(alarm: Json) -> None:
    condition: dict[str, Json] = {"voltage": "wrong", "current": "right", "sentence": str(ALARM)}
    found = reasons(ENGLISH, OPEN | {"alarm": alarm}, condition)
    assert found[0] == "The neutral is broken or loose: 260 V"
