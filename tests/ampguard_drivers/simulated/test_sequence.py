"""The order of the phases: SEQERR (sections 6 and 9)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import ACCMODE, MASK1, MS, SEQERR, STATUS1, Rig, Sines

SEQ_CYC, ZXTHRSH = 0x49C, 0x499
REVERSED = (0.0, 120.0, -120.0)


def settled(pins: Sines, *, seq_cyc: int = 1, accmode: int = 0) -> Rig:
    rig = Rig(pins)
    rig.write(SEQ_CYC, seq_cyc)
    rig.write(ACCMODE, accmode)
    rig.run()
    rig.write(STATUS1, SEQERR)
    rig.wait(100 * MS)
    return rig


def failed(rig: Rig) -> bool:
    return bool(rig.read(STATUS1) & SEQERR)


@pytest.mark.parametrize("hz", [45.0, 50.0, 60.0, 65.0])
def test_9_the_right_order_sets_nothing(hz: float) -> None:
    rig = settled(Sines(hz), accmode=0x100 if hz > 55.0 else 0)
    rig.wait(5_000 * MS)
    assert not failed(rig)


@pytest.mark.parametrize("turned", [0.0, 73.0, -140.0])
def test_9_only_the_order_matters_not_the_beginning(turned: float) -> None:
    assert not failed(settled(Sines(voltage_degrees=(turned, turned - 120.0, turned + 120.0))))
    assert failed(settled(Sines(voltage_degrees=(turned, turned + 120.0, turned - 120.0))))


@pytest.mark.parametrize("hz", [45.0, 50.0, 60.0, 65.0])
def test_9_swapped_phases_are_an_error(hz: float) -> None:
    assert failed(settled(Sines(hz, voltage_degrees=REVERSED), accmode=0x100 if hz > 55.0 else 0))


@pytest.mark.parametrize(
    "voltages", [(0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0), (0.5, 0.0, 0.0), (0.0, 0.0, 0.5)]
)
def test_9_a_missing_phase_is_an_error_too(voltages: tuple[float, float, float]) -> None:
    assert failed(settled(Sines(voltages=voltages)))


def test_9_all_phases_missing_is_none() -> None:
    rig = settled(Sines(voltages=(0.0, 0.0, 0.0)))
    rig.wait(5_000 * MS)
    assert not failed(rig)


def test_9_the_bit_is_set_again_at_every_wrong_transition() -> None:
    rig = settled(Sines(voltage_degrees=REVERSED))
    for _ in range(10):
        rig.write(STATUS1, SEQERR)
        assert not failed(rig)
        rig.wait(40 * MS)
        assert failed(rig)


def test_9_the_bit_stays_until_it_is_acknowledged() -> None:
    pins = Sines(voltage_degrees=REVERSED)
    rig = settled(pins)
    pins.voltage_degrees = (0.0, -120.0, 120.0)
    rig.wait(1_000 * MS)
    assert failed(rig)
    rig.write(STATUS1, SEQERR)
    rig.wait(1_000 * MS)
    assert not failed(rig)


def test_6_the_pin_tells_without_anybody_reading() -> None:
    pins = Sines()
    rig = settled(pins)
    rig.write(MASK1, SEQERR)
    assert not rig.chip.irq1_low
    pins.voltage_degrees = REVERSED
    rig.wait(100 * MS)
    assert rig.chip.irq1_low
    pins.voltage_degrees = (0.0, -120.0, 120.0)
    rig.wait(100 * MS)
    rig.write(STATUS1, SEQERR)
    assert not rig.chip.irq1_low


def test_14_10_with_its_reset_value_a_missing_phase_is_never_reported() -> None:
    rig = settled(Sines(voltages=(0.5, 0.0, 0.5)), seq_cyc=0xFF)
    rig.wait(20_000 * MS)
    assert not failed(rig)


def test_9_with_its_reset_value_swapped_phases_are_reported_after_two_to_five_seconds() -> None:
    pins = Sines()
    rig = settled(pins, seq_cyc=0xFF)
    pins.voltage_degrees = REVERSED
    rig.wait(1_000 * MS)
    assert not failed(rig)
    rig.wait(4_100 * MS)
    assert failed(rig)


@pytest.mark.parametrize(("voltage", "missing"), [(0.0005, True), (0.005, False)])
def test_9_a_phase_is_missing_below_the_threshold_of_the_zero_crossings(voltage: float, *, missing: bool) -> None:
    """870:1 of full scale at reset, 0.00115 V."""
    assert failed(settled(Sines(voltages=(0.5, voltage, 0.5)))) is missing


def test_9_the_threshold_can_be_raised() -> None:
    pins = Sines(voltages=(0.5, 0.02, 0.5))
    rig = settled(pins)
    assert not failed(rig)
    rig.write(ZXTHRSH, round(0.05 * 74_532_013 * 0.86 / (32 * 256)))
    rig.wait(100 * MS)
    assert failed(rig)


@pytest.mark.parametrize("vconsel", [1, 4])
def test_9_three_wires_are_judged_by_va_and_vc_alone(vconsel: int) -> None:
    """VC leads VA by 60 degrees in the normal order; VB is not used."""
    assert not failed(settled(Sines(voltage_degrees=(0.0, 0.0, 60.0)), accmode=vconsel << 4))
    assert not failed(settled(Sines(voltages=(0.5, 0.0, 0.5), voltage_degrees=(0.0, 0.0, 60.0)), accmode=vconsel << 4))
    assert failed(settled(Sines(voltage_degrees=(0.0, 0.0, -60.0)), accmode=vconsel << 4))
    assert failed(settled(Sines(voltages=(0.5, 0.5, 0.0), voltage_degrees=(0.0, 0.0, 60.0)), accmode=vconsel << 4))


@pytest.mark.parametrize("vconsel", [0, 2, 3])
def test_9_four_wires_are_judged_by_all_three(vconsel: int) -> None:
    assert not failed(settled(Sines(), accmode=vconsel << 4))
    assert failed(settled(Sines(voltage_degrees=REVERSED), accmode=vconsel << 4))


def test_9_angles_tell_swapped_phases_from_a_missing_one() -> None:
    swapped, missing = settled(Sines(voltage_degrees=REVERSED)), settled(Sines(voltages=(0.5, 0.5, 0.0)))
    assert swapped.read(0x482) == pytest.approx(13653, abs=6)
    assert missing.read(0x482) == pytest.approx(6827, abs=6)
    assert missing.read(0x24D) < 0.001 * missing.read(0x20D)
