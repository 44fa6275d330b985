"""What is asked for besides the main fuse: dimming, surplus, balance between the phases, a cloud."""

from __future__ import annotations

import pytest
from tests.ampguard.balancing.made import Building, car, charger, group

from ampguard.balancing.decision import Rule
from ampguard.balancing.ladder import Leader
from ampguard.balancing.limits import floor_w
from ampguard.balancing.observation import CloudLimit, TogetherLimit
from ampguard.balancing.site import Rules
from ampguard.phases import Phase
from ampguard.settings.grid import GridType


def quiet(now_s: float) -> tuple[float, float, float]:  # noqa: ARG001  the same at any time
    return 2.0, 2.0, 2.0


def test_what_remains_while_the_grid_operator_dims() -> None:
    """BNetzA BK6-22-300, annex 1: 4.2 kW for the first, less for each further one."""
    assert [round(floor_w(count)) for count in (0, 1, 2, 3, 9, 20)] == [0, 4200, 7560, 10500, 19320, 40110]


@pytest.mark.parametrize(("asked_w", "left_w"), [(6000.0, 6000.0), (1000.0, 4200.0)])
def test_dimmed_the_chargers_take_no_more_and_what_must_remain_remains(asked_w: float, left_w: float) -> None:
    building = Building(
        group(charger(max_a=16.0), rules=Rules(is_dimmable=True)), [car()], quiet,
        dimmed_w=lambda now_s: asked_w if now_s > 150.0 else None,
    ).until(140.0)  # fmt: skip
    assert building.drawn_a()[0] * 3 * 230.0 > 10_000.0
    building.until(200.0)
    assert left_w - 700.0 < building.drawn_a()[0] * 3 * 230.0 <= left_w
    assert Rule.DIMMED in {reason.rule for reason in building.reasons}


def test_one_that_nobody_may_dim_is_not_dimmed() -> None:
    building = Building(group(charger(max_a=16.0)), [car()], quiet, dimmed_w=lambda _: 4200.0).until(140.0)
    assert building.drawn_a()[0] > 14.0


def test_with_surplus_only_a_car_takes_what_would_be_fed_in() -> None:
    def sunny(now_s: float) -> tuple[float, float, float]:
        return (2.0, 2.0, 2.0) if now_s < 200.0 else (-10.0, -10.0, -7.0) if now_s < 800.0 else (1.0, 1.0, 1.0)

    building = Building(group(rules=Rules(is_surplus_only=True)), [car()], sunny).until(190.0)
    assert building.drawn_a() == [0.0]
    building.until(790.0)
    assert 7.5 < building.drawn_a()[0] <= 9.0
    assert sum(building.total_a) <= 0.5
    building.until(1000.0)
    assert building.drawn_a() == [0.0]
    assert building.reasons[-1].rule is Rule.SURPLUS


def test_a_cloud_that_passes_stops_nobody() -> None:
    def cloudy(now_s: float) -> tuple[float, float, float]:
        return (-12.0, -12.0, -12.0) if now_s % 100.0 < 85.0 else (0.0, 0.0, 0.0)

    building = Building(group(rules=Rules(is_surplus_only=True)), [car()], cloudy).until(1000.0)
    assert Rule.STARTED in {reason.rule for reason in building.reasons}
    assert not [reason for reason in building.reasons if reason.after_a == 0.0]


@pytest.mark.parametrize("allowed_a", [20.0, 16.0])
def test_a_single_phase_car_may_unbalance_the_supply_by_so_much(allowed_a: float) -> None:
    one = group(charger(), supply_max_a=63.0, max_online_a=63.0, rules=Rules(unbalance_a=allowed_a))
    building = Building(one, [car(phases=1)], quiet).until(200.0)
    assert allowed_a - 2.0 < building.drawn_a()[0] <= allowed_a


def test_cars_on_different_phases_balance_each_other() -> None:
    chargers = [charger(phase.value, phases=(phase,)) for phase in Phase]
    one = group(*chargers, supply_max_a=63.0, max_online_a=63.0, rules=Rules(unbalance_a=16.0))
    building = Building(one, [car(phases=1) for _ in Phase], quiet).until(400.0)
    assert min(building.drawn_a()) > 30.0


def test_without_neutral_a_car_loads_both_its_lines() -> None:
    chargers = [charger("a", phases=(Phase.L1, Phase.L2)), charger("b", phases=(Phase.L2, Phase.L3))]
    building = Building(group(*chargers, grid=GridType.IT), [car(phases=1), car(phases=1)], quiet).until(300.0)
    assert building.total_a[1] == pytest.approx(sum(building.drawn_a()) + 2.0)
    assert 20.0 < building.total_a[1] <= 25.0


def test_the_lower_of_cloud_and_unit_holds_until_the_cloud_s_limit_runs_out() -> None:
    def cloud(now_s: float) -> tuple[CloudLimit | None, ...]:
        return (CloudLimit(9.0, min(now_s + 30.0, 300.0)),) if 100.0 < now_s < 300.0 else ()

    building = Building(group(), [car()], quiet, cloud=cloud).until(90.0)
    assert building.drawn_a()[0] > 15.0
    building.until(290.0)
    assert 8.0 < building.drawn_a()[0] <= 9.0
    assert building.decisions[-1].leader is Leader.CLOUD
    building.until(400.0)
    assert building.drawn_a()[0] > 15.0
    assert [decision.leader for decision in building.decisions][-1] is Leader.UNIT


def test_a_cloud_that_allows_nothing_pauses() -> None:
    building = Building(
        group(), [car()], quiet, cloud=lambda now_s: (CloudLimit(0.0, now_s + 30.0),) if now_s > 100.0 else ()
    ).until(200.0)
    assert building.drawn_a() == [0.0]
    assert building.reasons[-1].rule is Rule.CLOUD


def test_what_a_cloud_allows_all_together_is_kept_on_each_phase_until_it_runs_out() -> None:
    def together(now_s: float) -> TogetherLimit | None:
        return TogetherLimit((12.5, None, 40.0), min(now_s + 30.0, 300.0)) if 100.0 < now_s < 300.0 else None

    chargers = [charger("a", phases=(Phase.L1,)), charger("b", phases=(Phase.L1,)), charger("c", phases=(Phase.L2,))]
    building = Building(group(*chargers), [car(phases=1)] * 3, quiet, together=together).until(95.0)
    assert building.total_a[0] > 20.0
    building.until(110.0)
    assert sum(building.drawn_a()[:2]) <= 12.5
    assert Rule.CLOUD in {reason.rule for reason in building.reasons}
    building.until(290.0)
    assert 11.0 < sum(building.drawn_a()[:2]) <= 12.5
    assert building.drawn_a()[2] > 14.0, "nothing is limited on L2"
    assert building.decisions[-1].leader is Leader.CLOUD
    building.until(400.0)
    assert building.total_a[0] > 20.0
    assert building.decisions[-1].leader is Leader.UNIT


def test_a_cloud_that_allows_all_together_nothing_pauses_all() -> None:
    building = Building(
        group(), [car()], quiet,
        together=lambda now_s: TogetherLimit((0.0, 0.0, 0.0), now_s + 30.0) if now_s > 100.0 else None,
    ).until(125.0)  # fmt: skip
    assert building.drawn_a() == [0.0]
    assert building.reasons[-1].rule is Rule.CLOUD
