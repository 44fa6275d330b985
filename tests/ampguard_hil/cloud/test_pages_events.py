"""An event in a sentence for people."""

from __future__ import annotations

import json

import pytest

from ampguard.events import AssignmentChange, NeutralFault, PhaseLoss, Turn, Update, UpdateEnd, WrongVoltage
from ampguard.phases import LinePairs, Phase, Phases
from ampguard.readings import as_json
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard_hil.cloud.arrived import ReceivedEvent
from ampguard_hil.cloud.pages_events import told_of

MENDED = Assignment(
    Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)), Phases(Phase.L1, Phase.L3, Phase.L2)
)


def told(kind: str, event: object) -> str:
    return told_of(ReceivedEvent("AG1", "one", 1, kind, None, None, json.dumps({"event": event})))


CLAMPS, VOLTAGES = (
    "clamp L1 measures L2, clamp L2 measures L1 reversed",
    "voltage L2 measures L3, voltage L3 measures L2",
)


@pytest.mark.parametrize(
    ("after", "said"),
    [(MENDED, f"{CLAMPS}, {VOLTAGES}"), (AS_LABELLED, "each measures the phase whose name it bears")],
)
def test_what_the_inputs_measure_now_is_told(after: Assignment, said: str) -> None:
    change = AssignmentChange(
        before=AS_LABELLED.inputs, after=after.inputs, sentence="two are interchanged", confidence_ratio=0.998
    )
    sentence = f"The inputs are taken otherwise: {said}. What was known then: two are interchanged."
    assert told("assignment", as_json(change)) == sentence


def test_where_nothing_was_known_nothing_is_said_of_it() -> None:
    change = AssignmentChange(before=None, after=AS_LABELLED.inputs, sentence=None, confidence_ratio=None)
    assert told("assignment", as_json(change)).endswith("whose name it bears.")


@pytest.mark.parametrize("event", [{}, {"after": 7}, {"after": {"clamps": {}}}, {"sentence": 3}])
def test_what_is_no_change_is_no_error(event: object) -> None:
    assert told("assignment", event) == "The inputs are taken otherwise: not told."


VOLTS, LINES = Phases(180.69, 282.08, 239.89), LinePairs(399.27, 398.37, 399.56)


def neutral_fault(turn: Turn, duration_s: float | None, neutral_ohm: float | None) -> NeutralFault:
    return NeutralFault(
        turn=turn,
        shift_v=59.19,
        neutral_ohm=neutral_ohm,
        voltage_rms_v=VOLTS,
        line_voltage_rms_v=LINES,
        current_rms_a=Phases(4.3, 1.7, 3.2),
        up=(Phase.L2, Phase.L3),
        down=(Phase.L1,),
        duration_s=duration_s,
    )


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            neutral_fault(Turn.BEGUN, None, None),
            (
                "The neutral is broken or loose: it moved by 59.2 V (L1 180.7 V, L2 282.1 V, L3 239.9 V). Switch the "
                "main switch off and call an electrician. The unit that says so is no protective device."
            ),
        ),
        (
            neutral_fault(Turn.BEGUN, None, 3.24),
            (
                "The neutral seems to be loose: loads move it as if it had 3.2 ohm. Have an electrician look at it "
                "soon. The unit that says so is no protective device."
            ),
        ),
        (neutral_fault(Turn.ENDED, 12.0, None), "The neutral is whole again, after 12 s."),
        (neutral_fault(Turn.ENDED, 12.0, 0.2), "The neutral is whole again, after 12 s."),
    ],
)
def test_a_broken_neutral_is_told_with_its_numbers_and_what_to_do(event: NeutralFault, sentence: str) -> None:
    assert told("neutral_fault", as_json(event)) == sentence


@pytest.mark.parametrize(
    ("nominal_v", "turn", "sentence"),
    [
        (127.0, Turn.BEGUN, "The voltages are not those of a grid of 127.0 V (L1 180.7 V, L2 282.1 V, L3 239.9 V)."),
        (None, Turn.BEGUN, "The voltages are those of no low-voltage grid (L1 180.7 V, L2 282.1 V, L3 239.9 V)."),
        (127.0, Turn.ENDED, "The voltages are right again, after 3.2 s."),
    ],
)
def test_a_wrong_voltage_is_told_with_its_numbers(nominal_v: float | None, turn: Turn, sentence: str) -> None:
    lasted_s = 3.2 if turn is Turn.ENDED else None
    event = WrongVoltage(
        turn=turn, nominal_v=nominal_v, voltage_rms_v=VOLTS, line_voltage_rms_v=LINES, duration_s=lasted_s
    )
    assert told("wrong_voltage", as_json(event)) == sentence


def test_a_lost_phase_is_told_with_the_voltages_of_all() -> None:
    event = PhaseLoss(
        phase=Phase.L3,
        turn=Turn.BEGUN,
        voltage_rms_v=Phases(231.0, 229.4, 0.1),
        line_voltage_rms_v=LINES,
        duration_s=None,
    )
    assert told("phase_loss", as_json(event)) == "L3 carries no voltage (L1 231.0 V, L2 229.4 V, L3 0.1 V)."


@pytest.mark.parametrize("kind", ["phase_loss", "neutral_fault", "wrong_voltage"])
@pytest.mark.parametrize("event", [{}, {"voltage_rms_v": 3}, {"turn": 7, "duration_s": "long", "neutral_ohm": []}])
def test_what_is_no_fault_of_a_supply_is_no_error(kind: str, event: object) -> None:
    assert told(kind, event).endswith(".")


@pytest.mark.parametrize(
    ("end", "from_stick", "sentence"),
    [
        (UpdateEnd.KEPT, True, "Updated from 1 to 2."),
        (UpdateEnd.RETURNED, False, "Version 2 was tried and not kept, 1 runs again: page: silence."),
        (UpdateEnd.REFUSED, False, "An update was not installed, 1 runs on: page: silence."),
        (UpdateEnd.REFUSED, True, "An update on a USB stick was not installed, 1 runs on: page: silence."),
    ],
)
def test_how_an_update_ended_is_told(end: UpdateEnd, *, from_stick: bool, sentence: str) -> None:
    event = Update(end=end, version="2", former="1", from_stick=from_stick, reason="page: silence")
    assert told("update", as_json(event)) == sentence
