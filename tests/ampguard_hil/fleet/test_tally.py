"""Counts add up, and a percentile is a value that was met."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_hil.fleet.tally import Latency, Tally


def test_tallies_of_two_processes_are_one() -> None:
    one = Tally(units=2, made=5, acknowledged=3, refused=1, acknowledged_after_s=array("d", [0.1, 0.2]))
    other = Tally(units=1, made=2, acknowledged=2, failures=Counter({"no route": 4}), processor_s=1.5)
    whole = Tally()
    whole.add(one)
    whole.add(other)
    assert (whole.units, whole.made, whole.acknowledged, whole.refused, whole.outstanding) == (3, 7, 5, 1, 1)
    assert (list(whole.acknowledged_after_s), whole.failures, whole.processor_s) == ([0.1, 0.2], {"no route": 4}, 1.5)
    assert (one.made, other.made) == (5, 2)


def test_what_is_said_on_the_way_has_the_counts_and_not_the_latencies() -> None:
    whole = Tally(units=2, made=5, acknowledged=3, acknowledged_after_s=array("d", [0.1]))
    brief = whole.brief()
    assert (brief.units, brief.made, brief.acknowledged, len(brief.acknowledged_after_s)) == (2, 5, 3, 0)
    assert len(whole.acknowledged_after_s) == 1


def test_of_nothing_there_is_no_latency() -> None:
    assert str(Latency.of(array("d"))) == "none"


def test_percentiles_are_of_the_nearest_rank() -> None:
    found = Latency.of(array("d", [0.001 * number for number in range(200, 0, -1)]))
    assert (found.count, found.p50_s, found.max_s) == (200, 0.1, 0.2)
    assert found.p99_s == pytest.approx(0.198)
    assert str(found) == "p50 100.00 ms, p99 198.00 ms, max 200.0 ms"


@given(st.lists(st.floats(0.0, 100.0), min_size=1))
def test_a_percentile_was_met_and_no_more_than_its_share_are_later(seconds: list[float]) -> None:
    found = Latency.of(array("d", seconds))
    assert found.p50_s is not None
    assert found.p99_s in seconds
    assert found.p50_s in seconds
    assert sum(one > found.p50_s for one in seconds) <= len(seconds) / 2
