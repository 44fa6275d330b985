"""The points of a chart: what a plain look at all readings says, no gap bridged and no peak lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.journal.moments import LENGTH_S, Part
from ampguard.readings import Interval, Json
from ampguard.web.history import MOST_POINTS, Grid, Quantity, chart, grid, suited

BEGIN_S = 1_790_000_100.0
SHAPE = Grid(Interval.MINUTE, 300.0, int(BEGIN_S // 300.0), 20)
moments = st.none() | st.integers(-10, 120).map(lambda minute: BEGIN_S + 60.0 * minute)
readings = st.tuples(moments, st.none() | st.floats(0.0, 100.0), st.sampled_from((60.0, 30.0)))


def part(*found: tuple[float | None, float | None, float]) -> Part:
    columns: dict[str, Sequence[Json]] = {
        "current_rms_a.l1": [value for _, value, _ in found],
        "frequency_hz": [value for _, value, _ in found],
        "energy.total_import_wh": [value for _, value, _ in found],
        "duration_s": [duration_s for _, _, duration_s in found],
        "boot": ["boot"] * len(found),
    }
    return Part(len(found), [end_s for end_s, _, _ in found], columns)


def near(one: float | None, other: float | None) -> bool:
    return one is other is None or (
        one is not None and other is not None and math.isclose(one, other, rel_tol=1e-6, abs_tol=6e-5)
    )


@given(st.lists(st.lists(readings, min_size=1, max_size=8), max_size=20))
def test_each_point_says_lowest_mean_and_highest_of_its_readings(
    blocks: list[list[tuple[float | None, float | None, float]]],
) -> None:
    currents = chart([part(*block) for block in blocks], SHAPE, Quantity.CURRENT).lines["l1"]
    frequencies = chart([part(*block) for block in blocks], SHAPE, Quantity.FREQUENCY).lines["total"]
    for place in range(SHAPE.count):
        inside = [
            (value, duration_s)
            for block in blocks
            for end_s, value, duration_s in block
            if end_s is not None and value is not None and int(end_s // 300.0) - SHAPE.first == place
        ]
        values = [value for value, _ in inside]
        total_s = sum(duration_s for _, duration_s in inside)
        mean = sum(value * duration_s for value, duration_s in inside) / total_s if inside else None
        square = sum(value**2 * duration_s for value, duration_s in inside) / total_s if inside else None
        assert near(frequencies.values[place], mean)
        assert near(currents.values[place], None if square is None else math.sqrt(square))
        assert currents.least[place] == min(values, default=None)
        assert currents.most[place] == max(values, default=None)


def test_a_gap_stays_a_gap() -> None:
    line = chart([part((BEGIN_S, 1.0, 60.0), (BEGIN_S + 1500.0, 2.0, 60.0))], SHAPE, Quantity.CURRENT).lines["l1"]
    assert line.values[:7] == [1.0, None, None, None, None, 2.0, None]


def test_readings_without_a_date_are_counted_where_they_lie_beside_one_that_is_shown() -> None:
    inside, outside, undated = (BEGIN_S, 1.0, 60.0), (BEGIN_S - 9e5, 1.0, 60.0), (None, 1.0, 60.0)
    assert chart([part(outside, undated, outside)], SHAPE, Quantity.CURRENT).undated == 0
    assert chart([part(outside, undated), part(undated, inside)], SHAPE, Quantity.CURRENT).undated == 2
    assert chart([part(inside, undated), part(outside, undated)], SHAPE, Quantity.CURRENT).undated == 1
    assert chart([part(undated, undated)], SHAPE, Quantity.CURRENT).undated == 2


def test_damaged_readings_are_counted_and_the_others_shown() -> None:
    found = chart([part((BEGIN_S, 1.0, 60.0)), Part(5, (), {})], SHAPE, Quantity.CURRENT)
    assert (found.damaged, found.lines["l1"].values[0]) == (5, 1.0)


def counted(*stands: tuple[float, float, str]) -> list[float | None]:
    one = part(*((BEGIN_S + minute * 60.0, wh, 60.0) for minute, wh, _ in stands))
    named = replace(one, columns={**one.columns, "boot": [boot for _, _, boot in stands]})
    return chart([named], SHAPE, Quantity.ENERGY).lines["import"].values[:4]


def test_energy_of_a_point_is_what_its_readings_added() -> None:
    assert counted((-1, 10.0, "a"), (0, 11.0, "a"), (1, 13.0, "a"), (5, 13.0, "a"), (6, 14.5, "a")) == [
        3.0,
        1.5,
        None,
        None,
    ]


def test_energy_of_lost_readings_is_put_nowhere_but_a_restart_loses_nothing() -> None:
    assert counted((0, 10.0, "a"), (6, 19.0, "a"))[:2] == [None, None]
    assert counted((0, 10.0, "a"), (6, 10.4, "b"))[:2] == [None, 0.4]


def test_a_counter_that_was_set_back_counts_nothing_below_zero() -> None:
    assert counted((0, 10.0, "a"), (1, 2.0, "a"), (2, 2.5, "a"))[0] == 0.5


DAY_S = 86400.0
FULL = {
    Interval.SECOND: (-7.0 * DAY_S, 0.0),
    Interval.MINUTE: (-400.0 * DAY_S, 0.0),
    Interval.MINUTES_10: (-400.0 * DAY_S, 0.0),
    Interval.MINUTES_15: (-400.0 * DAY_S, 0.0),
}


@pytest.mark.parametrize(
    ("span_s", "interval"),
    [
        (3600.0, Interval.SECOND),
        (DAY_S, Interval.MINUTE),
        (3.0 * DAY_S, Interval.MINUTES_10),
        (7.0 * DAY_S, Interval.MINUTES_15),
        (400.0 * DAY_S, Interval.MINUTES_15),
    ],
)
def test_the_longest_interval_with_enough_readings_is_taken(span_s: float, interval: Interval) -> None:
    assert suited(-span_s, 0.0, FULL) is interval


def test_an_hour_whose_seconds_have_gone_is_shown_in_minutes_where_there_are_any() -> None:
    assert suited(-30.0 * DAY_S, -30.0 * DAY_S + 3600.0, FULL) is Interval.MINUTE


def test_a_young_unit_shows_what_it_has_in_thirteen_months_too() -> None:
    young = {Interval.SECOND: (-600.0, 0.0), Interval.MINUTE: (-540.0, 0.0)}
    assert suited(-400.0 * DAY_S, 0.0, young) is Interval.SECOND
    assert suited(-3600.0, 0.0, {}) is Interval.SECOND


@given(
    st.sampled_from(sorted(LENGTH_S)),
    st.floats(1e9, 2e9),
    st.floats(1.0, 400.0 * DAY_S),
    st.sampled_from((0.0, 1.0, 7.0, 3600.0)),
)
def test_a_grid_covers_its_span_with_few_points_of_whole_readings(
    interval: Interval, from_s: float, span_s: float, step_s: float
) -> None:
    shape = grid(interval, from_s, from_s + span_s, step_s)
    assert shape.from_s <= from_s <= from_s + span_s <= shape.to_s
    assert shape.count <= MOST_POINTS + 2
    assert shape.step_s >= step_s
    assert shape.step_s % LENGTH_S[interval] == 0.0
