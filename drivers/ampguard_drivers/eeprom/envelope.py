"""The envelope around each copy of a record: what it is, which version, which of two copies is newer, and a checksum.

    magic "AMPG" | kind 1 | version 1 | length 2 | sequence 4 | content | CRC-32 4      (big-endian)

The CRC-32 (the one of zlib) covers everything before it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

MAGIC = b"AMPG"

_HEADER = struct.Struct(">4sBBHI")
_CHECKSUM = struct.Struct(">I")
OVERHEAD = _HEADER.size + _CHECKSUM.size
"""Bytes an envelope adds to its content."""

_SEQUENCES = 1 << 32
_BLANK = 0xFF


@dataclass(frozen=True, slots=True)
class Envelope:
    """One copy of a record."""

    kind: int
    version: int
    sequence: int
    """Rises by one with each write, round and round in 32 bits."""
    content: bytes

    def is_newer_than(self, other: Envelope) -> bool:
        """Whether this copy was written after the other one."""
        return 0 < (self.sequence - other.sequence) % _SEQUENCES < _SEQUENCES // 2

    @property
    def next_sequence(self) -> int:
        """The sequence of the copy that replaces this one."""
        return (self.sequence + 1) % _SEQUENCES


def seal(envelope: Envelope) -> bytes:
    """The bytes of an envelope."""
    header = _HEADER.pack(MAGIC, envelope.kind, envelope.version, len(envelope.content), envelope.sequence)
    covered = header + envelope.content
    return covered + _CHECKSUM.pack(zlib.crc32(covered))


def unseal(slot: bytes, kind: int) -> Envelope | None:
    """The envelope at the beginning of a slot; None if there is none of that kind or its checksum fails."""
    if len(slot) < OVERHEAD:
        return None
    magic, found_kind, version, length, sequence = _HEADER.unpack_from(slot)
    if magic != MAGIC or found_kind != kind or length > len(slot) - OVERHEAD:
        return None
    end = _HEADER.size + length
    if zlib.crc32(slot[:end]) != _CHECKSUM.unpack_from(slot, end)[0]:
        return None
    return Envelope(kind, version, sequence, slot[_HEADER.size : end])


def is_blank(slot: bytes) -> bool:
    """Whether nothing was ever written there."""
    return slot.count(_BLANK) == len(slot)
