"""ADE9000 (data sheet Rev. B, Fig. 72): how registers travel over SPI, and the checksum that comes back with them.

A frame is a 16-bit header (address in [15:4], bit 3 = read), then the data, most significant byte first. The chip
appends a CRC-16/CCITT-FALSE over its data to every single register read. Nothing here touches a bus.
"""

from __future__ import annotations

from binascii import crc_hqx

CHECKSUM_LENGTH = 2
"""Bytes the chip appends to the data of a register read."""

_READ = 0x0008
_CHECKSUM_START = 0xFFFF


def read_header(address: int) -> bytes:
    """What asks for the register (or the place in the waveform buffer) at `address`."""
    return (address << 4 | _READ).to_bytes(2, "big")


def write_frame(address: int, value: int, width_bits: int) -> bytes:
    """The whole frame that writes `value`; OverflowError if it does not fit the width."""
    return (address << 4).to_bytes(2, "big") + value.to_bytes(width_bits // 8, "big")


def reply_length(width_bits: int) -> int:
    """Bytes to clock in for one register with its checksum."""
    return width_bits // 8 + CHECKSUM_LENGTH


def checksum(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, nothing reflected, nothing inverted."""
    return crc_hqx(data, _CHECKSUM_START)


def value_of(reply: bytes) -> int | None:
    """The unsigned value in the reply to a register read; None if the checksum behind it does not fit."""
    data = reply[:-CHECKSUM_LENGTH]
    if crc_hqx(data, _CHECKSUM_START) != int.from_bytes(reply[-CHECKSUM_LENGTH:], "big"):
        return None
    return int.from_bytes(data, "big")


def is_silence(reply: bytes) -> bool:
    """Whether nobody drove the data line: all ones (the pull-up) or all zeros; neither has a fitting checksum."""
    return reply.count(0xFF) == len(reply) or reply.count(0x00) == len(reply)


def signed(value: int, width_bits: int) -> int:
    """The two's complement meaning of an unsigned register value."""
    return value - (1 << width_bits) if value >> (width_bits - 1) else value
