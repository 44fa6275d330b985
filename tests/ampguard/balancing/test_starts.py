"""The unit starts while cars charge: what they may draw is not known at once, and what is known comes one by one."""

from __future__ import annotations

import pytest
from tests.ampguard.balancing.made import Building, car, charger, group
from tests.ampguard.balancing.test_why import logged

from ampguard.balancing.allocation import HELD_S, Balancer
from ampguard.balancing.base import BaseLoad
from ampguard.balancing.decision import Rule
from ampguard.balancing.observation import Heard, Observation
from ampguard.balancing.place import GUESSED_S
from ampguard.balancing.why import replayed
from ampguard.settings.grid import Device

COMING = {
    "heard late": (3.0, 3.0, True),
    "heard at once, currents a second later": (0.0, 1.0, True),
    "limit known, currents 20 s later": (3.0, 20.0, True),
    "neither for 20 s": (3.0, 20.0, False),
    "neither for a minute": (3.0, 60.0, False),
    "never": (3.0, 1e9, False),
}
"""When the first one comes in, when it tells what it draws, whether chargers say what they obey."""
CHARGING = {
    "one": (1, 16.0, 8.0),
    "two": (2, 10.0, 3.0),
    "three at their least": (3, 6.0, 5.0),
    "three": (3, 16.0, 2.0),
}


def building(
    charging: tuple[int, float, float], coming: str, *, fuse_a: float = 25.0, device: Device = Device.FUSE_GG
) -> Building:
    """So many, their current and what else flows; they come in one after the other, each 0.7 s later."""
    (count, current_a, base_a), (comes_s, tells_s, says_limit) = charging, COMING[coming]
    chargers = [charger(str(one), max_a=16.0, offline_a=0.0 if one else 6.0) for one in range(count)]
    return Building(
        group(*chargers, supply_max_a=fuse_a, max_online_a=fuse_a, device=device),
        [car(less_a=0.3, resume_s=15.0 + 5.0 * one) for one in range(count)],
        lambda _: (base_a,) * 3,
        comes_s=[comes_s + 0.7 * one for one in range(count)],
        tells_s=[tells_s + 0.7 * one for one in range(count)],
        says_limit=says_limit,
    ).charges(current_a)


@pytest.mark.parametrize("charging", list(CHARGING))
@pytest.mark.parametrize("coming", list(COMING))
def test_nobody_is_paused_for_a_current_that_may_be_the_chargers_own(charging: str, coming: str) -> None:
    found, least_a = building(CHARGING[charging], coming), 16.0
    while found.now_s < 120.0:
        least_a = min(least_a, *found.until(found.now_s + 0.5).drawn_a())
    assert least_a > 5.0
    assert not found.tripped
    assert 23.0 < max(found.total_a) < 25.1


@pytest.mark.parametrize("coming", list(COMING))
@pytest.mark.parametrize("device", [Device.MCB_B, Device.FUSE_GG])
def test_the_fuse_holds_where_the_current_was_not_theirs_after_all(coming: str, device: Device) -> None:
    """They say that they charge, and begin only later."""
    for charging in ((1, 16.0, 20.0), (2, 10.0, 15.0), (3, 10.0, 14.0)):
        found = building(charging, coming, device=device)
        for one in found.charging:
            one.current_a = 0.0
        found.until(240.0)
        assert not found.tripped
        assert max(found.total_a) < 25.1


def test_too_much_is_taken_back_at_once_though_nobody_tells_what_he_draws() -> None:
    found = building((3, 16.0, 2.0), "neither for a minute").until(20.0)
    assert max(found.total_a) < 26.0


def test_who_tells_neither_his_limit_nor_his_currents_is_told_nothing_while_there_is_room() -> None:
    found = building((1, 10.0, 5.0), "never").until(3.0 + GUESSED_S)
    assert found.told_a == []
    assert [(one.rule, one.after_a) for one in found.reasons] == [(Rule.ADOPTED, 16.0)]
    found.until(4.0 + GUESSED_S)
    assert {order[2] for order in found.told_a} == {16.0}, "one that never tells is limited all the same"


def test_what_was_guessed_gives_way_to_what_is_told() -> None:
    found = building((1, 10.0, 5.0), "neither for 20 s").until(20.5)
    assert [(one.rule, one.after_a) for one in found.reasons[:2]] == [(Rule.ADOPTED, 16.0), (Rule.ADOPTED, 9.7)]


def test_a_pause_before_all_were_heard_is_no_rest() -> None:
    """The fuse would not bear it; as soon as it does the car goes on."""
    found = building((6, 16.0, 5.0), "heard late", fuse_a=35.0, device=Device.MCB_B)
    found.until(HELD_S)
    assert any(one.rule is Rule.PAUSED for one in found.reasons)
    started_s = [when_s for when_s, _, limit_a, _ in found.until(80.0).told_a if limit_a == 6.0 and when_s > 30.0]
    assert started_s
    assert not found.tripped


def test_the_base_load_begins_as_low_as_it_can_be() -> None:
    assert BaseLoad().measured(0.0, 2.0, 18.0, is_settled=False) == 2.0
    assert BaseLoad().measured(0.0, -16.0, 32.0, is_settled=False) == 0.0
    assert BaseLoad().measured(0.0, -16.0, -5.0, is_settled=False) == -5.0


def test_a_limit_that_is_adopted_counts_against_a_base_load_without_it() -> None:
    """Between two samples of the meter."""
    balancer = Balancer(group(charger(max_a=16.0)))
    told: list[float] = []
    for now_s, heard_s in ((0.0, None), (0.5, None), (0.6, 0.6)):
        heard = None
        if heard_s is not None:
            heard = Heard(heard_s, heard_s, (15.5,) * 3, is_connected=True, wants=True, limit_a=16.0)
        told += [
            one.limit_a for one in balancer.decide(Observation(now_s, min(now_s, 0.5), (24.0,) * 3, (heard,))).orders
        ]
    assert told == [16.0]
    assert balancer.supply.bases[0].current_a == 8.5


@pytest.mark.parametrize("coming", list(COMING))
def test_the_log_played_again_gives_every_decision(coming: str) -> None:
    found = building(CHARGING["three"], coming).until(90.0)
    told = list(replayed(logged(found)))
    assert told
    assert all(one.is_same for one in told)
