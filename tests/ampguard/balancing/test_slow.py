"""Chargers that are reached over their makers' cloud alone: a share with a margin, and minutes later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.balancing.made import NEVER_S, Building, car, charger, group
from tests.ampguard.balancing.test_why import logged
from tests.benchmarks.chargers.cars import Car, Charging

from ampguard.balancing.decision import Rule
from ampguard.balancing.observation import Heard
from ampguard.balancing.site import Rules
from ampguard.balancing.why import replayed
from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.grid import GridType

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLD_S, ORDER_S = 30.0, 15.0
"""How often the makers' cloud tells, and how long an order takes through it."""


@dataclass
class Cloud:
    """The makers': what draws through it, and what it tells of that."""

    cars: Sequence[Car]
    base_a: dict[float, float]
    """What else flows on each phase, from when on."""
    limit_a: float = 16.0
    told: tuple[Heard | None, ...] = ()
    now_s: float = -1.0
    gone: tuple[float, float] = (NEVER_S, NEVER_S)
    charging: list[Charging] = field(default_factory=list[Charging])

    def __post_init__(self) -> None:
        self.charging = [Charging(one, 16.0, (0, 1, 2), 6.0, NEVER_S) for one in self.cars]
        for one in self.charging:
            one.limit_a = self.limit_a

    def flows_a(self, now_s: float) -> tuple[float, float, float]:
        """Besides those that the unit balances."""
        if now_s != self.now_s:
            self.now_s = now_s
            for one in self.charging:
                one.step(now_s, 0.5)
        found = next(value for from_s, value in sorted(self.base_a.items(), reverse=True) if now_s >= from_s)
        return (found + sum(one.current_a for one in self.charging),) * 3

    def tells(self, now_s: float) -> tuple[Heard | None, ...]:
        if now_s % TOLD_S == 0.0 and not self.gone[0] <= now_s < self.gone[1]:
            self.told = tuple(
                Heard(now_s, now_s, (one.current_a,) * 3, one.is_connected(now_s), one.wants(now_s), one.limit_a)
                for one in self.charging
            )
        return self.told or (None,) * len(self.charging)


def building(cloud: Cloud, *fast: Car, **changed: object) -> Building:
    slow = tuple(charger(f"slow {one}", max_a=16.0, offline_a=6.0) for one in range(len(cloud.cars)))
    chargers = [charger(str(one)) for one in range(len(fast))]
    online_a = changed.pop("max_online_a", 35.0)
    setup = group(slow=slow, supply_max_a=35.0, max_online_a=online_a, max_offline_a=12.0, chargers=tuple(chargers))
    return Building(setup, fast, cloud.flows_a, slow=cloud.tells, **changed)  # type: ignore[arg-type]  # as each test says


def play(found: Building, cloud: Cloud, end_s: float) -> Building:
    while found.now_s < end_s:
        found.until(found.now_s + 0.5)
        for order in found.decisions[-1].slow:
            cloud.charging[order.charger].send(found.now_s + ORDER_S, order.limit_a, NEVER_S)
    return found


def test_what_is_free_is_shared_and_a_tenth_of_the_fuse_stays() -> None:
    cloud = Cloud([car(), car()], {0.0: 5.0})
    found = play(building(cloud), cloud, 1800.0)
    assert not found.tripped
    assert [one.limit_a for one in cloud.charging] == [13.0, 13.0]
    assert 28.0 < found.total_a[0] < 0.9 * 35.0
    assert {one.rule for one in found.reasons} == {Rule.SLOW}
    assert "does not protect the fuse" in str(found.reasons[0].sentence)


def test_one_beside_a_quick_one_gets_its_share_and_the_quick_one_the_rest() -> None:
    cloud = Cloud([car()], {0.0: 5.0}, limit_a=6.0)
    found = play(building(cloud, car()), cloud, 2400.0)
    assert cloud.charging[0].limit_a == 13.0
    assert found.drawn_a()[0] > 14.0
    assert max(found.total_a) <= 35.0
    assert max(one.changes for one in cloud.charging) <= 3, "it is told seldom"


