"""What a charger refuses is tried another way, said in plain words, and asked about again."""

from __future__ import annotations

import pytest
from tests.ampguard.balancing.ocpp.held import MOST_A, Holder
from tests.ampguard.balancing.ocpp.side import PURPOSES, SAFE_A, Side

from ampguard.balancing.ocpp.abilities import OFFLINE_CURRENT
from ampguard.balancing.ocpp.keeping import REFUSED_FOR_S, Arm, Give, Outcome
from ampguard.balancing.ocpp.ways import Way


@pytest.mark.parametrize(
    ("refused", "way"),
    [
        ((), Way.TX),
        (("TxProfile",), Way.TX_DEFAULT),
        (("TxDefaultProfile",), Way.CHARGE_POINT_MAX),
        (("TxDefaultProfile", "TxProfile"), Way.CHARGE_POINT_MAX),
        (("TxDefaultProfile", "ChargePointMaxProfile"), Way.TX),
    ],
)
def test_what_is_refused_is_tried_another_way(refused: tuple[str, ...], way: Way) -> None:
    side = Side(Holder(frozenset(refused)))
    side.begin()
    side.wish(10.0)
    for _ in range(3):
        side.settle()
        side.wait(2.0)
    assert side.holder.holds_a(side.now) == 10.0
    assert side.keeping.ways(side.now_s).charging is way
    assert (side.keeping.refusal is not None) == bool(refused)
    side.wait(30.0)
    assert side.holder.holds_a(side.now) == SAFE_A


def test_an_old_halo_steps_down_by_its_schedule_and_is_said_to() -> None:
    """Firmware 169 takes neither ChargePointMaxProfile nor TxDefaultProfile."""
    side = Side(Holder(frozenset(PURPOSES[1:])), {OFFLINE_CURRENT: "1.16", "ChargingScheduleMaxPeriods": "2"})
    side.wish(16.0)
    side.settle()
    assert side.preset_a == SAFE_A
    assert side.keeping.held_a(side.now_s) is None
    side.begin()
    side.settle()
    assert side.holder.holds_a(side.now) == 16.0
    side.wait(31.0)
    assert side.holder.holds_a(side.now) == SAFE_A
    assert "ChargePointMaxProfile" in str(side.keeping.refusal)
    assert "it can be limited only while it charges" in str(side.keeping.refusal)


OLD_HALO = frozenset({"TxDefaultProfile", "ChargePointMaxProfile"})


def test_where_no_safe_current_lies_below_a_charge_gets_it_at_once_before_anybody_says_how_much() -> None:
    side = Side(Holder(OLD_HALO))
    side.settle()
    assert side.holder.holds_a(side.now) == MOST_A
    side.begin()
    side.settle()
    assert side.holder.holds_a(side.now) == SAFE_A == side.keeping.held_a(side.now_s)
    side.wait(3000.0)
    assert side.holder.holds_a(side.now) == SAFE_A
    given_before = len(side.holder.given)
    side.settle()
    assert len(side.holder.given) == given_before
    side.wish(10.0)
    side.settle()
    assert side.holder.holds_a(side.now) == 10.0
    side.wait(40.0)
    side.settle()
    assert side.holder.holds_a(side.now) == SAFE_A


def test_a_charger_that_takes_nothing_is_said_to() -> None:
    side = Side(Holder(frozenset(PURPOSES)))
    side.begin()
    side.wish(10.0)
    for _ in range(5):
        side.settle()
        side.wait(2.0)
    assert str(side.keeping.refusal).endswith("no way is left: this charger cannot be limited by this unit")
    assert not side.keeping.ways(side.now_s).is_leased
    assert len(side.told) < 8


def test_a_charger_without_profiles_gets_its_vendors_key_never_above_the_safe_current() -> None:
    side = Side(Holder(frozenset(PURPOSES)), {OFFLINE_CURRENT: "1.16"})
    side.begin()
    for wish_a, preset_a in ((16.0, SAFE_A), (0.0, 0.0)):
        side.wish(wish_a)
        for _ in range(4):
            side.settle()
            side.wait(2.0)
        assert side.preset_a == preset_a
    assert "never ends by itself" in str(side.keeping.refusal)


def test_what_is_accepted_and_not_kept_to_is_found_out() -> None:
    side = Side(Holder(ignored=frozenset({"TxProfile"})))
    side.begin()
    side.wish(0.0)
    side.settle()
    assert side.holder.holds_a(side.now) == 0.0
    assert side.keeping.ways(side.now_s).charging is Way.TX_DEFAULT
    assert "accepted 0.0 A by TxProfile and says that it holds 6.0 A" in str(side.keeping.refusal)


def test_a_transaction_profile_is_refused_for_good_only_at_the_third_time() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    side.answers = [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.REFUSED]
    for again_s in (0.25, 1.1):
        side.settle()
        side.wait(again_s)
    side.settle()
    assert side.keeping.ways(side.now_s).charging is Way.TX
    assert side.keeping.refusal is None
    assert side.keeping.held_a(side.now_s) == 10.0


def test_a_limit_for_a_transaction_that_has_ended_meanwhile_is_no_refusal() -> None:
    side = Side()
    side.begin()
    side.wish(10.0)
    task = side.keeping.next(side.situation())
    assert isinstance(task, Arm)
    side.perform(task)
    task = side.keeping.next(side.situation())
    assert isinstance(task, Give)
    side.holder.end()
    for _ in range(3):
        side.keeping.told(task, Outcome.REFUSED, "Rejected", side.situation())
    assert side.keeping.refusal is None
    side.settle()
    assert side.keeping.ways(side.now_s).charging is Way.TX


def test_a_refusal_is_asked_about_again_an_hour_later() -> None:
    side = Side(Holder(frozenset({"TxDefaultProfile"})))
    side.begin()
    side.wish(10.0)
    side.settle()
    side.holder.refused = frozenset()
    side.wait(REFUSED_FOR_S + 1.0)
    side.wish(10.0)
    side.settle()
    assert side.keeping.ways(side.now_s).charging is Way.TX
    assert side.keeping.refusal is None
