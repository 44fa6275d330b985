"""Fuses and breakers: inside the bands of their standards, on the quick side."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.breaker import CURVES, Budget
from ampguard.settings.grid import Device

DEVICES = list(Device)


@pytest.mark.parametrize("device", DEVICES)
def test_the_conventional_currents_hold(device: Device) -> None:
    """It bears the one for ever, and the other not as long as the standard says at most."""
    curve = CURVES[device]
    assert Budget(device, 25.0).holds_s(curve.bears_ratio * 25.0) == math.inf
    assert Budget(device, 25.0).holds_s(curve.trips_ratio * 25.0) < curve.within_s


@pytest.mark.parametrize("device", [Device.MCB_B, Device.MCB_C])
def test_a_breaker_trips_at_2_55_times_its_rating_within_a_minute(device: Device) -> None:
    """IEC 60898-1: 1 to 60 s, from cold; ours is as warm as its rating makes it."""
    assert 1.0 < Budget(device, 25.0).holds_s(2.55 * 25.0) < 60.0


@pytest.mark.parametrize(("device", "ratio"), [(Device.MCB_B, 3.0), (Device.MCB_C, 5.0), (Device.FUSE_GG, 9.0)])
def test_a_large_current_is_borne_no_time_at_all(device: Device, ratio: float) -> None:
    assert Budget(device, 25.0).holds_s(ratio * 25.0) == 0.0
    assert Budget(device, 25.0).holds_s((ratio - 0.1) * 25.0) > 0.0


def test_its_rating_uses_nothing_up() -> None:
    budget = Budget(Device.MCB_B, 25.0)
    for _ in range(1000):
        budget.heat(25.0, 1.0)
    assert budget.used_ratio == pytest.approx(0.0, abs=1e-9)


@given(st.floats(1.2, 2.9), st.sampled_from([0.2, 0.5, 1.0]))
def test_what_is_foretold_comes_true(ratio: float, step_s: float) -> None:
    """In steps of any size."""
    budget = Budget(Device.MCB_B, 25.0)
    holds_s, lasted_s = budget.holds_s(ratio * 25.0), 0.0
    while budget.used_ratio < 1.0:
        assert budget.used_after_ratio(ratio * 25.0, step_s) >= budget.used_ratio
        budget.heat(ratio * 25.0, step_s)
        lasted_s += step_s
    assert lasted_s == pytest.approx(holds_s, abs=step_s)


def test_what_nobody_measured_is_taken_for_the_rating() -> None:
    budget = Budget(Device.MCB_B, 25.0)
    for _ in range(20):
        budget.heat(40.0, 1.0)
    used = budget.used_ratio
    budget.heat(25.0, 100.0)
    assert 0.0 < budget.used_ratio < used
