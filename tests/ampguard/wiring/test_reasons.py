"""Why the wiring is judged as it is, for a reader: what would decide, what must be moved by hand."""

from __future__ import annotations

import pytest

from ampguard.catalogue import Words
from ampguard.phrase import Number, as_told, phrase
from ampguard.readings import Json
from ampguard.wiring.faults import FaultKind, fault
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
        (on("L1", "L2", "L3"), "Switch on at least 0.5 A more on each phase for 10 s: that would decide it."),
        (on("L2"), "Switch on at least 0.5 A more on L2 for 10 s: that would decide it."),
        (on("L1", "L2"), "Switch on at least 0.5 A more on L1 and L2 for 10 s: that would decide it."),
    ],
)
def test_what_would_decide_is_said_with_amperes_seconds_and_phases(told: dict[str, Json], sentence: str) -> None:
    assert reasons(ENGLISH, told)[-1] == sentence


def test_what_no_load_decides_asks_for_none() -> None:
    told = OPEN | {"decides_with_a": None, "decides_within_s": None, "decides_on": []}
    assert not any("would decide" in one for one in reasons(ENGLISH, told))


def test_two_clamps_on_one_phase_are_a_matter_of_hands() -> None:
    told = {"voltage_verdict": "right", "current_verdict": "wrong", "assignment": sits("L2", "L2", "L3")}
    assert reasons(ENGLISH, told)[-1] == "Two clamps sit on L2: one of them must be moved by hand to L1."
    assert to_be_moved(("L3", "L3", "L3")) == "All clamps sit on L3: move one of them by hand to L1 and one to L2."


@pytest.mark.parametrize(
    "places", [("L2", "L1", "L3"), ("L1", "L2", None), ("L2", "L3", None), ("L2", None, None), (None, None, None), ()]
)
def test_clamps_each_on_a_phase_of_its_own_need_no_hand(places: tuple[str | None, ...]) -> None:
    assert to_be_moved(places) is None


ALARM = phrase("the neutral is broken or loose: {volts} V", volts=Number(260.0, ".0f"))


@pytest.mark.parametrize("broken", [None, {"message": "{volts}", "facts": {"ohm": "1"}}, "an older meter's"])
def test_a_fault_of_the_supply_is_said_first_and_what_cannot_be_read_is_none(broken: Json) -> None:
    found = reasons(ENGLISH, OPEN | {"alarm": as_told(ALARM)})
    assert found[0] == "The neutral is broken or loose: 260 V"
    assert reasons(ENGLISH, OPEN | {"alarm": broken}) == found[1:]
    assert fault(ENGLISH, OPEN | {"alarm": broken}) is None


def volts(*values_v: float | None, clamps: int = 3) -> dict[str, Json]:
    names = ("l1", "l2", "l3")
    flowing_a: dict[str, Json] = {name: 4.0 if number < clamps else None for number, name in enumerate(names)}
    voltages: dict[str, Json] = dict(zip(names, values_v, strict=True))
    angles: dict[str, Json] = {name: None if value is None else 0.0 for name, value in voltages.items()}
    return {
        "phasors": {
            "voltage_rms_v": voltages,
            "voltage_angle_deg": angles,
            "current_fundamental_rms_a": flowing_a,
            "current_angle_deg": dict.fromkeys(names),
        }
    }


LOST = OPEN | {"voltage_verdict": "absent", "decides_with_a": 6.0, "decides_within_s": 10.0, "decides_on": []}


def test_a_lost_phase_is_a_matter_of_fuses_and_wires_and_of_no_load() -> None:
    assert reasons(ENGLISH, LOST | volts(230.0, 231.0, 0.1)) == [
        "L3 carries no voltage: look at the main fuse and that of the grid operator, and at the wire to the terminal."
    ]
    two = fault(ENGLISH, LOST | volts(0.2, 231.0, 0.1))
    assert two is not None
    assert two.kind is FaultKind.LOST_PHASE
    assert two.sentence.startswith("L1 and L3 carry no voltage: ")


def test_where_no_voltage_is_there_at_all_or_a_terminal_is_not_wired_no_phase_is_lost() -> None:
    assert fault(ENGLISH, LOST | volts(0.1, 0.1, 0.1)) is None
    assert fault(ENGLISH, OPEN | volts(230.0, None, None)) is None


def test_of_voltages_that_are_inferred_no_order_is_claimed() -> None:
    assert reasons(ENGLISH, OPEN | volts(230.0, None, None))[0] == "L1 is connected; the other voltages are inferred."
    assert reasons(ENGLISH, OPEN | volts(230.0, None, 230.0))[0] == (
        "L1 and L3 are connected in the right order; the third voltage is inferred."
    )
    all_there = "The voltages are connected in the right order."
    assert reasons(ENGLISH, OPEN | volts(230.0, 230.0, 230.0))[0] == all_there
    assert reasons(ENGLISH, OPEN | volts(230.0, None, None, clamps=1))[0] == all_there


def test_of_one_voltage_between_two_phases_it_is_said_what_it_cannot_tell() -> None:
    pair: dict[str, Json] = {"voltage_rms_v": {"l1": 132.8, "l2": 132.8, "l3": None}}
    seen = "The voltage between L1 and L2 is measured; those of the phases are inferred, as if they ran L1-L2-L3."
    assert reasons(ENGLISH, OPEN | {"phasors": pair})[0] == seen
    turned: dict[str, Json] = {"verdict": "wrong", "phase": "L1", "reversed": True}
    one = OPEN | {"phasors": pair, "current_verdict": "wrong", "channels": {"l1": turned}}
    right: dict[str, Json] = {"verdict": "right", "phase": "L2", "reversed": False}
    assert reasons(ENGLISH, one | {"channels": {"l1": turned, "l2": right}})[0] == seen
    assert reasons(ENGLISH, one)[0] == (
        f"{seen} Look at the two voltage wires and the order of the phases first: "
        "if they are wrong, all clamps seem wrong."
    )


SWAPPED: dict[str, Json] = {
    "clamps": {"l1": "L2 reversed", "l2": "L1", "l3": "L3"},
    "voltages": {"l1": "L1", "l2": "L2", "l3": "L3"},
}


def test_what_is_set_in_software_is_said_and_a_clamp_is_named_by_the_input_it_is_in() -> None:
    wrong: dict[str, Json] = {"verdict": "wrong", "phase": "L2", "reversed": True}
    told = OPEN | {"current_verdict": "wrong", "verdict": "wrong", "in_force": SWAPPED, "channels": {"l2": wrong}}
    found = reasons(ENGLISH, told)
    assert "The clamp in input L1 (taken for L2): on its own phase, the wrong way round" in found
    assert found[-1] == "Set in software: clamp L1 is taken for L2, reversed; clamp L2 is taken for L1."
    mended = reasons(ENGLISH, OPEN | {"current_verdict": "right", "verdict": "right", "in_force": SWAPPED})
    assert mended[-1] == "Mended in software: clamp L1 is taken for L2, reversed; clamp L2 is taken for L1."
    labelled: Json = {"clamps": {"l1": "L1", "l2": "L2", "l3": "L3"}, "voltages": {"l1": "L1", "l2": "L2", "l3": "L3"}}
    assert not any("in software" in one for one in reasons(ENGLISH, told | {"in_force": labelled}))
    assert "L2: on its own phase, the wrong way round" in reasons(ENGLISH, told | {"in_force": labelled})
