"""The balancer's process with chargers, meter and clouds that come, go and say odd things."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.balancing.ocpp.charger import connected
from tests.ampguard.services.balancer.made import file
from tests.ampguard.services.balancer.works import charging, run, works

from ampguard.balancing.why import replayed
from ampguard.live.publisher import Publisher
from ampguard.services.balancer import process
from ampguard.services.balancer.chronicle import last_life, lines
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("quick")]  # chargers, meter and leases in real time


def test_another_charger_in_the_group_and_the_first_goes_on_with_what_it_holds(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit:
            async with charging(unit, port, current_a=16.0) as one:
                await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
                unit.set_up(file(2, port))
                await unit.until(lambda: len(unit.state["chargers"]) == 2)
                held_a, holder = one.holds_a(), one.holder
                assert held_a > 9.0, "its lease runs on"
            async with connected(port) as again:
                again.holder = holder
                given = len(holder.given)
                await again.status("Charging")
                await again.measure(held_a, held_a, held_a)
                await unit.until(lambda: unit.charger()["limit_a"] > 0.0)
                assert unit.charger()["limit_a"] == pytest.approx(held_a)
                await unit.until(lambda: len(holder.given) > given)
                assert again.holds_a() == pytest.approx(held_a)

    run(story)


def test_a_meter_that_starts_again_is_fresh_whatever_its_time_is(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit:
            await unit.until(lambda: unit.state["rung"] == "fresh")
            for start_s in (0.3, 5000.0, -4000.0):
                await unit.stop_meter()
                await asyncio.sleep(3.0)
                await unit.start_meter(unit.meter.end_s + start_s)
                await unit.until(lambda: unit.state["rung"] == "fresh" and unit.state["meter_age_s"] < 0.6)

    run(story)


def test_a_process_that_starts_again_goes_on_with_what_a_charger_holds(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        text = file(1, port, max_offline_a="6.0")
        async with works(tmp_path, text) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0 and unit.charger()["held_a"] is not None, 45.0)
        holder = one.holder
        before_a, given = holder.holds_a(datetime.now(UTC)), len(holder.given)
        assert before_a > 9.0
        async with works(tmp_path, text) as unit:
            unit.meter.drawn_a = {"CP1": before_a}
            await unit.until(lambda: unit.state["rung"] == "fresh")
            async with connected(port) as again:
                again.holder = holder
                await again.status("Charging")
                await again.measure(before_a, before_a, before_a)

                def told_a() -> list[float]:
                    since = [one for one in holder.given[given:] if one["chargingProfilePurpose"] == "TxProfile"]
                    return [one["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] for one in since]

                await unit.until(told_a)
                assert told_a()[0] == before_a
                assert {one["rung"] for one in unit.states} == {"fresh"}
                assert [one["rule"] for one in unit.changes[:1]] == ["adopted"]

    run(story)


def test_without_a_meter_from_the_beginning_the_offline_current_counts(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path) as unit:
            await unit.stop_meter()
            unit.set_up(file(1, port, max_offline_a="9.0"))
            async with charging(unit, port, current_a=16.0) as one:
                await unit.until(lambda: unit.state.get("rung") == "lost" and unit.charger()["limit_a"] == 9.0)
                await unit.until(lambda: one.holds_a() == 9.0)

    run(story)


def test_a_clock_that_is_set_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, moved = free_port(), [timedelta()]
    monkeypatch.setattr(process.BalancerProcess, "_utc", lambda _: datetime.now(UTC) + moved[0])

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=8.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            await asyncio.sleep(1.0)
            changes, held_a = len(unit.changes), one.holds_a()
            for days in (-300.0, 0.0, 0.1, 4000.0):
                moved[0] = timedelta(days=days)
                states = len(unit.states)
                await unit.until(lambda before=states: len(unit.states) > before + 1)  # type: ignore[misc]  # a default
                assert unit.state["rung"] == "fresh"
                assert unit.charger()["lease"] == "running"
            assert one.holds_a() == held_a
            assert len(unit.changes) - changes <= 1

    run(story)


def test_a_clipped_meter_gives_nobody_more_and_is_told(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            unit.meter.is_clipped = True
            await unit.until(lambda: unit.state["rung"] == "stale")
            assert "more may flow than it can tell" in json.dumps(unit.state["told"])
            limit_a = unit.charger()["limit_a"]
            unit.meter.base_a = (40.0, 40.0, 40.0)
            await unit.until(lambda: one.holds_a() < limit_a)
            assert unit.state["told"] == []

    run(story)


def test_what_it_did_can_be_played_again(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(2, port)) as unit:
            async with charging(unit, port, current_a=16.0), charging(unit, port, "CP2", current_a=16.0):
                await unit.until(lambda: unit.charger(1)["limit_a"] >= 6.0 and unit.charger(2)["limit_a"] >= 6.0)
                for base_a in (17.0, 40.0):
                    changes, unit.meter.base_a = len(unit.changes), (base_a, 2.0, 1.5)
                    await unit.until(lambda before=changes: len(unit.changes) > before)  # type: ignore[misc]  # a default
            await unit.until(lambda: not unit.charger()["online"])
        assert unit.exit_code == 0

    run(story)
    found = list(replayed(lines(last_life(tmp_path / "balancing" / "why"))))
    assert len(found) >= 2
    assert all(one.is_same for one in found)


@pytest.mark.parametrize("limits", [
    {"limits": {"CP1": 7.0}, "valid_s": 5.0}, {"limits": {"CP1": float("inf")}, "valid_s": 5.0}, {"limits": 3},
    {"limits": {"CP1": True, "x": 1}, "valid_s": -1.0},
])  # fmt: skip
def test_limits_of_a_cloud_whatever_they_are(limits: dict[str, Any], tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            feed = Publisher(unit.places.uplink_feed)
            try:
                for _ in range(40):
                    with contextlib.suppress(ValueError):  # what is no JSON cannot be told
                        feed.publish("limits", limits)
                    await asyncio.sleep(0.05)
                if limits.get("valid_s") == 5.0 and limits["limits"]["CP1"] == 7.0:
                    await unit.until(lambda: unit.state["leader"] == "cloud" and one.holds_a() <= 7.0)
                    await unit.until(lambda: unit.state["leader"] == "unit" and one.holds_a() > 9.0, 40.0)
                else:
                    assert unit.state["leader"] == "unit"
            finally:
                feed.close()

    run(story)


def test_a_car_that_charges_already_is_not_paused_though_its_charger_does_not_tell_what_it_draws(
    tmp_path: Path,
) -> None:
    """It was let begin by somebody else: the unit knows no transaction, no limit and, for a while, no current."""
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit:
            unit.meter.base_a, unit.meter.drawn_a = (8.0, 8.0, 8.0), {"CP1": 16.0}
            await unit.until(lambda: unit.state["rung"] == "fresh")
            async with connected(port) as one:
                await one.status("Charging")
                await unit.until(lambda: unit.charger()["lease"] == "running", 30.0)
                await asyncio.sleep(12.0)
                given_a = [
                    given["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
                    for given in one.holder.given
                    if given["stackLevel"] > 0
                ]
                assert given_a == [], "nobody knows what it obeys, and there is not too much"
                assert unit.charger()["limit_a"] == 16.0
                await one.measure(16.0, 16.0, 16.0)
                await unit.until(lambda: unit.state["base_a"]["l1"] == pytest.approx(8.0, abs=0.5))
                assert unit.charger()["limit_a"] == 16.0
                assert [change["after_a"] for change in unit.changes] == [16.0]

    run(story)
