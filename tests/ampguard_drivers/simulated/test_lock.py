"""The configuration lock and the checksum over the configuration (section 2.6)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import (
    CONFIG1,
    LOCK,
    MASK1,
    MS,
    RUN,
    STATUS1,
    UNLOCK,
    WR_LOCK,
    Rig,
    Sines,
    width_bytes,
)

CRC_RSLT, CRC_FORCE, CRC_OPTEN = 0x4A8, 0x4B4, 0x4B5
CRC_CHG, CRC_DONE = 1 << 26, 1 << 27
PERIOD_NS = 11 * MS
CONFIGURATION = [
    *(0x000, 0x00B, 0x018, 0x020, 0x038, 0x040, 0x058, 0x060, 0x061, 0x073),
    *(0x405, 0x406, 0x407, 0x409, 0x40E, 0x410, 0x414, 0x41C, 0x420, 0x424, 0x425),
    *(0x48B, 0x490, 0x492, 0x493, 0x49A, 0x49C, 0x4A0, 0x4A1, 0x4AF, 0x4B0, 0x4B5, 0x4B9, 0x4BA, 0x4E0),
]
OPTIONAL = [
    *((0, 0x405), (1, 0x406), (2, 0x407), (3, 0x410), (4, 0x48B), (5, 0x414), (6, 0x48C), (7, 0x41C)),
    *((8, 0x41D), (9, 0x41E), (10, 0x498), (11, 0x49A), (12, 0x49C), (13, 0x4A0), (14, 0x4A1), (15, 0x4A2)),
]
"""2.6: bit of CRC_OPTEN and the register it adds."""
HARMLESS = 0x0001
"""Differs from every reset value and starts nothing."""


@pytest.mark.parametrize("address", CONFIGURATION)
def test_2_6_the_lock_blocks_both_ranges_and_the_key_opens_them(address: int) -> None:
    rig = Rig()
    before = rig.read(address)
    wanted = before ^ 0x2
    rig.write(WR_LOCK, LOCK)
    rig.write(address, wanted)
    assert rig.read(address) == before
    rig.write(WR_LOCK, UNLOCK)
    rig.write(address, wanted)
    assert rig.read(address) == wanted


@given(value=st.integers(0, 0xFFFF).filter(lambda value: value not in {LOCK, UNLOCK}))
@settings(max_examples=30, deadline=None)
def test_2_6_no_other_key_locks_or_unlocks(value: int) -> None:
    rig = Rig()
    rig.write(WR_LOCK, value)
    assert rig.read(WR_LOCK) == 0
    rig.write(WR_LOCK, LOCK)
    rig.write(WR_LOCK, value)
    assert rig.read(WR_LOCK) == 1


def test_2_6_a_locked_chip_neither_starts_stops_nor_resets() -> None:
    rig = Rig(Sines())
    rig.write(WR_LOCK, LOCK)
    rig.write(RUN, 1)
    assert rig.read(RUN) == 0
    rig.write(WR_LOCK, UNLOCK)
    rig.write(RUN, 1)
    rig.write(WR_LOCK, LOCK)
    rig.write(CONFIG1, 1)
    rig.write(RUN, 0)
    assert rig.read(RUN) == 1


def test_2_6_the_lock_key_counts_only_whole() -> None:
    rig = Rig()
    rig.chip.frame(bytes.fromhex("4bf03c"))
    assert rig.read(WR_LOCK) == 0


def test_2_6_the_background_checksum_comes_about_every_10_8_ms() -> None:
    rig = Rig()
    rig.write(STATUS1, CRC_DONE)
    assert not rig.read(STATUS1) & CRC_DONE
    rig.wait(PERIOD_NS)
    assert rig.read(STATUS1) & CRC_DONE
    rig.write(STATUS1, CRC_DONE)
    rig.wait(5 * MS)
    assert not rig.read(STATUS1) & CRC_DONE


def test_2_6_an_unchanged_configuration_keeps_its_checksum() -> None:
    rig = Rig(Sines())
    rig.run()
    first = rig.read(CRC_RSLT)
    rig.wait(5_000 * MS)
    assert rig.read(CRC_RSLT) == first
    assert not rig.read(STATUS1) & CRC_CHG


@pytest.mark.parametrize("address", [0x000, 0x021, 0x042, 0x060, 0x073, CONFIG1, 0x492, 0x4AF, 0x4B9])
def test_2_6_a_changed_configuration_is_noticed(address: int) -> None:
    rig = Rig()
    rig.wait(PERIOD_NS)
    before = rig.read(CRC_RSLT)
    rig.write(address, rig.read(address) ^ 0x10)
    rig.wait(PERIOD_NS)
    assert rig.read(STATUS1) & CRC_CHG
    assert rig.read(CRC_RSLT) != before


@pytest.mark.parametrize(("bit", "address"), OPTIONAL)
def test_2_6_optional_registers_count_only_when_their_bit_is_set(bit: int, address: int) -> None:
    rig = Rig()
    rig.wait(PERIOD_NS)
    rig.write(address, rig.read(address) ^ HARMLESS)
    rig.wait(PERIOD_NS)
    assert not rig.read(STATUS1) & CRC_CHG
    rig.write(CRC_OPTEN, 1 << bit)
    rig.wait(PERIOD_NS)
    rig.write(STATUS1, CRC_CHG | CRC_DONE)
    rig.wait(PERIOD_NS)
    assert not rig.read(STATUS1) & CRC_CHG
    rig.write(address, rig.read(address) ^ HARMLESS)
    rig.wait(PERIOD_NS)
    assert rig.read(STATUS1) & CRC_CHG


def test_2_6_crc_force_starts_one_at_once() -> None:
    rig = Rig()
    rig.write(STATUS1, CRC_DONE)
    rig.write(0x000, 1)
    rig.write(CRC_FORCE, 1)
    assert rig.read(STATUS1) & CRC_DONE
    assert rig.read(STATUS1) & CRC_CHG
    assert rig.read(CRC_FORCE) == 0


def test_2_6_a_changed_configuration_pulls_irq1_when_it_is_asked_to() -> None:
    rig = Rig()
    rig.write(MASK1, CRC_CHG)
    rig.wait(PERIOD_NS)
    assert not rig.chip.irq1_low
    rig.write(0x060, 1)
    rig.wait(PERIOD_NS)
    assert rig.chip.irq1_low


def test_2_6_checksums_differ_between_chips() -> None:
    found = set()
    for seed in range(8):
        rig = Rig(seed=seed)
        rig.wait(PERIOD_NS)
        found.add(rig.read(CRC_RSLT))
    assert len(found) > 1


def test_2_6_results_are_not_locked_away() -> None:
    rig = Rig(Sines())
    rig.run()
    rig.write(WR_LOCK, LOCK)
    assert width_bytes(0x20D) == 4
    assert rig.read(0x20D) > 0
