"""Readings from the chip to the broker: true, whole, and none missing after the broker or the uplink was away."""

from __future__ import annotations

import itertools
import math
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import PATIENCE_S, Unit, running

from ampguard.phases import PhaseOrder
from ampguard_drivers.simulated.board import SERIAL
from ampguard_drivers.simulated.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
PHASES = ("l1", "l2", "l3")
ORDER = str(PhaseOrder.L1_L2_L3.value)
TOLD = SCENARIOS["steady"]().supply.told(0.0)


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    """A quiet house whose readings flow."""
    with running("steady") as unit:
        assert unit.until(unit.received(6)), unit.logs()
        yield unit


def highest(unit: Unit) -> int:
    """The highest sequence number of the newest boot that arrived."""
    assert unit.listener.latest is not None
    boot = unit.listener.latest["boot"]
    return max(int(reading["sequence"]) for reading in tuple(unit.listener.readings) if reading["boot"] == boot)


def committed(unit: Unit) -> int:
    """How many readings of the newest boot the cloud has, none of them missing; 0 where any is."""
    boots = unit.cloud.committed(SERIAL)
    return boots[-1].readings if boots and not any(boot.missing for boot in boots) else 0


def nothing_missing(unit: Unit) -> bool:
    return unit.listener.tally().missing == 0


def numbers(value: object) -> Iterator[float]:
    """All numbers in a JSON value."""
    match value:
        case bool():
            return
        case int() | float():
            yield float(value)
        case dict():
            for part in value.values():
                yield from numbers(part)
        case list():
            for part in value:
                yield from numbers(part)


def settled(unit: Unit) -> list[Mapping[str, Any]]:
    readings = {(one["boot"], one["sequence"]): one for one in tuple(unit.listener.readings)}
    return [one for one in readings.values() if one["sequence"] > 3]


def test_every_reading_is_whole(unit: Unit) -> None:
    assert unit.until(lambda: nothing_missing(unit))
    live = [one for one in tuple(unit.listener.readings) if "schema" in one]
    assert len(live) >= 3
    for reading in live:
        assert reading["schema"] == 1
        assert reading["serial"] == "2611000001G"
        assert reading["interval"] == "1s"
        assert isinstance(reading["quality"], list)
        assert reading["quality"] == sorted(set(reading["quality"]))
        # a machine that is too busy for a moment: samples are lost, and what is left before them is a short window
        assert set(reading["quality"]) <= {"overrun", "short_window"}, reading["quality"]
        assert not reading["quality"] or reading["health"]["lost_samples"] > 0
        assert reading["health"]["clipped_samples"] == 0
        # a window that ends about the border of a second counts for one of the two
        assert reading["windows"] in {4, 5, 6} or reading["sequence"] == 1 or reading["quality"]
        if "short_window" not in reading["quality"]:
            assert reading["duration_s"] == pytest.approx(reading["windows"] * 10 / TOLD.frequency_hz, rel=0.001)
        assert (reading["end_utc"] is None) == ("clock_unsynchronised" in reading["quality"])
        assert all(math.isfinite(number) for number in numbers(reading))


def test_readings_follow_each_other_in_time(unit: Unit) -> None:
    readings = sorted(settled(unit), key=lambda one: int(one["sequence"]))
    for before, after in itertools.pairwise(readings):
        if after["sequence"] != before["sequence"] + 1:
            continue
        passed_s = (after["monotonic_ns"] - before["monotonic_ns"]) / 1e9
        if after["health"]["lost_samples"] == before["health"]["lost_samples"]:
            assert passed_s == pytest.approx(after["duration_s"], abs=0.1)
        assert after["energy"]["total_import_wh"] > before["energy"]["total_import_wh"]
        assert after["energy"]["total_export_wh"] == before["energy"]["total_export_wh"]


def test_readings_say_what_the_supply_was_told(unit: Unit) -> None:
    for reading in settled(unit):
        assert reading["frequency_hz"] == pytest.approx(TOLD.frequency_hz, abs=0.002)
        for index, phase in enumerate(PHASES):
            assert reading["voltage_rms_v"][phase] == pytest.approx(TOLD.voltage_rms_v[index], rel=0.001)
            assert reading["current_rms_a"][phase] == pytest.approx(TOLD.current_rms_a[index], rel=0.002)
            assert reading["active_power_w"][phase] == pytest.approx(TOLD.active_power_w[index], rel=0.005)
            assert reading["voltage_angle_deg"][phase] == pytest.approx(TOLD.voltage_angle_deg[index], abs=0.05)
            assert reading["current_angle_deg"][phase] == pytest.approx(TOLD.current_lag_deg[index], abs=0.1)
        assert reading["total_active_power_w"] == pytest.approx(sum(TOLD.active_power_w), rel=0.003)
        assert reading["voltage_order"] == ORDER


def test_energy_counts_the_power_that_is_shown(unit: Unit) -> None:
    assert unit.until(unit.received(12))
    readings = sorted(settled(unit), key=lambda one: int(one["sequence"]))
    first, last = readings[0], readings[-1]
    hours = (last["monotonic_ns"] - first["monotonic_ns"]) / 3.6e12
    grown_wh = last["energy"]["total_import_wh"] - first["energy"]["total_import_wh"]
    expected_wh = sum(TOLD.active_power_w) * hours
    assert grown_wh <= expected_wh * 1.02
    if last["health"]["lost_samples"] == first["health"]["lost_samples"]:  # a busy machine loses samples, and says so
        assert grown_wh == pytest.approx(expected_wh, rel=0.02)


