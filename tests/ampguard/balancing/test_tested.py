"""A charger under test gets the lower of the wish and what there is; the others go on, and it all replays."""

from __future__ import annotations

import pytest
from tests.ampguard.balancing.made import charger, group

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.decision import Rule
from ampguard.balancing.observation import CloudLimit, Heard, Observation, Triple, UnderTest
from ampguard.balancing.site import Group
from ampguard.balancing.why import WhyLog, replayed

BOTH = group(charger("a", max_a=16.0), charger("b", max_a=16.0), supply_max_a=63.0, max_online_a=63.0)


def _alike(current_a: float) -> Triple:
    return current_a, current_a, current_a


class Life:
    """Two cars that follow at once; what was decided is logged."""

    def __init__(self, shared: Group = BOTH, base_a: float = 5.0) -> None:
        self.balancer, self.log = Balancer(shared), WhyLog(shared)
        self.lines = [self.log.opened()]
        self.limits_a = [16.0, 16.0]
        self.rules: list[tuple[str, Rule, float]] = []
        self.base_a = base_a
        self.now_s = 0.0

    def until(self, end_s: float, tested: UnderTest | None = None, cloud_a: float | None = None) -> Life:
        while self.now_s < end_s:
            self.now_s += 0.5
            drawn = [_alike(max(0.0, one - 0.5)) for one in self.limits_a]
            total_a = self.base_a + sum(one[0] for one in drawn)
            heard = tuple(
                Heard(self.now_s, self.now_s, one, is_connected=True, wants=True, limit_a=limit_a)
                for one, limit_a in zip(drawn, self.limits_a, strict=True)
            )
            cloud = () if cloud_a is None else (CloudLimit(cloud_a, 1e6), None)
            seen = Observation(self.now_s, self.now_s, _alike(total_a), heard, cloud, tested=tested)
            decision = self.balancer.decide(seen)
            for order in decision.orders:
                self.limits_a[order.charger] = order.limit_a
            self.rules += [(one.charger, one.rule, one.after_a) for one in decision.reasons]
            self.lines += [self.log.seen(seen), *filter(None, [self.log.decided(decision)])]
        return self


def test_the_tested_one_steps_and_the_other_keeps_what_it_has() -> None:
    life = Life().until(60.0)
    assert life.limits_a == [16.0, 16.0]
    life.until(61.0, UnderTest(0, 6.0))
    assert life.limits_a == [6.0, 16.0]
    assert life.rules[-1] == ("a", Rule.TESTED, 6.0)
    life.until(90.0, UnderTest(0, 10.0))
    assert life.limits_a == [10.0, 16.0]
    life.until(92.0, UnderTest(0, 6.0))
    assert life.limits_a == [6.0, 16.0]
    life.until(200.0)
    assert life.limits_a == [16.0, 16.0]


def test_it_gets_no_more_than_there_is() -> None:
    life = Life(base_a=63.0 - 24.0).until(120.0, UnderTest(0, 10.0))
    assert sum(life.limits_a) <= 26.0
    assert life.limits_a[0] <= 10.0
    life.base_a = 63.0 - 14.0
    life.until(130.0, UnderTest(0, 10.0))
    assert life.limits_a[0] < 10.0


@pytest.mark.parametrize(("cloud_a", "most_a"), [(8.0, 8.0), (13.0, 10.0)])
def test_the_lower_of_cloud_and_test_holds(cloud_a: float, most_a: float) -> None:
    assert Life().until(60.0, UnderTest(0, 10.0), cloud_a).limits_a[0] == most_a


def test_the_sentence_names_the_test() -> None:
    balancer_reason = Life().until(30.0, UnderTest(0, 6.0))
    assert any(rule is Rule.TESTED for _, rule, _ in balancer_reason.rules)


def test_a_life_with_a_test_in_it_replays_to_the_last_digit() -> None:
    life = Life().until(60.0).until(61.0, UnderTest(0, 6.0)).until(90.0, UnderTest(0, 10.0)).until(120.0)
    found = list(replayed(life.lines))
    assert found
    assert all(one.is_same for one in found)
    without = [line for line in life.lines if '"tested"' not in line]
    assert not all(one.is_same for one in replayed(without))
