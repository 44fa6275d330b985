"""Frames as bytes: header, data, checksum, echo, burst (sections 2.2 to 2.5)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import (
    ACCMODE,
    BURST_EN,
    CONFIG1,
    CRC_SPI,
    LAST_CMD,
    LAST_DATA_16,
    LAST_DATA_32,
    MS,
    Rig,
    Sines,
    crc16,
    header,
    width_bytes,
)

AIGAIN = 0x000
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0080", 0x8C87),
        ("FFFFFFFF", 0x1D0F),
        ("00000000", 0x84C0),
        ("0000", 0x1D0F),
        ("00FE", 0x13DE),
        ("00000001", 0x94E1),
        ("313233343536373839", 0x29B1),
    ],
)
def test_2_4_our_own_checksum_gives_the_known_vectors(data: str, expected: int) -> None:
    assert crc16(bytes.fromhex(data)) == expected


@pytest.mark.parametrize(
    ("address", "read", "expected"),
    [(0x607, True, "6078"), (0x00B, False, "00b0"), (0x00B, True, "00b8"), (0x4FE, True, "4fe8")],
)
def test_2_2_headers_are_those_of_the_examples(address: int, expected: str, *, read: bool) -> None:
    assert header(address, read=read).hex() == expected


def test_2_2_writing_run_is_the_frame_of_the_example() -> None:
    rig = Rig()
    rig.chip.frame(bytes.fromhex("48000001"))
    assert rig.read(0x480) == 1


@pytest.mark.parametrize("low_bits", range(8))
def test_2_2_the_three_lowest_header_bits_do_not_matter(low_bits: int) -> None:
    rig = Rig()
    assert rig.chip.frame((0x4FE8 | low_bits).to_bytes(2, "big") + bytes(2))[2:] == b"\x00\xfe"
    rig.chip.frame((AIGAIN << 4 | low_bits).to_bytes(2, "big") + b"\x01\x02\x03\x04")
    assert rig.read(AIGAIN) == 0x01020304
    rig.chip.frame((0x4FE8 | low_bits).to_bytes(2, "big") + bytes(2))
    assert rig.read(LAST_CMD) == 0x4FE8


def test_2_2_version_with_its_checksum_is_the_known_frame() -> None:
    assert Rig().chip.frame(bytes.fromhex("4fe8") + bytes(4))[2:] == bytes.fromhex("00fe13de")


@given(value=st.integers(0, 0xFFFFFFFF), address=st.sampled_from([0x000, 0x040, 0x060, 0x073, 0x406, 0x425]))
@QUICK
def test_2_4_a_single_read_appends_the_checksum_of_its_data(value: int, address: int) -> None:
    rig = Rig()
    rig.write(address, value)
    answer = rig.read_bytes(address, 6)
    assert answer == value.to_bytes(4, "big") + crc16(value.to_bytes(4, "big")).to_bytes(2, "big")
    assert rig.read(CRC_SPI) == crc16(answer[:4])


@given(value=st.integers(0, 0xFFFF), address=st.sampled_from([ACCMODE, 0x490, 0x493, 0x49C, 0x4A1]))
@QUICK
def test_2_4_a_16_bit_read_appends_the_checksum_of_two_bytes(value: int, address: int) -> None:
    rig = Rig()
    rig.write(address, value)
    answer = rig.read_bytes(address, 4)
    assert answer == value.to_bytes(2, "big") + crc16(value.to_bytes(2, "big")).to_bytes(2, "big")
    assert rig.read(CRC_SPI) == crc16(answer[:2])


def test_14_4_a_16_bit_register_read_as_32_has_its_checksum_in_the_low_half() -> None:
    assert Rig().read_bytes(0x4FE, 4).hex() == "00fe13de"


@pytest.mark.parametrize("address", [0x000, 0x409, ACCMODE, 0x4AF])
def test_2_2_a_write_takes_effect_only_when_it_is_complete(address: int) -> None:
    rig = Rig()
    before = rig.read(address)
    frame = header(address, read=False) + bytes([0x12, 0x34, 0x56, 0x78][: width_bytes(address)])
    for length in range(len(frame)):
        assert len(rig.chip.frame(frame[:length])) == length
        assert rig.read(address) == before
    rig.chip.frame(frame)
    assert rig.read(address) == int.from_bytes(frame[2:], "big") & (0xFFFFFF if address == 0x409 else 0xFFFFFFFF)


def test_2_5_a_read_echoes_header_and_data() -> None:
    rig = Rig()
    rig.read(0x409)
    assert rig.read(LAST_CMD) == 0x4098
    assert rig.read(LAST_DATA_32) == 0xFFFFFF
    rig.read(0x4AF)
    assert rig.read(LAST_CMD) == 0x4AF8
    assert rig.read(LAST_DATA_16) == 0x0C00
    assert rig.read(LAST_DATA_32) == 0xFFFFFF


def test_2_5_a_write_echoes_header_and_data() -> None:
    rig = Rig()
    rig.write(AIGAIN, 0xDEADBEEF)
    assert (rig.read(LAST_CMD), rig.read(LAST_DATA_32)) == (0x0000, 0xDEADBEEF)
    rig.write(ACCMODE, 0x0190)
    assert (rig.read(LAST_CMD), rig.read(LAST_DATA_16)) == (0x4920, 0x0190)


def test_2_5_an_incomplete_write_leaves_no_echo() -> None:
    rig = Rig()
    rig.write(ACCMODE, 0x0100)
    rig.chip.frame(header(AIGAIN, read=False) + b"\x01\x02\x03")
    assert (rig.read(LAST_CMD), rig.read(LAST_DATA_16)) == (0x4920, 0x0100)


def test_2_5_reading_the_echo_registers_does_not_change_them() -> None:
    rig = Rig()
    rig.write(AIGAIN, 0x01234567)
    for _ in range(3):
        assert rig.read(LAST_CMD) == 0x0000
        assert rig.read(LAST_DATA_16) is not None
        assert rig.read(LAST_DATA_32) == 0x01234567


def test_2_5_register_bursts_leave_no_echo() -> None:
    rig = Rig()
    rig.write(CONFIG1, BURST_EN)
    rig.read_bytes(0x600, 4 * 61)
    assert (rig.read(LAST_CMD), rig.read(LAST_DATA_16)) == (0x4810, BURST_EN)


def test_2_3_burst_mode_repeats_configuration_without_checksum() -> None:
    rig = Rig()
    rig.write(CONFIG1, BURST_EN)
    assert rig.read_bytes(0x409, 12).hex() == "00ffffff" * 3
    assert rig.read_bytes(0x4FE, 6).hex() == "00fe" * 3


@pytest.mark.parametrize(("first", "last"), [(0x600, 0x63C), (0x680, 0x6BC), (0x610, 0x63C), (0x693, 0x6BC)])
def test_2_3_a_result_burst_runs_to_the_end_of_its_group_and_wraps_to_where_it_began(first: int, last: int) -> None:
    rig = Rig(Sines())
    rig.run()
    single = [rig.read_bytes(address, 4) for address in range(first, last + 1)]
    rig.write(CONFIG1, BURST_EN)
    assert rig.read_bytes(first, 4 * len(single)) == b"".join(single)
    assert rig.read_bytes(first, 8 * len(single)) == b"".join(single) * 2


def test_2_3_the_sample_registers_burst_to_5ff_and_reserved_cells_are_zero() -> None:
    rig = Rig(Sines(neutral=0.1))
    rig.run(200 * MS)
    samples = [rig.read_bytes(address, 4) for address in range(0x510, 0x517)]
    rig.write(CONFIG1, BURST_EN)
    burst = rig.read_bytes(0x510, 4 * (0x600 - 0x510) + 8)
    assert burst[: 4 * 7] == b"".join(samples)
    assert not any(burst[4 * 7 : 4 * 240])
    assert burst[4 * 240 :] == b"".join(samples[:2])


@pytest.mark.parametrize("address", [0x409, 0x000, 0x4AF])
def test_2_4_the_checksum_register_works_in_burst_mode_too(address: int) -> None:
    rig = Rig()
    rig.write(CONFIG1, BURST_EN)
    data = rig.read_bytes(address, width_bytes(address))
    assert rig.read(CRC_SPI) == crc16(data)


@pytest.mark.parametrize(
    "address", [0x01F, 0x05F, 0x0FF, 0x1FF, 0x205, 0x408, 0x430, 0x4D0, 0x520, 0x640, 0x700, 0x7FF]
)
def test_15_what_is_not_mapped_reads_zero_and_ignores_writes(address: int) -> None:
    rig = Rig()
    rig.write(address, 0xA5A5)
    assert rig.read(address) == 0
