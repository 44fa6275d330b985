"""One JSON object says it all, the same to everybody; it never claims more than the finding."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.ampguard.journal.made import measurement

from ampguard.phases import Phase, PhaseOrder, Phases
from ampguard.wiring.finding import RIGHT, Channel, Finding, nothing_known
from ampguard.wiring.hypotheses import Connection
from ampguard.wiring.telling import told, whole
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding

ALL = Phases.all_of(value=True)
GOOD = VoltageFinding(Condition.RIGHT, "", PhaseOrder.L1_L2_L3)
BACKWARDS = VoltageFinding(Condition.WRONG, "the voltages run L3-L2-L1", PhaseOrder.L3_L2_L1)
CHANNEL = Channel(Condition.RIGHT, Phase.L1, reversed=False, confidence_ratio=0.999, sentence="5 A")
ALL_RIGHT = Finding(Condition.RIGHT, "all is right", RIGHT, 0.999, None, None, Phases.all_of(CHANNEL))
SWAPPED = Finding(
    Condition.WRONG,
    "swapped",
    Connection(Phases(1, 0, 2), Phases(l1=False, l2=False, l3=True)),
    0.995,
    None,
    None,
    Phases.all_of(CHANNEL),
)


def test_everything_right() -> None:
    found = told(ALL_RIGHT, GOOD, ALL, measurement())
    assert (found["verdict"], found["sentence"], found["decides_with_a"]) == ("right", "all is right", None)
    assert found["assignment"] == {name: {"phase": name.upper(), "reversed": False} for name in ("l1", "l2", "l3")}


def test_where_each_clamp_really_sits() -> None:
    found = told(SWAPPED, GOOD, ALL, measurement())
    assert found["verdict"] == "wrong"
    assert found["assignment"] == {
        "l1": {"phase": "L2", "reversed": False},
        "l2": {"phase": "L1", "reversed": False},
        "l3": {"phase": "L3", "reversed": True},
    }


def test_a_clamp_that_is_not_there_sits_nowhere() -> None:
    found = told(ALL_RIGHT, GOOD, Phases(l1=True, l2=False, l3=False), measurement())
    assert [one["phase"] for one in found["assignment"].values()] == ["L1", None, None]  # type: ignore[union-attr,index,call-overload] # JSON


def test_voltages_that_run_backwards_are_wrong_though_each_clamp_is_right() -> None:
    found = told(ALL_RIGHT, BACKWARDS, ALL, measurement())
    assert (found["verdict"], found["voltage_order"]) == ("wrong", "L3-L2-L1")
    assert found["sentence"] == "the voltages run L3-L2-L1; all is right"


def test_what_is_open_says_what_would_decide() -> None:
    open_ = Finding(Condition.UNDECIDED, "undecided: who knows", None, 0.6, 6.0, 10.0)
    found = told(open_, GOOD, ALL, measurement())
    assert (found["verdict"], found["decides_with_a"], found["decides_within_s"]) == ("undecided", 6.0, 10.0)
    assert found["decides_on"] == ["L1", "L2", "L3"]
    assert all(one == {"phase": None, "reversed": False} for one in found["assignment"].values())  # type: ignore[union-attr] # JSON


def test_only_phases_with_a_clamp_are_asked_for_load_and_only_those_that_need_it() -> None:
    open_ = Finding(Condition.UNDECIDED, "undecided: who knows", None, 0.6, 6.0, 10.0)
    assert told(open_, GOOD, Phases(l1=True, l2=True, l3=False), measurement())["decides_on"] == ["L1", "L2"]
    one = replace(open_, decides_on=(Phase.L2,))
    assert told(one, GOOD, ALL, measurement())["decides_on"] == ["L2"]
    assert told(ALL_RIGHT, GOOD, ALL, measurement())["decides_on"] == []


@pytest.mark.parametrize("current", Condition)
@pytest.mark.parametrize("voltage", Condition)
def test_the_whole_is_wrong_if_a_part_is_and_right_only_if_both_are(current: Condition, voltage: Condition) -> None:
    found = whole(current, voltage)
    assert (found is Condition.WRONG) == (Condition.WRONG in {current, voltage})
    assert (found is Condition.RIGHT) == (current is Condition.RIGHT and voltage is Condition.RIGHT)


def test_it_is_json() -> None:
    shown = replace(measurement(), voltage_rms_v=Phases(230.1, 229.0, None))
    found = json.loads(json.dumps(told(nothing_known(Condition.ABSENT, "no current"), GOOD, ALL, shown)))
    assert found["phasors"]["voltage_rms_v"] == {"l1": 230.1, "l2": 229.0, "l3": None}
    assert found["verdict"] == "undecided"
