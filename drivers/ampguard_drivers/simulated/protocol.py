"""What travels between a simulated board's server and its clients: one packet asks, one packet answers.

Clients are the Python classes of `client` and the preloaded C library of the bench (`ampguard_hil/wire/shim.c`), which
repeats these layouts. The socket is a Unix SOCK_SEQPACKET, so a packet arrives whole or not at all.

Asking:    operation u32, argument u32, ioctl code u64, then the payload.
Answering: result i32 (-1 = refused), error number i32 (0 = none), then the payload.

A connection first opens a device by its path under /dev (or BENCH_PATH); everything after that goes to that device.
The answer to a request for GPIO lines carries two descriptors (SCM_RIGHTS): a stream that edge events are read from,
laid out as the kernel does it, and a SOCK_SEQPACKET for this same protocol that speaks for the requested lines.

All numbers are little-endian, like those of the machines that the bench runs on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from struct import Struct

LONGEST_PACKET = 1 << 17
"""Bytes. The largest is an SPI message of two full buffers."""
SPI_BUFFER_SIZE = 4096
"""Bytes that one SPI message may send, and may receive: the kernel's default for `spidev.bufsiz`."""
BENCH_PATH = "bench"
"""What a client opens to look at the board and to work on it; no device of a real board."""

REQUEST = Struct("<IIQ")
REPLY = Struct("<ii")
SEGMENT = Struct("<IIHBB")
I2C_MESSAGE = Struct("<HHH")
SMBUS = Struct("<IBB34s")

I2C_READ = 1
"""Flag of an I2C message (I2C_M_RD)."""


class Operation(IntEnum):
    """What a packet asks for."""

    OPEN = 1
    """Payload: the path."""
    SPI_MESSAGE = 2
    """Argument: number of segments; payload: the segments, then the bytes of those that send. Answer: what came in."""
    I2C_TRANSFER = 3
    """Argument: number of messages; payload: the messages, then the bytes written. Answer: the bytes read."""
    SMBUS_TRANSFER = 4
    """Payload: SMBUS with the kernel's size, command, direction and data block. Answer: the data block."""
    READ = 5
    """Argument: number of bytes."""
    WRITE = 6
    """Payload: the bytes."""
    IOCTL = 7
    """Code and payload as the kernel defines them; a payload of 8 bytes stands for an argument by value."""
    CLOSE = 8
    """Lines are free again when the answer arrives."""
    BENCH = 9
    """Payload and answer: a JSON object."""


class SegmentFlag(IntFlag):
    """What happens in one segment of an SPI message."""

    SENDS = 1
    RECEIVES = 2
    RELEASES_CHIP_SELECT = 4
    """After the segment (cs_change)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One transfer of an SPI message."""

    length: int
    flags: SegmentFlag
    speed_hz: int = 0
    """0 = as set for the device."""
    delay: int = 0
    """Microseconds after the segment, as the kernel counts them; of no effect here."""
    bits_per_word: int = 0
    """0 = as set for the device."""


def encode_spi(segments: Sequence[Segment], sent: bytes) -> bytes:
    """Payload of an SPI message."""
    table = b"".join(SEGMENT.pack(s.length, s.speed_hz, s.delay, s.bits_per_word, s.flags) for s in segments)
    return table + sent


def decode_spi(count: int, payload: bytes) -> tuple[list[Segment], bytes]:
    """Segments and sent bytes of an SPI message. Raises ValueError if they contradict each other."""
    table, sent = payload[: count * SEGMENT.size], payload[count * SEGMENT.size :]
    if len(table) != count * SEGMENT.size:
        raise ValueError(f"{count} segments were announced, {len(table) // SEGMENT.size} came")
    segments = [
        Segment(length, SegmentFlag(flags), speed_hz, delay, bits)
        for length, speed_hz, delay, bits, flags in SEGMENT.iter_unpack(table)
    ]
    expected = sum(segment.length for segment in segments if segment.flags & SegmentFlag.SENDS)
    if expected != len(sent):
        raise ValueError(f"the segments send {expected} bytes, {len(sent)} came")
    return segments, sent


@dataclass(frozen=True, slots=True)
class I2cPart:
    """One message of an I2C transfer."""

    address: int
    data: bytes | None
    """Bytes to write; None = this one reads."""
    receive_length: int = 0


def encode_i2c(parts: Sequence[I2cPart]) -> bytes:
    """Payload of an I2C transfer."""
    table = b"".join(
        I2C_MESSAGE.pack(part.address, I2C_READ, part.receive_length)
        if part.data is None
        else I2C_MESSAGE.pack(part.address, 0, len(part.data))
        for part in parts
    )
    return table + b"".join(part.data for part in parts if part.data is not None)


def decode_i2c(count: int, payload: bytes) -> list[I2cPart]:
    """Messages of an I2C transfer. Raises ValueError if they contradict each other."""
    position = count * I2C_MESSAGE.size
    if len(payload) < position:
        raise ValueError(f"{count} messages were announced, {len(payload) // I2C_MESSAGE.size} came")
    parts: list[I2cPart] = []
    for address, flags, length in I2C_MESSAGE.iter_unpack(payload[:position]):
        if flags & ~I2C_READ:
            raise ValueError(f"I2C message flags {flags:#06x} are not known here")
        if flags & I2C_READ:
            parts.append(I2cPart(address, None, length))
        else:
            parts.append(I2cPart(address, payload[position : position + length]))
            position += length
    if position != len(payload):
        raise ValueError(f"the messages need {position} bytes, {len(payload)} came")
    return parts