def test_the_quick_ones_give_way_at_once_and_it_follows() -> None:
    cloud = Cloud([car()], {0.0: 5.0, 1500.0: 12.0, 2100.0: 30.0}, limit_a=6.0)
    found = play(building(cloud, car()), cloud, 1500.0)
    share_a = cloud.charging[0].limit_a
    play(found, cloud, 1506.0)
    assert cloud.charging[0].limit_a == share_a
    assert max(found.total_a) <= 35.0
    share_a = cloud.charging[0].limit_a
    play(found, cloud, 2100.0)
    assert 6.0 < cloud.charging[0].limit_a < share_a
    play(found, cloud, 2280.0)
    assert cloud.charging[0].limit_a == 0.0, "all others are at their least, and it is still too much"
    assert not found.tripped
    assert max(found.total_a) <= 35.0


def test_without_the_meter_it_gets_what_it_falls_back_to() -> None:
    cloud = Cloud([car()], {0.0: 5.0})
    found = play(building(cloud, car(), meter_out=[(900.0, 1200.0)]), cloud, 1100.0)
    assert cloud.charging[0].limit_a == 6.0
    assert found.drawn_a()[0] <= 6.0, "both together keep to what the group may take without the meter"


def test_the_groups_own_limit_counts_what_they_may_draw() -> None:
    cloud = Cloud([car()], {0.0: 5.0}, limit_a=6.0)
    found = play(building(cloud, car(), max_online_a=20.0), cloud, 1500.0)
    assert found.drawn_a()[0] + cloud.charging[0].current_a <= 20.0
    assert found.drawn_a()[0] + cloud.charging[0].current_a > 17.0


def test_what_its_owner_sets_counts_until_it_is_told_something() -> None:
    cloud = Cloud([car()], {0.0: 5.0}, limit_a=16.0)
    found = play(building(cloud, max_online_a=35.0), cloud, 100.0)
    cloud.charging[0].limit_a = 8.0
    balancer = play(found, cloud, 200.0).balancer
    assert balancer is not None
    assert balancer.slow.limits_a == [8.0]


def test_a_cloud_that_is_gone_changes_nothing() -> None:
    cloud = Cloud([car()], {0.0: 5.0}, limit_a=6.0, gone=(0.0, 3000.0))
    found = play(building(cloud, car()), cloud, 900.0)
    assert found.decisions[-1].slow == ()
    assert found.reasons[-1].rule is not Rule.SLOW
    assert max(found.total_a) <= 35.0


def test_where_no_car_is_the_least_waits_for_it() -> None:
    cloud = Cloud([car(leaves_s=400.0)], {0.0: 5.0})
    play(building(cloud), cloud, 900.0)
    assert cloud.charging[0].limit_a == 6.0


def test_the_log_played_again_gives_their_limits_too() -> None:
    cloud = Cloud([car(), car(leaves_s=700.0)], {0.0: 5.0, 600.0: 20.0})
    found = play(building(cloud, car(), meter_out=[(900.0, 1000.0)]), cloud, 1300.0)
    assert sum(bool(one.slow) for one in found.decisions) > 2
    told = list(replayed(logged(found)))
    assert sum("slow" in one.logged for one in told) > 2
    assert all(one.is_same for one in told)


@pytest.mark.parametrize("changed", [
    {"grid": GridType.IT}, {"rules": Rules(unbalance_a=20.0)}, {"rules": Rules(is_dimmable=True)},
    {"rules": Rules(is_surplus_only=True)}, {"slow": (charger("s", is_included=False),)},
])  # fmt: skip
def test_where_a_rule_must_be_kept_to_at_once_there_are_none(changed: dict[str, object]) -> None:
    two = (Phase.L1, Phase.L2)
    told: dict[str, object] = {"slow": (charger("s", phases=two),), "chargers": (charger("a", phases=two),)}
    with pytest.raises(SetupError, match="reached over its makers' cloud, which is slow"):
        group(**(told | changed))