def test_the_chip_agrees_with_the_arithmetic(unit: Unit) -> None:
    def checked() -> bool:
        latest = unit.listener.latest
        return latest is not None and latest["health"]["selfcheck_percent"] is not None

    assert unit.until(checked)
    assert unit.listener.latest is not None
    health = unit.listener.latest["health"]
    assert 0.0 <= health["selfcheck_percent"] < 0.5
    assert 15.0 < health["temperature_degc"] < 45.0


def test_a_broker_outage_loses_nothing(unit: Unit) -> None:
    before = highest(unit)
    unit.broker.stop()
    assert unit.until(lambda: "connection lost" in unit.says("uplink"))
    # the meter measures on: eight seconds of readings that nobody hears
    kept = unit.stored()
    assert unit.until(lambda: unit.stored() >= kept + 8)
    assert unit.listener.tally().readings == len({(one["boot"], one["sequence"]) for one in unit.listener.readings})
    unit.broker.start()
    assert unit.until(lambda: highest(unit) >= before + 10 and nothing_missing(unit)), unit.logs()
    assert unit.listener.tally().boots == 1
    assert unit.until(lambda: committed(unit) >= before + 10), unit.logs()


def test_an_event_during_an_outage_arrives_afterwards(unit: Unit) -> None:
    unit.broker.stop()
    assert unit.until(lambda: "connection lost" in unit.says("uplink"))

    def voltage_events() -> list[Mapping[str, Any]]:
        return [one for one in unit.listener.events if one["kind"] == "voltage"]

    known = len(voltage_events())
    unit.panel.switch("lost-neutral")
    assert unit.until(lambda: "dip of" in unit.says("meter") or "swell of" in unit.says("meter")), unit.logs()
    unit.panel.switch("steady")
    unit.broker.start()
    assert unit.until(lambda: len(voltage_events()) > known), unit.logs()
    occurrence = voltage_events()[known]
    assert occurrence["boot"] == unit.listener.latest["boot"] if unit.listener.latest else False
    assert occurrence["sequence"] >= 1
    assert occurrence["start_utc"] is not None
    assert occurrence["event"]["kind"] in {"dip", "swell", "interruption"}


def test_a_killed_uplink_loses_nothing(unit: Unit) -> None:
    before, uplink = highest(unit), unit.box.firmware["uplink"]
    known = uplink.restarts
    uplink.kill()
    assert unit.until(lambda: uplink.restarts == known + 1)
    assert unit.until(lambda: highest(unit) >= before + 6 and nothing_missing(unit)), unit.logs()
    assert unit.listener.tally().boots == 1


def test_an_uplink_killed_during_an_outage_loses_nothing(unit: Unit) -> None:
    before, uplink = highest(unit), unit.box.firmware["uplink"]
    unit.broker.stop()
    kept = unit.stored()
    assert unit.until(lambda: unit.stored() >= kept + 3)
    uplink.kill()
    assert unit.until(lambda: uplink.pid is not None)
    unit.broker.start()
    assert unit.until(lambda: highest(unit) >= before + 6 and nothing_missing(unit)), unit.logs()


def test_a_cloud_killed_again_and_again_has_every_reading_once(unit: Unit) -> None:
    cloud = unit.cloud.process
    for _ in range(4):
        wanted = committed(unit) + 2
        cloud.kill()
        assert unit.until(lambda: committed(unit) >= wanted), unit.logs()  # noqa: B023 - judged before the next round
    with sqlite3.connect(unit.cloud.store) as store:
        (doubled,) = store.execute(
            "SELECT count(*) - count(DISTINCT serial || interval || boot || sequence) FROM reading"
        ).fetchone()
    store.close()
    assert doubled == 0


def test_what_a_killed_broker_had_acknowledged_comes_again(unit: Unit) -> None:
    """A broker keeps what it acknowledged in memory: with the cloud away and the broker killed, it is gone."""
    unit.watched.discard("cloud")
    unit.cloud.process.kill()
    known, sent = committed(unit), unit.listener.tally().readings
    assert unit.until(lambda: unit.listener.tally().readings >= sent + 5)
    unit.broker.process.kill()
    unit.broker.stop()
    unit.broker.start()
    unit.watched.add("cloud")
    unit.cloud.process.start()
    assert unit.until(lambda: committed(unit) >= known + 10), unit.logs()


def test_the_last_readings_of_a_meter_that_stopped_arrive_after_an_outage() -> None:
    with running("steady") as unit:
        assert unit.until(lambda: unit.received(3)() and unit.listener.latest is not None), unit.logs()
        unit.broker.stop()
        assert unit.until(lambda: "connection lost" in unit.says("uplink"))
        known = highest(unit)
        assert unit.until(lambda: unit.stored() >= known + 3)
        unit.watched.discard("meter")
        assert unit.box.firmware["meter"].stop() == 0
        stored = unit.stored()
        assert stored > known
        unit.broker.start()
        assert unit.until(lambda: unit.listener.tally().online is True, PATIENCE_S)
        assert unit.until(lambda: highest(unit) == stored), (highest(unit), stored, unit.logs())
