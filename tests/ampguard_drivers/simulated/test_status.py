"""Status, mask, interrupt pins (section 6)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import (
    CONFIG1,
    MASK0,
    MASK1,
    MS,
    PAGE_FULL,
    PAGE_NS,
    SAMPLE_NS,
    STATUS0,
    STATUS1,
    WFB_PG_IRQEN,
    Rig,
    Sines,
)

DREADY, TEMP_RDY, CRC_DONE = 1 << 15, 1 << 25, 1 << 27
TEMP_CFG = 0x4B6


def running() -> Rig:
    rig = Rig(Sines())
    rig.run(0)
    rig.write(WFB_PG_IRQEN, 0xFFFF)
    rig.capture(0x02F0, pages=1)
    return rig


def test_6_status_bits_are_set_regardless_of_the_mask() -> None:
    rig = running()
    assert rig.read(MASK0) == 0
    assert rig.read(STATUS0) & PAGE_FULL
    assert rig.read(STATUS0) & DREADY
    assert not rig.chip.irq0_low


def test_6_the_pin_is_a_level_of_status_and_mask() -> None:
    rig = running()
    rig.write(MASK0, PAGE_FULL)
    assert rig.chip.irq0_low
    rig.write(MASK0, 0)
    assert not rig.chip.irq0_low
    rig.write(MASK0, PAGE_FULL)
    rig.read(STATUS0)
    assert rig.chip.irq0_low
    rig.write(STATUS0, PAGE_FULL)
    assert not rig.chip.irq0_low


def test_6_only_bits_written_as_one_are_cleared() -> None:
    rig = running()
    rig.write(STATUS0, DREADY)
    assert rig.read(STATUS0) & (DREADY | PAGE_FULL) == PAGE_FULL
    rig.write(STATUS0, 0)
    assert rig.read(STATUS0) & PAGE_FULL
    rig.write(STATUS0, PAGE_FULL)
    assert not rig.read(STATUS0) & PAGE_FULL


@given(value=st.integers(0, 0xFFFFFFFF))
@settings(max_examples=50, deadline=None)
def test_6_writing_a_status_never_sets_a_bit(value: int) -> None:
    rig = running()
    for address in (STATUS0, STATUS1):
        before = rig.read(address)
        rig.write(address, value)
        assert rig.read(address) == before & ~value


def test_6_an_event_that_comes_back_pulls_the_pin_again() -> None:
    rig = running()
    rig.write(MASK0, PAGE_FULL)
    for _ in range(20):
        rig.write(STATUS0, PAGE_FULL)
        assert not rig.chip.irq0_low
        rig.wait(PAGE_NS)
        assert rig.chip.irq0_low


def test_6_an_event_that_came_in_between_is_not_lost() -> None:
    rig = running()
    seen = rig.read(STATUS0)
    rig.write(TEMP_CFG, 0x000C)
    rig.wait(2 * MS)
    rig.write(STATUS0, seen)
    assert rig.read(STATUS0) & TEMP_RDY


def test_6_data_ready_comes_with_every_sample() -> None:
    rig = running()
    for _ in range(40):
        rig.write(STATUS0, DREADY)
        assert not rig.read(STATUS0) & DREADY
        rig.wait(SAMPLE_NS)
        assert rig.read(STATUS0) & DREADY


@pytest.mark.parametrize("pin", [0, 1])
def test_6_each_status_has_its_own_pin(pin: int) -> None:
    rig = running()
    rig.wait(20 * MS)
    rig.write(MASK1 if pin else MASK0, CRC_DONE if pin else DREADY)
    assert rig.chip.irq1_low is bool(pin)
    assert rig.chip.irq0_low is not bool(pin)


def test_5_irq0_on_irq1_makes_irq1_signal_both() -> None:
    rig = running()
    rig.write(MASK0, PAGE_FULL)
    assert not rig.chip.irq1_low
    rig.write(CONFIG1, 1 << 12)
    assert rig.chip.irq1_low
    rig.write(STATUS0, PAGE_FULL)
    assert not rig.chip.irq1_low


def test_6_the_second_status_pulls_irq1_only_where_the_mask_allows() -> None:
    rig = Rig()
    rig.wait(20 * MS)
    assert rig.read(STATUS1) & CRC_DONE
    assert not rig.chip.irq1_low
    rig.write(MASK1, CRC_DONE)
    assert rig.chip.irq1_low
    rig.write(STATUS1, CRC_DONE)
    assert not rig.chip.irq1_low


def test_6_listeners_hear_both_edges() -> None:
    rig = running()
    rig.write(MASK0, PAGE_FULL)
    levels = []
    for _ in range(4):
        levels.append(rig.chip.irq0_low)
        rig.write(STATUS0, PAGE_FULL)
        levels.append(rig.chip.irq0_low)
        rig.wait(PAGE_NS)
    assert levels == [True, False] * 4
