"""What a stimulus test says: terminals against the group's file, clamps, delay, and whether the main fuse bears it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.balancing.made import car, charger, group
from tests.ampguard.balancing.stimulus_made import ALL, Setting, World

from ampguard.balancing.breaker import Budget
from ampguard.balancing.protection import SEES_S, protection
from ampguard.balancing.stimulus_result import Result, result
from ampguard.phases import Phase
from ampguard.phrase import as_heard
from ampguard.settings.grid import Device

TURNED = (Phase.L2, Phase.L3, Phase.L1)
CALM = Setting(order=(1, 2, 0), seed=5)


def found(world: World, phases: tuple[Phase, ...] = TURNED, **changed: object) -> Result:
    one = charger("Place 1", max_a=16.0, phases=phases)
    return result(world.run().test, group(one, **changed), one, ALL)


def test_it_says_which_phase_is_behind_which_terminal_and_that_the_file_has_it_so() -> None:
    told = found(World(CALM))
    assert [str(one) for one in told.sentences[:2]] == [
        "L2 is behind terminal 1, L3 is behind terminal 2, L1 is behind terminal 3",
        "that is as the group's setup has it (L2 L3 L1)",
    ]
    assert told.agrees is True
    assert told.is_right is True
    assert told.solver_probability is not None
    assert told.solver_probability > 0.99


def test_a_file_that_has_it_otherwise_is_named_even_by_one_terminal() -> None:
    told = found(World(CALM, car(phases=1)), (Phase.L1, Phase.L2, Phase.L3))
    assert told.agrees is False
    assert told.is_right is False
    assert "set it right there" in " ".join(told.sentences)


def test_one_terminal_that_is_as_declared_proves_not_all_of_them() -> None:
    told = found(World(CALM, car(phases=1)))
    assert told.agrees is None
    assert "the others are not known" in told.sentences[0]


def test_a_clamp_the_wrong_way_round_is_named_by_test_and_solver() -> None:
    told = found(World(replace(CALM, signs=(1.0, -1.0, 1.0), ratios=(1.0, 1.0, 2.0))))
    said = [str(one) for one in told.sentences if "clamp" in one]
    assert "on L2, the wrong way round" in said[1]
    assert "it shows 2.0" in said[2] or "it shows 1.9" in said[2]
    assert told.is_right is False
    assert told.solver_probability is not None
    assert told.solver_probability < 0.01


def test_a_test_without_a_round_says_why_and_nothing_else() -> None:
    told = found(World(CALM, car(max_a=6.5)))
    assert told.sentences == [told.why]
    assert told.is_right is None
    assert told.protection is None


def test_it_is_kept_as_json_and_heard_again_in_any_language() -> None:
    told = found(World(CALM))
    body = json.loads(json.dumps(told.told(), allow_nan=False))
    assert [str(as_heard(one)) for one in body["sentences"]] == [str(one) for one in told.sentences]
    assert body["phases"] == ["L2", "L3", "L1"]
    assert body["clamps"]["l1"]["phase"] == "L1"
    assert body["protected"] is True


def test_the_slowest_step_down_decides_what_is_protected() -> None:
    quick = found(World(replace(CALM, latency_s=0.2), car(down_delay_s=0.5)), device=Device.MCB_B)
    slow = found(World(replace(CALM, latency_s=2.0), car(down_delay_s=4.0, down_a_per_s=2.0)), device=Device.MCB_B)
    assert quick.delay is not None
    assert slow.delay is not None
    assert quick.protection is not None
    assert slow.protection is not None
    assert slow.delay.answers_s > 6.0
    assert quick.delay.answers_s < 3.0
    spare_s = quick.protection.spare_s - slow.protection.spare_s
    assert math.isclose(spare_s, slow.delay.answers_s - quick.delay.answers_s, abs_tol=0.01)


@given(st.sampled_from(Device), st.floats(0.0, 60.0), st.integers(1, 6), st.sampled_from((16.0, 32.0)))
def test_protected_means_that_the_fuse_has_not_used_its_budget_by_then(
    device: Device, answers_s: float, count: int, max_a: float
) -> None:
    chargers = [charger(str(number), max_a=max_a) for number in range(count)]
    one = protection(group(*chargers, device=device, supply_max_a=63.0, max_online_a=63.0), answers_s)
    assert one.worst_a == 63.0 + min(63.0, count * max_a)
    used_ratio = Budget(device, 63.0).used_after_ratio(one.worst_a, SEES_S + answers_s)
    assert one.is_protected == (used_ratio < 1.0)
    start = "protected" if one.is_protected else "not protected: "
    assert one.sentence.startswith(start)


def test_a_step_that_the_fuse_bears_for_ever_is_no_race() -> None:
    one = protection(group(charger(max_a=10.0), supply_max_a=63.0, max_online_a=63.0), 500.0)
    assert math.isinf(one.bears_s)
    assert "which it bears for ever" in one.sentence
