"""Readings out of windows: means that are right, and no window lost or counted twice whatever the clock does."""

from __future__ import annotations

import math
import random
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import WELL, measurement

from ampguard.clock import ClockQuality, Stamp
from ampguard.metering.aggregation import Aggregator
from ampguard.metering.mean import Terms
from ampguard.phases import LinePairs, PhaseOrder, Phases
from ampguard.readings import NO_ENERGY, Interval, Measurement, Quality, Reading

SPEED = settings(deadline=None, max_examples=60)
LENGTHS = {Interval.SECOND: 1.0, Interval.MINUTE: 60.0, Interval.MINUTES_10: 600.0}


def stamp(wall_s: float) -> Stamp:
    return Stamp(round(wall_s * 1e9), wall_s, f"utc {wall_s}", ClockQuality.SYNCHRONISED)


def gathered(interval: Interval, windows: list[tuple[float, Measurement]]) -> list[Reading]:
    aggregator = Aggregator(interval, "boot")
    readings = [
        reading
        for wall_s, window in windows
        for reading in aggregator.add(Terms.of(window), stamp(wall_s), NO_ENERGY, NO_ENERGY, WELL)
    ]
    last = aggregator.flush(NO_ENERGY, WELL)
    return readings if last is None else [*readings, last]


def one_reading(*windows: Measurement) -> Reading:
    (reading,) = gathered(Interval.MINUTES_10, [(1.0, window) for window in windows])
    return reading


@pytest.mark.parametrize("interval", list(LENGTHS))
def test_a_reading_ends_with_its_interval(interval: Interval) -> None:
    length = LENGTHS[interval]
    walls = [length * (index + 0.5) / 10 for index in range(25)]
    readings = gathered(interval, [(wall_s, measurement(length / 10)) for wall_s in walls])
    assert [reading.windows for reading in readings] == [10, 10, 5]
    assert [reading.duration_s for reading in readings] == pytest.approx([length, length, length / 2])
    assert [reading.end_utc for reading in readings] == [f"utc {walls[index]}" for index in (9, 19, 24)]


@pytest.mark.parametrize("late_s", [-0.001, 0.0, 0.001, 0.1, 0.149, 0.151, 0.199])
def test_a_second_is_told_with_its_last_window_and_not_with_the_next_one(late_s: float) -> None:
    chance, aggregator = random.Random(7), Aggregator(Interval.SECOND, "boot")
    told = 0
    for index in range(1, 501):
        wall_s = 0.2 * index + late_s + chance.uniform(-1e-4, 1e-4)
        made = aggregator.add(Terms.of(measurement()), stamp(wall_s), NO_ENERGY, NO_ENERGY, WELL)
        told += len(made)
        assert all(reading.monotonic_ns == round(wall_s * 1e9) for reading in made), "it ends with this window"
        assert all(reading.windows == 5 for reading in made) or index < 10
    assert told == pytest.approx(100, abs=1)


def test_150_cycles_are_fifteen_windows_whatever_the_clock_says() -> None:
    readings = gathered(Interval.CYCLES_150, [((index * 997) % 71, measurement()) for index in range(40)])
    assert [reading.windows for reading in readings] == [15, 15, 10]


@SPEED
@given(
    st.sampled_from(Interval),
    st.lists(st.floats(-1e6, 4e9) | st.floats(0.0, 5.0), max_size=80),
)
def test_no_window_is_lost_or_counted_twice_however_the_clock_steps(interval: Interval, walls: list[float]) -> None:
    readings = gathered(interval, [(wall_s, measurement(float(2**-3))) for wall_s in walls])
    assert sum(reading.windows for reading in readings) == len(walls)
    assert sum(reading.duration_s for reading in readings) == len(walls) / 8
    assert [reading.sequence for reading in readings] == list(range(1, len(readings) + 1))
    assert all(reading.windows for reading in readings)


