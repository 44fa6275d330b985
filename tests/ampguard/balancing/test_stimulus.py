"""The stimulus test finds which phase is behind which terminal, and never says what is not so."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard.balancing.made import car
from tests.ampguard.balancing.stimulus_made import Setting, World, misled, wrong

from ampguard.balancing.stimulus import Failure, Stage, Told
from ampguard.balancing.stimulus_found import clamp_found
from ampguard.phases import Phases

ORDERS = st.permutations((0, 1, 2)).map(lambda one: (one[0], one[1], one[2]))
RATIO = st.sampled_from((0.5, 0.98, 1.0, 1.02, 2.0))
SIGN = st.sampled_from((1.0, -1.0))
CALM = Setting(order=(1, 2, 0), seed=5)


@given(
    st.builds(
        Setting,
        order=ORDERS,
        places=st.tuples(*[st.integers(0, 2)] * 3) | ORDERS,
        signs=st.tuples(SIGN, SIGN, SIGN),
        ratios=st.tuples(RATIO, RATIO, RATIO),
        latency_s=st.floats(0.05, 2.0),
        tells_s=st.sampled_from((1.0, 5.0, 10.0)),
        switches=st.booleans(),
        noise_a=st.floats(0.005, 0.06),
        steps_per_s=st.sampled_from((0.0, 0.02, 0.04)),
        seed=st.integers(0, 10_000),
    ),
    st.builds(
        car,
        phases=st.sampled_from((1, 2, 3)),
        max_a=st.sampled_from((9.0, 16.0, 32.0)),
        less_a=st.floats(0.0, 2.0),
        down_delay_s=st.floats(0.3, 4.0),
        up_delay_s=st.floats(0.5, 3.0),
        up_a_per_s=st.floats(1.0, 5.0),
        resume_s=st.floats(5.0, 40.0),
    ),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_names_no_phase_clamp_or_ratio_that_is_not_so(setting: Setting, one: object) -> None:
    world = World(setting, one).run()  # type: ignore[arg-type]  # a car of the model
    assert world.test.stage is Stage.DONE
    assert not wrong(world), wrong(world)
    assert not misled(world), misled(world)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (2, 1, 0)])
def test_a_charger_that_can_charge_on_fewer_phases_tells_all_of_its_terminals(order: tuple[int, int, int]) -> None:
    world = World(replace(CALM, order=order)).run()
    assert world.test.mapping.phases == order
    assert world.test.why is None
    assert world.now_s - 60.0 < 240.0


def test_it_lets_go_only_when_the_charger_uses_all_of_its_phases_again() -> None:
    world = World(CALM, car(resume_s=40.0)).run()
    assert world.test.mapping.phases == (1, 2, 0)
    assert world.uses == 3
    assert world.charging.current_a > 5.0
    assert world.limit_a == 6.0


def test_a_two_phase_car_tells_all_a_one_phase_car_its_own_terminal() -> None:
    assert World(CALM, car(phases=2)).run().test.mapping.phases == (1, 2, 0)
    alone = World(CALM, car(phases=1)).run().test.mapping
    assert alone.phases == (1, None, None)
    assert alone.candidates == 2


def test_three_equal_steps_name_no_terminal_but_every_clamp() -> None:
    world = World(replace(CALM, switches=False, signs=(1.0, -1.0, 1.0), ratios=(1.0, 1.0, 2.0))).run()
    assert world.test.mapping.phases == (None, None, None)
    assert str(world.test.why) == "the charger does not charge on fewer phases when it is asked to"
    found = [clamp_found(world.test.trusted, clamp) for clamp in range(3)]
    assert [one and (one.phase, one.reversed) for one in found] == [(0, False), (1, True), (2, False)]
    assert [round(one.ratio, 1) for one in found if one is not None and one.ratio is not None] == [1.0, 1.0, 2.0]


def test_clamps_on_each_others_phases_are_seen_and_the_terminals_are_right_all_the_same() -> None:
    world = World(replace(CALM, places=(1, 0, 2))).run()
    assert world.test.mapping.phases == (1, 2, 0)
    found = [clamp_found(world.test.trusted, clamp) for clamp in range(3)]
    assert [one and one.phase for one in found] == [1, 0, 2]


def test_two_clamps_on_one_phase_name_no_terminal() -> None:
    assert World(replace(CALM, places=(0, 0, 2))).run().test.mapping.phases == (None, None, None)


def test_the_delay_is_what_it_is_to_a_window() -> None:
    world = World(replace(CALM, latency_s=1.3), car(down_delay_s=4.0, down_a_per_s=8.0)).run()
    downs = [one.down for one in world.test.rounds]
    assert all(5.2 <= one.begins_s - one.order_s <= 5.7 for one in downs)
    assert all(5.5 <= one.done_s - one.order_s <= 6.2 for one in downs)


def test_a_charger_that_says_nothing_tells_its_delay_alone() -> None:
    world = World(replace(CALM, tells_s=math.inf)).run()
    assert world.test.mapping.phases == (None, None, None)
    assert len(world.test.rounds) == 2
    assert all(one.down.done_s > one.down.order_s for one in world.test.rounds)


def test_it_waits_while_the_group_has_no_room_and_gives_up_with_the_reason() -> None:
    later = World(replace(CALM, starved=(70.0, 150.0))).run()
    assert later.test.mapping.phases == (1, 2, 0)
    assert min(when for when, limit_a in later.orders if limit_a > 9.0) >= 150.0
    never = World(replace(CALM, starved=(0.0, math.inf))).run()
    assert not never.test.rounds
    assert str(never.test.why).startswith("the group has had no 10 A for it within 300 s")


def test_a_round_that_the_group_interrupts_does_not_count_and_is_nobodys_fault() -> None:
    world = World(replace(CALM, starved=(74.0, 80.0))).run()
    assert world.test.failures[Failure.TAKEN] >= 1
    assert world.test.mapping.phases == (1, 2, 0)


def test_a_car_that_does_not_follow_ends_it_after_some_attempts() -> None:
    world = World(CALM, car(max_a=6.5)).run()
    assert not world.test.rounds
    assert str(world.test.why).endswith("the car has not followed")


def test_a_car_that_is_gone_ends_it() -> None:
    world = World(CALM)
    for _ in range(40):
        world.step()
    gone = Told(now_s=0.0, limit_a=0.0, drawn_a=(0.0, 0.0, 0.0), drawn_s=0.0, is_ready=False)
    for second in range(400):
        world.test.hear(replace(gone, now_s=world.now_s + second, drawn_s=world.now_s + second))
    assert world.test.stage is Stage.DONE
    assert str(world.test.why) == "no car has charged there for 300 s"


def test_a_meter_that_starts_anew_in_the_middle_costs_a_round_and_nothing_else() -> None:
    world = World(CALM)
    while world.test.stage is not Stage.DOWN:
        world.step()
    world.restart_meter()
    world.run()
    assert world.test.mapping.phases == (1, 2, 0)
    assert not misled(world)


def test_it_asks_for_nothing_any_more_when_it_is_done_and_never_for_less_than_the_groups_least() -> None:
    world = World(CALM)
    assert world.test.wish is not None
    while world.test.stage is not Stage.DONE:
        wish = world.test.wish
        assert wish is None or wish.most_a in {6.0, 10.0}
        world.step()
    assert world.test.wish is None


def test_one_clamp_and_one_terminal_suffice_where_there_is_one_phase() -> None:
    only = World(replace(CALM, order=(0, 1, 2)), car(phases=1), clamps=Phases(True, False, False), terminals=1)  # noqa: FBT003 - one there
    assert only.run().test.mapping.phases == (0, None, None)
