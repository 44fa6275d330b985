"""An event in a sentence for people."""

from __future__ import annotations

import json

import pytest

from ampguard.events import AssignmentChange
from ampguard.phases import Phase, Phases
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
