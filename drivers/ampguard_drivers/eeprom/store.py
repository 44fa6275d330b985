"""Identity and calibration in the unit's EEPROM: each record in two copies, so that no torn write can lose it.

A write replaces the older copy, reads it back, and only then the other one. Whenever the power fails, one of them is
whole: the new record or the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_drivers.eeprom import encoding
from ampguard_drivers.eeprom.envelope import OVERHEAD, Envelope, is_blank, seal, unseal
from ampguard_drivers.eeprom.memory import SIZE, Eeprom
from ampguard_drivers.errors import RecordCorrupt

if TYPE_CHECKING:
    from ampguard_drivers.bus import Clock, I2cBus
    from ampguard_drivers.eeprom.records import Calibration, Identity


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind of record lies. Slots begin on a page, so that a torn page write touches one copy only."""

    name: str
    kind: int
    slots: tuple[int, int]
    slot_length: int


IDENTITY = Place("identity", 1, (0x000, 0x100), 0x100)
CALIBRATION = Place("calibration", 2, (0x200, 0x400), 0x200)


class IdentityStore:
    """The records of one unit."""

    def __init__(self, i2c: I2cBus, clock: Clock, address: int) -> None:
        self._memory = Eeprom(i2c, clock, address)

    def read_identity(self) -> Identity:
        """Who the unit is. Raises MemoryMissing, RecordCorrupt, BusFault."""
        envelope = self._newest(IDENTITY)
        return encoding.decode_identity(envelope.version, envelope.content)

    def read_calibration(self) -> Calibration:
        """How to turn its codes into volts and amperes. Raises MemoryMissing, RecordCorrupt, BusFault."""
        envelope = self._newest(CALIBRATION)
        return encoding.decode_calibration(envelope.version, envelope.content)

    def write_identity(self, identity: Identity) -> None:
        """Replace both copies, one after the other. Raises MemoryMissing, RecordCorrupt, BusFault, ValueError."""
        self._replace(IDENTITY, encoding.IDENTITY_VERSION, encoding.encode_identity(identity))

    def write_calibration(self, calibration: Calibration) -> None:
        """Replace both copies, one after the other. Raises MemoryMissing, RecordCorrupt, BusFault, ValueError."""
        self._replace(CALIBRATION, encoding.CALIBRATION_VERSION, encoding.encode_calibration(calibration))

    def _newest(self, place: Place) -> Envelope:
        slots = [self._memory.read(start, place.slot_length) for start in place.slots]
        first, second = (unseal(slot, place.kind) for slot in slots)
        newest = _newer(first, second)
        if newest is None:
            found = "memory is blank" if all(map(is_blank, slots)) else "checksums of both copies fail"
            raise RecordCorrupt(f"no {place.name} record: the {found}")
        return newest

    def _replace(self, place: Place, version: int, content: bytes) -> None:
        if len(content) > place.slot_length - OVERHEAD:
            raise ValueError(f"{place.name}: {len(content)} bytes do not fit {place.slot_length - OVERHEAD}")
        copies = [unseal(self._memory.read(start, place.slot_length), place.kind) for start in place.slots]
        newest = _newer(*copies)
        sealed = seal(Envelope(place.kind, version, newest.next_sequence if newest else 1, content))
        first, second = place.slots
        keep_first = newest is not None and newest is copies[0]
        for start in (second, first) if keep_first else (first, second):
            self._memory.write(start, sealed)
            if self._memory.read(start, len(sealed)) != sealed:
                raise RecordCorrupt(f"{place.name} at {start:#05x} reads back differently from what was written")


def memory_image(identity: Identity, calibration: Calibration | None = None) -> bytes:
    """The whole content of a memory that holds these records, as the factory would write it."""
    image = bytearray(b"\xff" * SIZE)
    records = [(IDENTITY, encoding.IDENTITY_VERSION, encoding.encode_identity(identity))]
    if calibration is not None:
        records.append((CALIBRATION, encoding.CALIBRATION_VERSION, encoding.encode_calibration(calibration)))
    for place, version, content in records:
        sealed = seal(Envelope(place.kind, version, 1, content))
        for start in place.slots:
            image[start : start + len(sealed)] = sealed
    return bytes(image)


def _newer(first: Envelope | None, second: Envelope | None) -> Envelope | None:
    if first is None or second is None:
        return first or second
    return second if second.is_newer_than(first) else first
