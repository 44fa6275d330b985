"""The register file by the printed list: widths, resets, what can be written (sections 2.2, 13, 14.12, 15)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import LIST, LOCK, NO_LIST, UNLOCK, Rig, Row, crc16, rows, width_bytes

pytestmark = pytest.mark.skipif(not LIST.exists(), reason=NO_LIST)

BITS = dict.fromkeys((0x409, 0x40F, 0x410, 0x414), 0xFFFFFF) | {0x4B1: 0x1FFF, 0x4B2: 0x1FFF}
"""14.12: registers with fewer bits than their width."""
SELF_CLEARING = {0x481: 0x0021, 0x4B4: 0x0001, 0x4B6: 0x0008}
"""5: SWRST, CF_ACC_CLR, CRC_FORCE, TEMP_START."""
ODD = {0x481, 0x4BF, 0x480, 0x4A0, 0x4B6}
"""Writing all ones there does more than to store; they have tests of their own."""
VERSION2 = 0x26A
CHECKSUMS = {0x4A8, 0x4A9}
"""2.4, 2.6: over what is there, no reset values."""
BURST_COPIES = range(0x600, 0x6BD)


def named(wanted: str) -> list[Row]:
    return [row for row in rows() if row.access == wanted]


def test_2_2_the_list_is_whole_and_its_widths_are_the_rule() -> None:
    printed = rows()
    assert len(printed) == 467
    assert all(row.width_bits == 8 * width_bytes(row.address) for row in printed)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_2_2_every_register_answers_in_its_width(row: Row) -> None:
    rig = Rig()
    wide = row.width_bits // 8
    # the checksum follows directly after the data: what lies between is the width
    answer = rig.read_bytes(row.address, wide + 2)
    assert int.from_bytes(answer[wide:], "big") == crc16(answer[:wide])
    if row.address != 0x4A9:
        assert rig.read(0x4A9) == crc16(answer[:wide])


@pytest.mark.parametrize(
    "row", [row for row in rows() if row.reset is not None and row.address not in CHECKSUMS], ids=lambda row: row.name
)
def test_13_every_register_has_its_reset_value(row: Row) -> None:
    rig = Rig()
    if row.address == VERSION2:
        assert rig.read(row.address) == 0  # 3: valid only after RUN
        rig.run()
    if row.address in {0x423, 0x4AC, 0x4AE}:  # 2.5: the rig has written already
        rig = Rig(ready=False)
        rig.wait(100_000_000)
    if row.address == 0x403:
        assert rig.read(row.address) & ~(1 << 27) == row.reset  # 2.6: the background CRC is done by now
    else:
        assert rig.read(row.address) == row.reset


@pytest.mark.parametrize("row", named("R"), ids=lambda row: row.name)
def test_15_read_only_registers_ignore_writes(row: Row) -> None:
    rig = Rig()
    before = rig.read(row.address)
    for value in (0xFFFFFFFF, 0, 0x5A5A5A5A):
        rig.write(row.address, value & (1 << row.width_bits) - 1)
        if row.address not in {0x423, 0x4AC, 0x4AE, 0x4A9}:  # 2.5: these show the write itself
            assert rig.read(row.address) == before


@pytest.mark.parametrize("row", [row for row in named("RW") if row.address not in ODD], ids=lambda row: row.name)
def test_14_12_writable_registers_read_back(row: Row) -> None:
    rig = Rig()
    if row.address in BURST_COPIES:
        pytest.fail("12: the burst copies are read-only")
    full = BITS.get(row.address, (1 << row.width_bits) - 1)
    for value in (full, 0x5A5A5A5A & full, 0xA5A5A5A5 & full, 0, 1 << 8):
        rig.write(row.address, value)
        assert rig.read(row.address) == value & ~SELF_CLEARING.get(row.address, 0)
    rig.write(row.address, (1 << row.width_bits) - 1)
    assert rig.read(row.address) == full & ~SELF_CLEARING.get(row.address, 0)


@pytest.mark.parametrize(("address", "bits"), sorted(SELF_CLEARING.items()))
def test_5_self_clearing_bits_never_read_back(address: int, bits: int) -> None:
    rig = Rig()
    value = 0xFFFE & ~0x0001 if address == 0x481 else 0xFFFF
    rig.write(address, value)
    assert rig.read(address) == value & ~bits


def test_2_6_the_lock_reads_one_or_zero() -> None:
    rig = Rig()
    assert rig.read(0x4BF) == 0
    rig.write(0x4BF, LOCK)
    assert rig.read(0x4BF) == 1
    rig.write(0x4BF, UNLOCK)
    assert rig.read(0x4BF) == 0


def test_3_the_part_says_what_it_is() -> None:
    for seed in range(5):
        rig = Rig(seed=seed)
        assert rig.read(0x472) & 1 << 20
        assert rig.read(0x4FE) & 0xFFC0 == 0x00C0
        assert rig.read(0x4A4) == 0x0063


def test_13_user_period_is_a_hundred_hertz_at_reset() -> None:
    assert 8000 * 65536 / Rig().read(0x40E) == pytest.approx(100.0)