@SPEED
@given(st.integers(1, 60), st.integers(0, 60), st.floats(-100.0, 100.0).filter(lambda step_s: abs(step_s) > 1.0))
def test_a_step_of_the_clock_splits_at_most_one_reading(before: int, after: int, step_s: float) -> None:
    walls = [0.1 + 0.2 * index for index in range(before)]
    walls += [walls[-1] + step_s + 0.2 * (index + 1) for index in range(after)]
    readings = gathered(Interval.SECOND, [(wall_s, measurement()) for wall_s in walls])
    assert sum(reading.windows for reading in readings) == before + after
    assert len(readings) <= before / 5 + after / 5 + 4


def test_a_quarter_of_an_hour_takes_no_more_memory_than_a_minute() -> None:
    aggregator = Aggregator(Interval.MINUTES_15, "boot")

    def gather(first: int, last: int) -> None:
        for index in range(first, last):
            harmonics = tuple(float(index + order) for order in range(50))
            window = measurement(voltage_harmonics_percent=Phases(harmonics, None, None))
            assert aggregator.add(Terms.of(window), stamp(1.0 + 0.2 * index), NO_ENERGY, NO_ENERGY, WELL) == []

    gather(0, 300)
    tracemalloc.start()
    try:
        gather(300, 2300)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()


def test_a_clock_that_stands_still_gathers_on() -> None:
    assert [reading.windows for reading in gathered(Interval.SECOND, [(5.5, measurement())] * 50)] == [50]


@SPEED
@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(-1e5, 1e5)), min_size=1, max_size=20))
def test_powers_are_means_weighted_by_time(parts: list[tuple[float, float]]) -> None:
    reading = one_reading(
        *(
            measurement(
                duration_s,
                active_power_w=Phases(power, None, -power),
                reactive_power_var=Phases(power, None, -power),
                total_active_power_w=power,
                frequency_hz=abs(power),
            )
            for duration_s, power in parts
        )
    )
    whole = sum(duration_s for duration_s, _ in parts)
    wanted = pytest.approx(sum(duration_s * power for duration_s, power in parts) / whole, abs=1e-6)
    assert reading.active_power_w.l1 == wanted
    assert reading.reactive_power_var.l1 == wanted
    assert reading.total_active_power_w == wanted
    assert reading.active_power_w.l2 is None
    assert -(reading.active_power_w.l3 or 0.0) == wanted
    assert reading.frequency_hz == pytest.approx(sum(d * abs(p) for d, p in parts) / whole, abs=1e-6)


@SPEED
@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(0.0, 1e4)), min_size=1, max_size=20))
def test_rms_values_are_means_of_squares(parts: list[tuple[float, float]]) -> None:
    reading = one_reading(
        *(
            measurement(
                duration_s,
                voltage_rms_v=Phases(value, None, None),
                current_rms_a=Phases(None, value, None),
                line_voltage_rms_v=LinePairs(None, None, value),
                neutral_current_rms_a=value,
            )
            for duration_s, value in parts
        )
    )
    whole = sum(duration_s for duration_s, _ in parts)
    wanted = pytest.approx(math.sqrt(sum(d * value**2 for d, value in parts) / whole), abs=1e-9)
    assert reading.voltage_rms_v == Phases(wanted, None, None)
    assert reading.current_rms_a == Phases(None, wanted, None)
    assert reading.line_voltage_rms_v == LinePairs(None, None, wanted)
    assert reading.neutral_current_rms_a == wanted


def test_an_absent_value_takes_no_part_and_is_never_zero() -> None:
    present = measurement(0.2, voltage_rms_v=Phases(230.0, None, 230.0), total_active_power_w=100.0)
    reading = one_reading(measurement(5.0), present, measurement(5.0))
    assert reading.voltage_rms_v == Phases(pytest.approx(230.0), None, pytest.approx(230.0))
    assert reading.total_active_power_w == 100.0
    assert (reading.current_rms_a, reading.frequency_hz) == (Phases(None, None, None), None)
    assert reading.duration_s == pytest.approx(10.2)


