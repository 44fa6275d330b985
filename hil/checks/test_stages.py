"""How long a box takes: to boot, to be provisioned, to meter; and again after its power was cut."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.places.provisioning import answers
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.places.place import Place
    from ampguard_hil.places.targets import Bench

PATIENCE_S = 60.0


@pytest.mark.needs("meters")
def test_each_stage_is_reached_in_its_time(
    at: Callable[[Stage], Place], bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    at(Stage.METERING)
    for stage, took_s in bench.took_s.items():
        record_property(f"{stage.name}_s", round(took_s, 2))
    assert {stage: took_s for stage, took_s in bench.took_s.items() if took_s > bench.limits.within_s[stage]} == {}
    assert set(bench.took_s) == set(bench.limits.within_s)


@pytest.mark.needs("meters")
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=[pytest.mark.full, pytest.mark.timeout(900)])])
def test_after_a_power_cut_it_meters_by_itself(
    at: Callable[[Stage], Place], bench: Bench, record_property: Callable[[str, object], None], times: int
) -> None:
    place = at(Stage.METERING)
    may_take_s = bench.limits.within_s[Stage.BOOTED] + bench.limits.within_s[Stage.METERING]
    took_s: list[float] = []
    for _ in range(times):
        boots = place.heard.tally().boots
        place.power_off()
        began_s = time.monotonic()
        place.power_on()
        assert place.until(lambda: place.heard.tally().boots > boots, PATIENCE_S), place.last_words()  # noqa: B023 - judged at once
        took_s.append(time.monotonic() - began_s)
        assert place.until(lambda: answers(place.page), PATIENCE_S), place.last_words()
    record_property("power_to_reading_s", [round(one, 2) for one in took_s])
    assert [one for one in took_s if one > may_take_s] == []
