"""Whatever a charger refuses, forgets or does not answer: what it holds is never above what it may, and ends."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.balancing.ocpp.held import MOST_A, Holder
from tests.ampguard.balancing.ocpp.side import PURPOSES, SAFE_A, Side, limits_given

from ampguard.balancing.ocpp.keeping import (
    LEAST_LEASE_S,
    MOVED_S,
    Arm,
    Give,
    Outcome,
    shared,
)
from ampguard.balancing.ocpp.profile import LEAST_A, Step, settled_a


def test_a_car_that_charges_is_limited_by_a_leased_profile_above_a_safe_one() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    side.settle()
    assert [type(one).__name__ for one in side.told] == ["Arm", "Give", "Look"]
    assert side.holder.holds_a(side.now) == 10.0
    assert side.keeping.held_a(side.now_s) == 10.0
    assert side.keeping.is_confirmed()
    side.wait(33.0)
    assert side.holder.holds_a(side.now) == SAFE_A
    assert side.keeping.held_a(side.now_s) is None


def test_before_a_car_charges_the_safe_current_holds_and_nothing_is_renewed() -> None:
    side = Side()
    for _ in range(5):
        side.wish(16.0)
        side.settle()
        side.wait(10.0)
    assert [type(one).__name__ for one in side.told] == ["Arm"]
    side.begin()
    assert side.holder.holds_a(side.now) == SAFE_A
    side.wish(16.0)
    side.settle()
    assert side.holder.holds_a(side.now) == 16.0
    assert side.keeping.safe_a() == SAFE_A


def test_where_a_running_charge_takes_no_limit_it_has_one_before() -> None:
    side = Side(Holder(frozenset({"TxProfile"})))
    side.begin()
    for _ in range(3):
        side.wish(10.0)
        side.settle()
        side.wait(1.1)
    side.holder.end()
    side.wait(60.0)
    side.wish(10.0)
    side.settle()
    side.begin(2)
    assert side.holder.holds_a(side.now) == 10.0


def test_connectors_fall_back_to_the_safe_current_together() -> None:
    side = Side(keys={"NumberOfConnectors": "2"})
    side.settle()
    assert [(one.connector, one.limit_a) for one in side.told if isinstance(one, Arm)] == [(1, 6.0), (2, 0.0)]
    side.safe_a = 16.0
    side.settle()
    assert [(one.connector, one.limit_a) for one in side.told if isinstance(one, Arm)][2:] == [(1, 8.0), (2, 8.0)]
    assert side.keeping.safe_a() == 16.0


def test_a_charger_whose_composite_schedule_never_agrees_is_limited_all_the_same() -> None:
    side = Side()
    side.holder.composite_a = 32.0
    side.begin()
    for _ in range(4):
        side.wish(10.0)
        side.settle()
        side.wait(2.0)
    assert side.holder.holds_a(side.now) == 10.0
    assert side.keeping.held_a(side.now_s) == 10.0
    assert not side.keeping.is_confirmed()
    assert "its current shows" in str(side.keeping.refusal)
    told = len(side.told)
    side.wait(400.0)
    side.wish(10.0)
    side.settle()
    assert len(side.told) == told + 1


def test_the_same_limit_is_not_told_twice_and_a_longer_lease_is() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    side.settle()
    told = len(side.told)
    side.wait(1.0)
    side.wish(10.0, 30.0 - 1.0 + MOVED_S / 2)
    side.settle()
    assert len(side.told) == told
    side.wait(9.0)
    side.wish(10.0)
    side.settle()
    assert len(side.told) == told + 1
    assert side.holder.holds_a(side.now + timedelta(seconds=29)) == 10.0


def test_a_pause_is_zero() -> None:
    side = Side()
    side.begin()
    side.wish(0.0)
    side.settle()
    assert side.holder.holds_a(side.now) == 0.0


def test_where_a_safe_current_lies_below_nothing_is_given_before_somebody_says_how_much() -> None:
    side = Side()
    side.begin()
    side.settle()
    assert [type(one).__name__ for one in side.told] == ["Arm"]


def test_what_it_is_found_holding_counts_until_it_ends_or_its_transaction_does() -> None:
    side = Side()
    side.begin(7)
    side.keeping.found(1, 7, 9.5, side.now_s, 20.0)
    side.settle()
    assert side.keeping.held_a(side.now_s) == 9.5
    assert side.keeping.held_a(side.now_s + 20.5) is None
    side.wish(9.5)
    side.settle()
    assert side.holder.holds_a(side.now) == 9.5, "the lease begins anew, with the same limit"
    side.keeping.found(1, 7, 12.0, side.now_s, 20.0)
    side.holder.end()
    side.settle()
    assert side.keeping.held_a(side.now_s) is None


def test_no_answer_is_asked_again_later_and_later_and_nothing_else_meanwhile() -> None:
    side = Side()
    side.begin()
    side.wish(10.0, 600.0)
    waits = []
    for _ in range(7):
        side.answers = [Outcome.SILENT]
        side.settle()
        wait = side.keeping.next(side.situation())
        assert isinstance(wait, float)
        waits.append(wait)
        side.wait(wait)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    side.settle()
    assert side.keeping.held_a(side.now_s) == 10.0


def test_only_the_newest_wish_is_ever_sent() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    task = side.keeping.next(side.situation())
    assert isinstance(task, Arm)
    for limit_a in (11.0, 12.0, 13.0):
        side.wish(limit_a)  # while the charger thinks about the first one
    side.perform(task)
    side.settle()
    assert [one.leased.steps[0].limit_a for one in side.told if isinstance(one, Give)] == [13.0]


def test_a_restarted_charger_is_told_all_of_it_again() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    side.settle()
    side.holder.profiles.clear()
    side.keeping.forget()
    side.settle()
    assert side.holder.holds_a(side.now) == 10.0


def test_the_safe_current_follows_what_the_cloud_allows() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    side.settle()
    side.safe_a = 0.0
    side.settle()
    side.wait(60.0)
    assert side.holder.holds_a(side.now) == 0.0


def test_a_lease_that_is_nearly_over_is_not_sent() -> None:
    side = Side()
    side.begin()
    side.wish(10.0, LEAST_LEASE_S / 2)
    side.settle()
    assert not [one for one in side.told if isinstance(one, Give)]


def test_a_stack_of_one_level_steps_down_by_its_schedule() -> None:
    keys = {"ChargeProfileMaxStackLevel": "0"}
    side = Side(Holder(frozenset({"TxProfile"}), most_level=0), keys)
    side.begin()
    side.wish(10.0)
    for _ in range(3):
        side.settle()
        side.wait(1.1)
    side.settle()
    assert side.holder.holds_a(side.now) == 10.0
    side.wait(40.0)
    assert side.holder.holds_a(side.now) == SAFE_A


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=3), st.integers(1, 5))
def test_connectors_that_charge_at_once_share_a_limit(limits_a: list[float], count: int) -> None:
    steps = [Step(10 * number, limit_a) for number, limit_a in enumerate(limits_a)]
    found = shared(steps, list(range(1, count + 1)))
    for place, step in enumerate(steps):
        of_each = [found[connector][place].limit_a for connector in found]
        assert sum(of_each) <= step.limit_a + 1e-6
        assert all(one == 0.0 or one >= LEAST_A for one in of_each)
        assert (max(of_each) > 0.0) == (settled_a(step.limit_a) > 0.0)


acts = st.lists(
    st.tuples(st.just("wish"), st.sampled_from([0.0, 6.0, 9.9, 16.0, 32.0]))
    | st.tuples(st.just("wait"), st.sampled_from([0.3, 1.5, 7.0, 29.0, 61.0]))
    | st.tuples(st.just("answer"), st.sampled_from([Outcome.SILENT, Outcome.FAILED]))
    | st.tuples(st.just("begin"), st.just(0))
    | st.tuples(st.just("end"), st.just(0))
    | st.tuples(st.just("reboot"), st.just(0)),
    max_size=25,
)


def happen(side: Side, number: int, what: str, argument: object) -> None:
    match what, argument:
        case "wish", float(limit_a):
            side.wish(limit_a)
        case "wait", float(wait_s):
            side.wait(wait_s)
        case "answer", Outcome() as outcome:
            side.answers = [outcome]
        case "begin", _ if side.holder.transaction is None:
            side.begin(number)
        case "end", _:
            side.holder.end()
        case "reboot", _:
            side.holder.profiles.clear()
            side.keeping.forget()
        case _:
            pass


@settings(deadline=None)
@given(
    acts,
    st.frozensets(st.sampled_from(PURPOSES)),
    st.frozensets(st.sampled_from(PURPOSES[:2])),
    st.sampled_from([0, 1, 10]),
    st.sampled_from([0.0, 6.0, 10.0]),
)
def test_whatever_happens(
    happens: list[tuple[str, object]], refused: frozenset[str], ignored: frozenset[str], most_level: int, safe_a: float
) -> None:
    """No limit between 0 and 6 A is ever given; the charger holds no more than it may, in the end the safe current."""
    keys = {"ChargeProfileMaxStackLevel": str(most_level)}
    side = Side(Holder(refused, ignored, most_level), keys)
    side.safe_a = safe_a
    for number, (what, argument) in enumerate(happens):
        happen(side, number, what, argument)
        side.settle()
    side.answers = []
    side.wait(60.0)
    side.wish(16.0)
    for _ in range(6):
        side.settle()
        side.wait(2.1)
    assert all(limit_a == 0.0 or limit_a >= LEAST_A for limit_a in limits_given(side))
    held_a = side.keeping.held_a(side.now_s)
    if held_a is not None and side.keeping.is_confirmed():
        assert side.holder.holds_a(side.now) <= max(held_a, 0.0)
        assert held_a <= 16.0
    side.wait(60.0)
    if held_a is not None and not ignored:
        assert side.holder.holds_a(side.now) <= max(safe_a, 0.0)
    assert side.holder.holds_a(side.now) <= MOST_A
