"""What the balancer says as the other side is told of it: whole, tolerant, and not more often than is of use."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.decision import Reason, Rule
from ampguard.phases import Phase, Phases
from ampguard.phrase import as_told, phrase
from ampguard.services.balancer import telling
from ampguard.uplink.balance import IDLE_S, TOLD_S, Balance, Charger, Pace, balance_of, change_of
from ampguard.uplink.documents.examples import BALANCE, CHANGE

CHARGER = BALANCE.chargers[0]
FEED = {
    "name": "Garage",
    "active": True,
    "rung": "fresh",
    "leader": "unit",
    "budget_used_ratio": 0.01,
    "supply_max_a": 63.0,
    "grid": "it",
    "meter_age_s": 0.1,
    "meter_a": {"l1": 1.0, "l2": 2.0, "l3": 3.0},
    "base_a": {"l1": None, "l2": 2.0, "l3": 3.0},
    "unheard_of": 1,
    "chargers": [
        {
            "id": "A",
            "name": "Place 1",
            "online": True,
            "status": "Charging",
            "current_a": {"l1": 9.9, "l2": None, "l3": None},
            "limit_a": 10,
            "why": as_told(phrase("there has been room for {since} s.", since="3")),
            "told": [as_told(phrase("it refuses a profile")), "nonsense"],
        }
    ],
}


def test_what_the_balancer_says_of_the_group() -> None:
    found = balance_of(FEED)
    assert (found.name, found.active, found.fault, found.leader) == ("Garage", True, None, "unit")
    assert found.meter_a == Phases(1.0, 2.0, 3.0)
    assert found.base_a == Phases(None, 2.0, 3.0)
    [charger] = found.chargers
    assert (charger.id, charger.limit_a, charger.has_car) == ("A", 10.0, None)
    assert charger.why == "there has been room for 3 s."
    assert charger.warnings == ("it refuses a profile",)


def test_why_nothing_is_balanced() -> None:
    told = {"name": None, "active": False, "fault": as_told(phrase("no main fuse")), "chargers": []}
    assert balance_of(told).fault == "no main fuse"


def test_a_change_as_the_balancer_tells_it() -> None:
    reason = Reason(
        charger="Place 1", before_a=16.0, after_a=13.2, rule=Rule.OVER, phase=Phase.L1, since_s=0.04,
        room_a=None, base_a=None, meter_a=None, meter_age_s=None,
    )  # fmt: skip
    assert change_of(telling.why(reason, CHANGE.utc)) == CHANGE


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*FEED, "id", "told", "why", "l1"]), inner),
)


@given(st.dictionaries(st.sampled_from(list(FEED)), JSON))
def test_whatever_a_feed_says_makes_a_message(body: dict[str, object]) -> None:
    assert isinstance(balance_of(body), Balance)  # type: ignore[arg-type]  # made of JSON
    assert change_of(body).before_a >= 0.0  # type: ignore[arg-type]  # made of JSON


def changed(**values: object) -> Charger:
    return replace(CHARGER, **values)  # type: ignore[arg-type]  # by their names


def test_figures_are_told_now_and_then_and_what_matters_at_once() -> None:
    pace = Pace()
    assert pace.is_due(BALANCE, 0.0)
    drawing = replace(BALANCE, chargers=(changed(current_a=Phases.all_of(8.0), lease_left_s=3.0),))
    assert not pace.is_due(drawing, TOLD_S - 0.1)
    assert pace.is_due(drawing, TOLD_S)
    lower = replace(drawing, chargers=(changed(limit_a=8.0),))
    assert pace.is_due(lower, TOLD_S + 0.1)
    idle = replace(BALANCE, active=False, chargers=())
    assert pace.is_due(idle, TOLD_S + 0.2)
    assert not pace.is_due(idle, IDLE_S)
    assert pace.is_due(idle, IDLE_S + TOLD_S + 0.2)
    assert not pace.is_due(idle, IDLE_S + TOLD_S + 0.3)
    pace.begin()
    assert pace.is_due(idle, IDLE_S + TOLD_S + 0.4), "somebody else listens"
