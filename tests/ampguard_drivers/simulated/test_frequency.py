"""Line period and angles (section 9)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import MS, Rig, Sines

PERIODS = (0x418, 0x419, 0x41A, 0x41B)
VA_VB, VB_VC, VA_VC, VA_IA, VB_IB, VC_IC, IA_IB, IB_IC, IA_IC = range(0x482, 0x48B)
RESOLUTION_HZ = 0.001
"""11: of the line period."""
ACCMODE, SIXTY = 0x492, 0x100


def settled(pins: Sines, *, sixty_hz: bool = False) -> Rig:
    rig = Rig(pins)
    rig.write(ACCMODE, SIXTY if sixty_hz else 0)
    rig.run()
    return rig


def measured_hz(rig: Rig, address: int) -> float:
    """9: f = 8000 * 65536 / (P + 1)."""
    return 8000.0 * 65536.0 / (rig.read(address) + 1)


def degrees(rig: Rig, address: int, hz: float) -> float:
    """9: a clock of 1.024 MHz."""
    return rig.read(address) * 360.0 * hz / 1.024e6


def near(angle: float, expected: float) -> bool:
    return abs((angle - expected + 180.0) % 360.0 - 180.0) < 0.2


@pytest.mark.parametrize("hz", [45.0, 47.5, 49.0, 49.95, 50.0, 50.05, 51.5, 55.0, 58.8, 60.0, 60.02, 62.5, 65.0])
@pytest.mark.parametrize("sixty_hz", [False, True])
def test_9_the_line_period_is_right_to_a_millihertz(hz: float, *, sixty_hz: bool) -> None:
    rig = settled(Sines(hz), sixty_hz=sixty_hz)
    for address in PERIODS:
        assert measured_hz(rig, address) == pytest.approx(hz, abs=RESOLUTION_HZ)


@given(hz=st.floats(45.0, 65.0), angle=st.floats(0.0, 360.0))
@settings(max_examples=25, deadline=None)
def test_9_the_line_period_does_not_depend_on_the_phase(hz: float, angle: float) -> None:
    rig = settled(Sines(hz, voltage_degrees=(angle, angle - 120.0, angle + 120.0)))
    assert measured_hz(rig, 0x418) == pytest.approx(hz, abs=RESOLUTION_HZ)


@pytest.mark.parametrize(("hz", "period"), [(50.0, 0x00A00000), (60.0, 0x00855554)])
def test_9_nominal_frequencies_have_the_printed_periods(hz: float, period: int) -> None:
    rig = settled(Sines(hz), sixty_hz=hz > 55.0)
    for address in PERIODS:
        assert rig.read(address) == pytest.approx(period, abs=period * RESOLUTION_HZ / hz)


@pytest.mark.parametrize("hz", [30.0, 38.0, 72.0, 80.0])
@pytest.mark.parametrize(("sixty_hz", "period"), [(False, 0x00A00000), (True, 0x00855554)])
def test_9_outside_40_to_70_hz_the_period_is_the_nominal_one(hz: float, period: int, *, sixty_hz: bool) -> None:
    rig = settled(Sines(hz), sixty_hz=sixty_hz)
    for address in PERIODS[:3]:
        assert rig.read(address) == pytest.approx(period, abs=1)


@pytest.mark.parametrize(("sixty_hz", "period"), [(False, 0x00A00000), (True, 0x00855554)])
def test_9_without_zero_crossings_the_period_is_the_nominal_one(period: int, *, sixty_hz: bool) -> None:
    rig = settled(Sines(voltages=(0.0, 0.0, 0.0)), sixty_hz=sixty_hz)
    for address in PERIODS:
        assert rig.read(address) == pytest.approx(period, abs=1)


def test_9_each_phase_has_a_period_of_its_own() -> None:
    rig = settled(Sines(48.0, voltages=(0.5, 0.0, 0.5)))
    assert measured_hz(rig, 0x418) == pytest.approx(48.0, abs=RESOLUTION_HZ)
    assert measured_hz(rig, 0x419) == pytest.approx(50.0, abs=RESOLUTION_HZ)
    assert measured_hz(rig, 0x41A) == pytest.approx(48.0, abs=RESOLUTION_HZ)


def test_9_the_period_follows_the_line() -> None:
    pins = Sines(50.0)
    rig = settled(pins)
    pins.hz = 49.0
    rig.wait(1_500 * MS)
    assert measured_hz(rig, 0x418) == pytest.approx(49.0, abs=RESOLUTION_HZ)


@pytest.mark.parametrize("hz", [45.0, 50.0, 52.5, 60.0, 65.0])
def test_9_positive_sequence_is_120_120_240(hz: float) -> None:
    rig = settled(Sines(hz))
    assert [round(degrees(rig, address, hz)) for address in (VA_VB, VB_VC, VA_VC)] == [120, 120, 240]
    assert [round(degrees(rig, address, hz)) for address in (IA_IB, IB_IC, IA_IC)] == [120, 120, 240]


@pytest.mark.parametrize("hz", [45.0, 50.0, 52.5, 60.0, 65.0])
def test_9_negative_sequence_is_240_240_120(hz: float) -> None:
    rig = settled(Sines(hz, voltage_degrees=(0.0, 120.0, -120.0)))
    assert [round(degrees(rig, address, hz)) for address in (VA_VB, VB_VC, VA_VC)] == [240, 240, 120]


def test_9_angles_at_50_hz_have_the_printed_codes() -> None:
    rig = settled(Sines(50.0))
    assert rig.read(VA_VB) == pytest.approx(6827, abs=6)
    assert rig.read(VA_VC) == pytest.approx(13653, abs=6)


@pytest.mark.parametrize("hz", [45.0, 50.0, 60.0, 65.0])
@pytest.mark.parametrize("lag", [10.0, 30.0, 89.0, 120.0, 179.0, -10.0, -60.0, -150.0])
def test_9_a_lagging_current_is_a_small_positive_angle_and_a_leading_one_near_360(hz: float, lag: float) -> None:
    rig = settled(Sines(hz, lag_degrees=(lag, lag, lag)))
    for address in (VA_IA, VB_IB, VC_IC):
        angle = degrees(rig, address, hz)
        assert near(angle, lag)
        assert 0.0 <= angle < 360.0
        assert (angle < 180.0) is (lag > 0.0)


def test_9_each_current_is_measured_against_its_own_voltage() -> None:
    rig = settled(Sines(lag_degrees=(10.0, 40.0, 70.0)))
    assert [round(degrees(rig, address, 50.0)) for address in (VA_IA, VB_IB, VC_IC)] == [10, 40, 70]


@given(b=st.floats(10.0, 350.0), c=st.floats(10.0, 350.0))
@settings(max_examples=25, deadline=None)
def test_9_voltage_angles_are_consistent(b: float, c: float) -> None:
    rig = settled(Sines(voltage_degrees=(0.0, -b, -c)))
    assert near(degrees(rig, VA_VB, 50.0), b)
    assert near(degrees(rig, VA_VC, 50.0), c)
    assert near(degrees(rig, VB_VC, 50.0), c - b)


def test_9_a_full_cycle_has_20480_counts_at_50_hz() -> None:
    rig = settled(Sines(voltage_degrees=(0.0, 1.0, 2.0)))
    assert rig.read(VA_VB) == pytest.approx(20480 - 20480 / 360, abs=6)
