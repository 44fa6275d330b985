"""Power, reset pin, software reset, and what they leave behind (section 1)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import (
    CONFIG1,
    LOCK,
    MASK1,
    MS,
    PAGE_NS,
    RSTDONE,
    RUN,
    STATUS1,
    WFB_CFG,
    WFB_TRG_STAT,
    WR_LOCK,
    Rig,
    Sines,
    constant,
)

READY_NS = 50 * MS
"""1: 46 to 50 ms from the end of a reset to RSTDONE."""


def test_1_start_up_takes_46_to_50_ms_and_ends_with_irq1_low() -> None:
    rig = Rig(ready=False)
    rig.wait(45 * MS)
    assert not rig.chip.irq1_low
    rig.wait(5 * MS)
    assert rig.chip.irq1_low
    assert rig.read(STATUS1) & RSTDONE


def test_2_1_a_chip_that_has_not_started_leaves_the_pull_up() -> None:
    rig = Rig(ready=False)
    assert rig.chip.frame(bytes(6)) == b"\xff" * 6
    rig.wait(40 * MS)
    assert rig.chip.frame(b"\x4f\xe8" + bytes(4)) == b"\xff" * 6


def test_2_4_the_pull_up_does_not_pass_the_checksum() -> None:
    rig = Rig(ready=False)
    assert rig.read_bytes(STATUS1, 6) == b"\xff" * 6


def test_6_rstdone_is_not_maskable() -> None:
    rig = Rig(ready=False)
    rig.wait(READY_NS)
    assert rig.read(MASK1) == 0
    assert rig.chip.irq1_low
    assert not rig.chip.irq0_low


def test_1_rstdone_is_acknowledged_by_writing_one() -> None:
    rig = Rig(ready=False)
    rig.wait(READY_NS)
    rig.write(STATUS1, 0)
    rig.write(STATUS1, 0xFFFFFFFF & ~RSTDONE)
    assert rig.chip.irq1_low
    rig.write(STATUS1, RSTDONE)
    assert not rig.chip.irq1_low
    assert not rig.read(STATUS1) & RSTDONE


def test_1_the_reset_pin_holds_the_chip_off_the_bus_and_its_interrupts_high() -> None:
    rig = Rig(Sines())
    rig.run(100 * MS)
    rig.write(0x405, 1 << 15)
    assert rig.chip.irq0_low
    rig.chip.hold(rig.now_ns)
    assert not rig.chip.irq0_low
    assert not rig.chip.irq1_low
    assert rig.chip.frame(b"\x4f\xe8\x00\x00") == b"\xff" * 4
    rig.wait(1_000 * MS)
    assert rig.chip.frame(b"\x4f\xe8\x00\x00") == b"\xff" * 4
    rig.chip.release(rig.now_ns)
    rig.wait(READY_NS)
    assert rig.read(STATUS1) & RSTDONE
    assert rig.chip.irq1_low


def test_1_the_reset_pin_returns_every_configuration_to_its_default() -> None:
    rig = Rig()
    rig.write(0x000, 0x11111111)
    rig.write(0x409, 0x1234)
    rig.write(0x4AF, 0x0A00)
    rig.chip.hold(rig.now_ns)
    rig.wait(MS)
    rig.chip.release(rig.now_ns)
    rig.wait(READY_NS)
    assert (rig.read(0x000), rig.read(0x409), rig.read(0x4AF)) == (0, 0xFFFFFF, 0x0C00)


def test_1_a_software_reset_does_the_same_and_clears_its_own_bit() -> None:
    rig = Rig(Sines())
    rig.run(100 * MS)
    rig.write(0x000, 0x11111111)
    rig.write(0x4AF, 0x0A00)
    rig.write(CONFIG1, 1)
    rig.wait(READY_NS)
    assert rig.read(STATUS1) & RSTDONE
    assert rig.chip.irq1_low
    assert rig.read(CONFIG1) == 0
    assert (rig.read(0x000), rig.read(0x4AF), rig.read(RUN)) == (0, 0x0C00, 0)


def test_1_a_reset_unlocks() -> None:
    rig = Rig()
    rig.write(WR_LOCK, LOCK)
    rig.chip.hold(rig.now_ns)
    rig.chip.release(rig.now_ns)
    rig.wait(READY_NS)
    assert rig.read(WR_LOCK) == 0


@pytest.mark.parametrize("by_pin", [True, False])
def test_1_a_reset_keeps_the_waveform_ram_but_not_the_last_page(*, by_pin: bool) -> None:
    rig = Rig(constant(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    rig.run(0)
    rig.capture(0x02F0, pages=5)
    assert rig.read(WFB_TRG_STAT) >> 12 == 4
    before = rig.read_bytes(0x800, 200)
    assert any(before)
    if by_pin:
        rig.chip.hold(rig.now_ns)
        rig.chip.release(rig.now_ns)
    else:
        rig.write(CONFIG1, 1)
    rig.wait(READY_NS)
    assert rig.read(WFB_CFG) == 0
    assert rig.read(WFB_TRG_STAT) == 0
    assert rig.read_bytes(0x800, 200) == before


def test_1_results_are_cleared_by_a_new_run() -> None:
    pins = Sines()
    rig = Rig(pins)
    rig.run()
    assert rig.read(0x20D) > 1_000_000
    rig.write(RUN, 0)
    pins.voltages = pins.currents = (0.0, 0.0, 0.0)
    rig.write(RUN, 1)
    rig.wait(MS)
    assert [rig.read(address) for address in (0x20C, 0x20D, 0x210, 0x212, 0x216)] == [0, 0, 0, 0, 0]


def test_14_17_without_run_every_result_stays_zero() -> None:
    rig = Rig(Sines())
    rig.wait(2_000 * MS)
    assert not any(rig.read(address) for address in (0x20C, 0x20D, 0x210, 0x216, 0x21A, 0x600, 0x680, 0x482, 0x510))
    rig.capture(0x02F0, pages=20)
    assert not any(rig.read_bytes(0x800, 2048))


def test_7_without_run_the_buffer_does_not_fill_and_after_it_it_does() -> None:
    rig = Rig(constant(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    rig.capture(0x02F0, pages=3)
    assert rig.read(WFB_TRG_STAT) == 0
    rig.write(RUN, 1)
    rig.wait(3 * PAGE_NS)
    assert rig.read(WFB_TRG_STAT) >> 12 == 2