@SPEED
@given(st.floats(-179.999, 180.0), st.lists(st.floats(-60.0, 60.0), min_size=1, max_size=8))
def test_angles_are_averaged_across_the_seam(centre: float, around: list[float]) -> None:
    spread = [*around, *(-one for one in around)]
    angles = [(centre + one + 180.0) % 360.0 - 180.0 for one in spread]
    reading = one_reading(
        *(
            measurement(voltage_angle_deg=Phases(angle, None, None), current_angle_deg=Phases(None, None, angle))
            for angle in angles
        )
    )
    for found in (reading.voltage_angle_deg.l1, reading.current_angle_deg.l3):
        assert found is not None
        assert -180.0 < found <= 180.0
        assert (found - centre + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-6)


@SPEED
@given(st.lists(st.floats(-180.0, 180.0, exclude_min=True), min_size=1, max_size=6))
def test_a_mean_angle_lies_in_the_range_of_angles(angles: list[float]) -> None:
    found = one_reading(*(measurement(voltage_angle_deg=Phases(angle, None, None)) for angle in angles))
    assert found.voltage_angle_deg.l1 is None or -180.0 < found.voltage_angle_deg.l1 <= 180.0


def test_two_angles_at_the_seam_do_not_leave_the_range() -> None:
    below = math.nextafter(-180.0, 0.0)
    for angles in ((180.0, below), (below, below), (180.0, 180.0)):
        reading = one_reading(*(measurement(voltage_angle_deg=Phases(angle, None, None)) for angle in angles))
        found = reading.voltage_angle_deg.l1
        assert found is not None
        assert -180.0 < found <= 180.0
        assert abs(found) == pytest.approx(180.0)


@pytest.mark.parametrize(
    ("orders", "agreed"),
    [
        ([PhaseOrder.L1_L2_L3, PhaseOrder.L1_L2_L3], PhaseOrder.L1_L2_L3),
        ([None, PhaseOrder.L3_L2_L1, None], PhaseOrder.L3_L2_L1),
        ([PhaseOrder.L1_L2_L3, PhaseOrder.L3_L2_L1], None),
        ([PhaseOrder.L1_L2_L3] * 9 + [PhaseOrder.L3_L2_L1], None),
        ([None, None], None),
    ],
)
def test_an_order_is_said_when_all_that_know_it_agree(orders: list[PhaseOrder | None], agreed: PhaseOrder) -> None:
    reading = one_reading(*(measurement(voltage_order=order, current_order=order) for order in orders))
    assert (reading.voltage_order, reading.current_order) == (agreed, agreed)


def test_a_power_factor_is_mean_power_over_mean_apparent_power() -> None:
    parts = ((1.0, 100.0, 100.0), (3.0, -500.0, 1000.0))
    reading = one_reading(
        *(
            measurement(
                duration_s,
                active_power_w=Phases(power, power, None),
                apparent_power_va=Phases(apparent, apparent, None),
                power_factor_ratio=Phases(power / apparent, None, None),
                total_active_power_w=power,
                total_apparent_power_va=apparent,
            )
            for duration_s, power, apparent in parts
        )
    )
    assert reading.power_factor_ratio == Phases(pytest.approx(-350.0 / 775.0), None, None)
    assert reading.total_power_factor_ratio == pytest.approx(-350.0 / 775.0)


def test_no_apparent_power_gives_no_power_factor() -> None:
    window = measurement(total_active_power_w=0.0, total_apparent_power_va=0.0)
    assert one_reading(window).total_power_factor_ratio is None


def test_every_flag_of_a_window_is_a_flag_of_its_reading() -> None:
    windows = [replace(measurement(), quality=frozenset({flag})) for flag in (Quality.CLIPPED, Quality.OVERRUN)]
    assert one_reading(*windows, measurement()).quality == {Quality.CLIPPED, Quality.OVERRUN}


def test_nothing_gathered_is_no_reading() -> None:
    aggregator = Aggregator(Interval.SECOND, "boot")
    assert aggregator.flush(NO_ENERGY, WELL) is None
    aggregator.add(Terms.of(measurement()), stamp(1.0), NO_ENERGY, NO_ENERGY, WELL)
    assert aggregator.flush(NO_ENERGY, WELL) is not None
    assert aggregator.flush(NO_ENERGY, WELL) is None
