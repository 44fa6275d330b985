"""A charger is asked to charge on fewer of its phases: by the next limit or renewal, and never in watts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.balancing.ocpp.central import run, unit
from tests.ampguard.balancing.ocpp.charger import Charger, connected, until

from ampguard.balancing.ocpp import profile, schema
from ampguard.balancing.ocpp.profile import Leased, Purpose, Step

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def periods(asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
    return found


@pytest.mark.parametrize("phases", [1, 2, 3])
def test_a_leased_limit_says_on_how_many_phases(phases: int) -> None:
    asked = profile.leased(Leased(Purpose.TX, 1, 1, (Step(0, 10.0, phases), Step(20, 6.0)), 30.0, 7), NOW)
    assert schema.violation("SetChargingProfile", asked) is None
    assert [one.get("numberPhases") for one in periods(asked)] == [phases, None]


def test_steps_that_are_joined_keep_their_phases() -> None:
    assert profile.fitted((Step(0, 10.0, 1), Step(5, 8.0, 1), Step(9, 6.0, 1)), 2)[1] == Step(5, 6.0, 1)


@pytest.mark.parametrize(("unit_told", "wanted"), [("Current", [2]), ("Power", [None])])
def test_it_is_told_with_the_next_limit_but_not_where_fewer_phases_would_make_more_amperes(
    tmp_path: Path, unit_told: str, wanted: list[int | None]
) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            one.keys["ChargingScheduleAllowedChargingRateUnit"] = unit_told
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: central.reports()["CP1"].limit_a == 10.0)
            assert last(one) == [None]
            central.set_limit("CP1", 8.0, 30.0, 2)
            await until(lambda: central.reports()["CP1"].limit_a == 8.0)
            assert last(one) == wanted

    run(story)


def last(one: Charger) -> list[int | None]:
    told = [heard.payload["profile"] for heard in one.heard if heard.action == "SetChargingProfile"]
    ours = [asked for asked in told if asked["stack_level"]]
    return [each.get("number_phases") for each in ours[-1]["charging_schedule"]["charging_schedule_period"]]
