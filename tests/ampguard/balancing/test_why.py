"""The why-log: each change has its reason, and the log played again gives every decision, to the last digit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.balancing.made import Building, car, charger, group

from ampguard.balancing.observation import CloudLimit, TogetherLimit
from ampguard.balancing.site import Rules
from ampguard.balancing.why import WhyLog, replayed
from ampguard.errors import SetupError
from ampguard.phases import Phase


def logged(building: Building) -> list[str]:
    log = WhyLog(building.group)
    lines = [log.opened()]
    for seen, decision in zip(building.observations, building.decisions, strict=True):
        lines.append(log.seen(seen))
        if (line := log.decided(decision)) is not None:
            lines.append(line)
    return lines


def eventful(seed: int) -> Building:
    """Steps of load, a car that is full, a meter and a charger that are lost, a cloud, the grid operator."""

    def base_a(now_s: float) -> tuple[float, float, float]:
        at = int(now_s) // 17 + seed
        return (at * 7 % 19, at * 5 % 23 - 3.0, at * 11 % 17 + 0.1 * (now_s % 3))

    chargers = [
        charger("a", offline_a=6.0, offline_phase=Phase.L2), charger("b", phases=(Phase.L3, Phase.L2, Phase.L1)),
        charger("c", is_included=False, phases=(Phase.L2,)),
    ]  # fmt: skip
    return Building(
        group(*chargers, supply_max_a=35.0, max_online_a=35.0, rules=Rules(unbalance_a=20.0, is_dimmable=True)),
        [car(), car(arrives_s=60.0, need_as=3000.0), car(phases=1, down_delay_s=4.0)],
        base_a,
        meter_out=[(200.0, 230.0)],
        charger_out=[(0, 260.0, 330.0)],
        cloud=lambda now_s: (None, CloudLimit(10.0, now_s + 30.0), None) if now_s > 300.0 else (),
        together=lambda now_s: TogetherLimit((20.0, None, 15.0), 390.0) if 340.0 < now_s < 400.0 else None,
        dimmed_w=lambda now_s: 5000.0 if now_s > 370.0 else None,
    ).until(420.0)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_the_log_played_again_gives_every_decision(seed: int) -> None:
    building = eventful(seed)
    found = list(replayed(logged(building)))
    assert len(found) == sum(bool(one.orders or one.reasons) for one in building.decisions)
    assert [one for one in found if not one.is_same] == []


def test_a_log_that_was_changed_is_found_out() -> None:
    lines = logged(eventful(1))
    number = next(n for n, line in enumerate(lines) if '"why"' in line and "over" in line)
    line = json.loads(lines[number])
    line["why"]["orders"][0][1] += 1.0
    lines[number] = json.dumps(line)
    assert [one.is_same for one in replayed(lines)].count(False) == 1


def test_a_decision_that_is_missing_from_the_log_is_found_out() -> None:
    lines = logged(eventful(1))
    number = next(n for n, line in enumerate(lines) if '"why"' in line and n > 100)
    assert [one.is_same for one in replayed(lines[:number] + lines[number + 1 :])].count(False) == 1


@pytest.mark.parametrize("lines", [["{}"], ["nonsense"], ['{"t":1.0}'], ['{"group":{}}'], ["[]"]])
def test_what_is_no_log_is_told(lines: list[str]) -> None:
    with pytest.raises(SetupError, match="line 1 is none of a why-log"):
        list(replayed(lines))


def test_each_change_has_a_reason_in_one_sentence() -> None:
    building = eventful(3)
    changes = {
        (decision.now_s, reason.charger): reason for decision in building.decisions for reason in decision.reasons
    }
    last: dict[int, float] = {}
    for now_s, number, limit_a, _ in building.told_a:
        if abs(last.get(number, 0.0) - limit_a) > 0.05 and number in last:
            assert (now_s, building.group.chargers[number].name) in changes
        last[number] = limit_a
    for reason in changes.values():
        assert reason.since_s >= 0.0
        assert str(reason.sentence).count(":") == 1
        assert str(reason.sentence).endswith(".")
        assert "{" not in str(reason.sentence)


def test_the_sentence_says_what_changed_why_since_when_and_on_which_phase() -> None:
    def step(now_s: float) -> tuple[float, float, float]:
        return (2.0, 2.0, 2.0) if now_s < 100.0 else (12.0, 2.0, 2.0)

    building = Building(group(charger("garage")), [car(less_a=0.0)], step).until(110.0)
    assert str(building.reasons[-1].sentence) == (
        "22.7 -> 12.7 A: for 0 s L1 would have carried more than it may. "
        "L1 carries 12.0 A besides, 12.7 A are left for charging."
    )
    facts = building.reasons[-1].sentence.facts
    assert len(facts) == 3
