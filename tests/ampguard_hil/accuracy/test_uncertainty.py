"""A budget adds in quadrature what GUM says, and a phase costs power what the tangent says."""

from __future__ import annotations

import math

import pytest

from ampguard_hil.accuracy.limits import Kind
from ampguard_hil.accuracy.model import CLAMP_CLASSES, of_clamps, of_temperature
from ampguard_hil.accuracy.points import at_reference, by_temperature
from ampguard_hil.accuracy.run import Result
from ampguard_hil.accuracy.uncertainty import Budget, budget
from ampguard_hil.instruments.protocols import Function, Spot


def at(kind: Kind, function: Function, ratio: float = 1.0) -> Result:
    point = at_reference(63.0, ratio, kind)
    return Result(point, Spot(function, "l1"), 1.0, 1.0, 0.0, uncertainty=0.05, scatter=0.02, reference=0.03)


def part(found: Budget, name: str) -> float:
    return next(each.standard_percent for each in found.contributions if each.name == name)


def test_parts_have_their_divisor_and_their_sensitivity() -> None:
    found = budget(at(Kind.HALF, Function.ACTIVE_POWER), readings=4)
    assert part(found, "reference") == pytest.approx(0.015)
    assert part(found, "noise of the chip") == pytest.approx(0.01)
    # class 1: 1.5 % at 20 % In, where it was calibrated, 1.0 % at In; 90 and 60 minutes
    assert part(found, "ratio of the clamp") == pytest.approx(0.5 / math.sqrt(3.0))
    assert part(found, "phase of the clamp") == pytest.approx(0.5 * 1.7453 * math.sqrt(3.0) / math.sqrt(3.0), rel=1e-3)
    assert part(found, "temperature: burden") == pytest.approx(32.0 * 0.0025 / math.sqrt(3.0))


def test_what_is_left_of_a_result_s_own_uncertainty_is_its_resolution() -> None:
    found = budget(at(Kind.UNITY, Function.VOLTAGE), readings=4)
    own = [part(found, name) for name in ("reference", "noise of the chip", "resolution of a reading")]
    assert 2.0 * math.hypot(*own) == pytest.approx(0.05)


def test_the_whole_is_their_root_of_squares_twice() -> None:
    found = budget(at(Kind.UNITY, Function.CURRENT), readings=4)
    assert found.expanded_percent == pytest.approx(
        2.0 * math.hypot(*(each.standard_percent for each in found.contributions))
    )
    assert part(budget(at(Kind.UNITY, Function.ACTIVE_POWER), 4), "phase of the clamp") == 0.0
    assert not any("clamp" in each.name for each in budget(at(Kind.UNITY, Function.VOLTAGE), 4).contributions)


@pytest.mark.parametrize(
    ("ratio", "gain", "lead"),
    [(0.05, 0.985, 1.5), (0.2, 1.0, 0.0), (1.0, 1.005, -0.5), (0.01, 0.985, 1.5), (9.0, 1.005, -0.5)],
)
def test_a_clamp_is_at_the_end_of_its_class_but_for_its_calibration(ratio: float, gain: float, lead: float) -> None:
    assert CLAMP_CLASSES["1"].left(ratio) == pytest.approx((gain, lead))


def test_a_clamp_changes_the_currents_and_a_temperature_all_inputs() -> None:
    by = of_clamps(at_reference(63.0, 0.05, Kind.UNITY))
    assert by.gain_ratio == pytest.approx((0.985, 1.0) * 3 + (0.985,))
    assert by.lead_deg[1] == 0.0
    cold, hot = (of_temperature(point) for point in by_temperature(63.0))
    assert cold.gain_ratio == pytest.approx((1.0 - 28.0 * 32e-6,) * 7)
    assert hot.gain_ratio == pytest.approx((1.0 + 32.0 * 32e-6,) * 7)
    assert of_temperature(at_reference(63.0, 0.05, Kind.UNITY)).gain_ratio == (1.0,) * 7
