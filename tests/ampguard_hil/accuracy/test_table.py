"""A verdict counts the error and what it is uncertain by, and names function and point."""

from __future__ import annotations

import pytest
from tests.ampguard_hil.accuracy.judged import reading

from ampguard_hil.accuracy.limits import Kind
from ampguard_hil.accuracy.points import Point, at_reference, influenced
from ampguard_hil.accuracy.run import Result, good, results
from ampguard_hil.accuracy.table import influence_misses, misses, reached
from ampguard_hil.instruments.protocols import Function
from ampguard_hil.instruments.truth import LABORATORY, truth

POINT = at_reference(63.0, 0.5, Kind.UNITY)


def found(point: Point, **gain: float) -> list[Result]:
    said = [reading(point, number, **gain) for number in range(1, 5)]
    return list(results(point, truth(point.state, LABORATORY), said))


def classes(judged: list[Result]) -> dict[Function, float | None]:
    return {one.function: one.class_number for one in reached(judged)}


def test_a_box_that_is_right_reaches_the_best_class_that_the_reference_can_tell() -> None:
    judged = found(POINT)
    assert misses(judged) == []
    assert classes(judged)[Function.VOLTAGE] == 0.1
    assert classes(judged)[Function.ACTIVE_POWER] == 0.2


def test_a_gain_that_is_off_costs_the_class_and_is_named_with_its_point() -> None:
    judged = found(POINT, current_rms_a=1.003)
    assert classes(judged)[Function.CURRENT] == 0.5
    sentences = misses(judged)
    assert len(sentences) == 3
    assert sentences[0].startswith("I L1 at 50 % In, PF 1: wanted 31.5, met 31.5945, error +0.3000 % of reading")
    assert sentences[0].endswith("class 0.2 allows 0.2 % of reading")


@pytest.mark.parametrize(("gain", "wanted"), [(1.00175, 0.2), (1.00185, 0.5)])
def test_what_the_reference_is_uncertain_by_counts_against_the_box(gain: float, wanted: float) -> None:
    assert classes(found(POINT, current_rms_a=gain))[Function.CURRENT] == wanted


def test_a_value_that_is_absent_is_in_no_class() -> None:
    said = [reading(POINT, number) for number in range(1, 5)]
    said[2]["voltage_rms_v"]["l2"] = None
    judged = list(results(POINT, truth(POINT.state, LABORATORY), said))
    assert classes(judged)[Function.VOLTAGE] is None
    assert "U L2 at 50 % In, PF 1: wanted 230, met nothing" in misses(judged)[0]


def test_readings_that_scatter_make_the_verdict_uncertain() -> None:
    said = [reading(POINT, number, current_rms_a=1.0 + 0.002 * (-1) ** number) for number in range(1, 5)]
    judged = list(results(POINT, truth(POINT.state, LABORATORY), said))
    current = next(one for one in judged if one.spot.function is Function.CURRENT)
    assert current.error == pytest.approx(0.0, abs=1e-6)
    assert current.uncertainty == pytest.approx(0.232, abs=0.005)
    assert classes(judged)[Function.CURRENT] == 0.5


def test_energy_is_what_was_counted_between_first_and_last() -> None:
    energy = [one for one in found(POINT) if one.spot.function is Function.ENERGY]
    assert [one.met for one in energy] == [pytest.approx(31.5 * 230.0 * 3.0 / 3600.0)] * 3
    said = [reading(POINT, number) for number in range(1, 5)]
    said[-1]["energy"]["import_wh"]["l3"] *= 1.01
    wrong = misses(list(results(POINT, truth(POINT.state, LABORATORY), said)))
    assert [sentence.partition(":")[0] for sentence in wrong] == ["Ea L3 at 50 % In, PF 1"]


def test_energy_is_not_judged_where_a_reading_is_missing_between() -> None:
    said = [reading(POINT, number) for number in (1, 2, 4, 5)]
    judged = results(POINT, truth(POINT.state, LABORATORY), said)
    assert Function.ENERGY not in {one.spot.function for one in judged}


def test_energy_is_not_judged_where_too_little_was_counted_to_tell() -> None:
    little = at_reference(63.0, 0.1, Kind.UNITY)
    counted = {
        count: {one.spot.function for one in results(little, truth(little.state, LABORATORY), said)}
        for count in (2, 4)
        if (said := [reading(little, number) for number in range(1, count + 1)])
    }
    assert Function.ENERGY not in counted[2]
    assert Function.ENERGY in counted[4]


def test_an_influence_is_judged_by_how_the_error_changes() -> None:
    moved = next(point for point in influenced(63.0) if point.influence == "49 Hz")
    base = found(POINT, active_power_w=1.0015)
    assert list(influence_misses([*base, *found(moved, active_power_w=1.0017)])) == []
    sentences = list(influence_misses([*base, *found(moved, active_power_w=1.0030)]))
    assert len(sentences) == 3
    assert "P L1 at 50 % In, PF 1, 49 Hz: the error changes by +0.1500 % of reading" in sentences[0]


def test_a_reading_with_lost_samples_is_not_judged() -> None:
    said = [reading(POINT, number) for number in range(1, 5)]
    said[1]["quality"] = ["overrun", "short_window"]
    assert [one["sequence"] for one in good(said)] == [1, 3, 4]
