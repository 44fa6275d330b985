"""Frames and checksums against the data sheet's examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard_drivers.ade9000.scripted import crc, crc_fast

from ampguard_drivers.ade9000 import frame


@pytest.mark.parametrize(("address", "header"), [(0x607, "60 78"), (0x00B, "00 b8"), (0x4FE, "4f e8")])
def test_read_headers_are_those_of_the_data_sheet(address: int, header: str) -> None:
    assert frame.read_header(address).hex(" ") == header


def test_write_frames_carry_16_or_32_bits() -> None:
    assert frame.write_frame(0x480, 1, 16).hex(" ") == "48 00 00 01"
    assert frame.write_frame(0x00B, 0xFF333333, 32).hex(" ") == "00 b0 ff 33 33 33"
    with pytest.raises(OverflowError):
        frame.write_frame(0x480, 0x10000, 16)


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        ("0080", 0x8C87),
        ("ffffffff", 0x1D0F),
        ("00000000", 0x84C0),
        ("0000", 0x1D0F),
        ("00fe", 0x13DE),
        ("00000001", 0x94E1),
        (b"123456789".hex(), 0x29B1),
    ],
)
def test_checksums_are_those_a_real_chip_sent(data: str, checksum: int) -> None:
    assert frame.checksum(bytes.fromhex(data)) == checksum


@given(st.binary(max_size=4000))
def test_the_fast_checksum_is_the_bitwise_one(data: bytes) -> None:
    assert frame.checksum(data) == crc_fast(data)
    if len(data) < 100:
        assert frame.checksum(data) == crc(data)


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 47))
def test_no_single_flipped_bit_gets_through(value: int, bit: int) -> None:
    data = value.to_bytes(4, "big")
    reply = data + frame.checksum(data).to_bytes(2, "big")
    assert frame.value_of(reply) == value
    flipped = (int.from_bytes(reply, "big") ^ 1 << bit).to_bytes(6, "big")
    assert frame.value_of(flipped) is None


@pytest.mark.parametrize("length", [4, 6])
@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_an_undriven_line_is_silence_and_never_a_value(level: int, length: int) -> None:
    reply = bytes([level]) * length
    assert frame.is_silence(reply)
    assert frame.value_of(reply) is None


def test_data_that_happens_to_be_all_ones_is_a_value() -> None:
    reply = bytes.fromhex("ffffffff1d0f")
    assert not frame.is_silence(reply)
    assert frame.value_of(reply) == 0xFFFFFFFF


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_signed_undoes_twos_complement(value: int) -> None:
    assert frame.signed(value & 0xFFFFFFFF, 32) == value
