"""The tables of limits, at points that people know by heart."""

from __future__ import annotations

import pytest

from ampguard_hil.accuracy.limits import CLASSES, Conditions, Kind, limit, source
from ampguard_hil.accuracy.points import CURVES, at_reference, influenced, intrinsic
from ampguard_hil.instruments.protocols import Function


@pytest.mark.parametrize(
    ("function", "class_number", "ratio", "kind", "wanted"),
    [
        (Function.CURRENT, 0.2, 0.10, Kind.UNITY, 0.2),
        (Function.CURRENT, 0.2, 0.05, Kind.UNITY, None),
        (Function.CURRENT, 1.0, 1.20, Kind.HALF, 1.0),
        (Function.CURRENT, 1.0, 1.30, Kind.UNITY, None),
        (Function.VOLTAGE, 0.5, 0.01, Kind.UNITY, 0.5),
        (Function.ACTIVE_POWER, 0.2, 0.01, Kind.UNITY, 0.4),
        (Function.ACTIVE_POWER, 0.2, 0.05, Kind.UNITY, 0.2),
        (Function.ACTIVE_POWER, 0.5, 0.02, Kind.HALF, 1.0),
        (Function.ACTIVE_POWER, 0.5, 0.10, Kind.LEADING, 0.6),
        (Function.ACTIVE_POWER, 1.0, 0.01, Kind.UNITY, None),
        (Function.ACTIVE_POWER, 1.0, 0.02, Kind.UNITY, 1.5),
        (Function.ACTIVE_POWER, 2.0, 0.05, Kind.HALF, 2.5),
        (Function.ACTIVE_POWER, 2.0, 0.10, Kind.HALF, 2.0),
        (Function.ACTIVE_POWER, 0.2, 1.00, Kind.REACTIVE, None),
        (Function.REACTIVE_POWER, 1.0, 0.05, Kind.HALF_SINE, 1.5),
        (Function.REACTIVE_POWER, 1.0, 1.00, Kind.REACTIVE, 1.0),
        (Function.FREQUENCY, 0.02, 0.01, Kind.UNITY, 0.02),
    ],
)
def test_a_limit_is_that_of_its_row(
    function: Function, class_number: float, ratio: float, kind: Kind, wanted: float | None
) -> None:
    assert limit(function, class_number, Conditions(ratio, kind), 1.0) == (
        None if wanted is None else pytest.approx(wanted)
    )


def test_a_thd_is_judged_by_its_reading_or_by_a_floor() -> None:
    at = Conditions(0.5, Kind.UNITY)
    assert limit(Function.VOLTAGE_THD, 1.0, at, 10.0) == pytest.approx(0.5)
    assert limit(Function.VOLTAGE_THD, 1.0, at, 0.0) == 0.05


def test_every_limit_says_where_it_is_from() -> None:
    for point in intrinsic(63.0):
        for function, classes in CLASSES.items():
            for class_number in classes:
                has_one = limit(function, class_number, point.conditions, 1.0) is not None
                assert bool(source(function, class_number, point.conditions)) is has_one


def test_a_point_is_what_its_name_says() -> None:
    point = at_reference(63.0, 0.1, Kind.HALF)
    assert str(point) == "10 % In, PF 0.5 inductive"
    assert [load.current_a for load in point.state.loads] == [pytest.approx(6.3)] * 3
    assert point.state.loads[0].lag_deg == 60.0


def test_every_influence_is_compared_with_a_point_that_is_measured() -> None:
    measured = {point.name for point in intrinsic(100.0)}
    assert {point.compared_with for point in influenced(100.0)} <= measured
    assert len(measured) == sum(len(ratios) for _, ratios in CURVES)
