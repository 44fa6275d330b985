"""24C32-class I2C EEPROM as its data sheets have it: 4096 bytes, pages of 32 that roll over, 5 ms to write one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.errors import NotAcknowledged

if TYPE_CHECKING:
    from ampguard_drivers.simulated.clocks import RealClock, VirtualClock

SIZE = 4096
PAGE = 32
WRITE_NS = 5_000_000
_POINTER_BYTES = 2


class EepromModel:
    """The chip; `memory` can be looked into and changed from outside (a bit that rotted, a torn page)."""

    def __init__(self, clock: RealClock | VirtualClock, image: bytes = b"") -> None:
        self.memory = bytearray(image.ljust(SIZE, b"\xff"))
        self._clock = clock
        self._pointer = 0
        self._busy_until_ns = 0
        self._writing: tuple[int, bytes, int] | None = None
        """Page start, what the page held, and when its writing began."""

    def write(self, data: bytes) -> None:
        """A write transfer: two bytes of address, then data into one page. Raises NotAcknowledged."""
        self._acknowledge()
        if len(data) < _POINTER_BYTES:
            return
        self._pointer = int.from_bytes(data[:2], "big") % SIZE
        content = data[2:]
        if not content:
            return
        start = self._pointer - self._pointer % PAGE
        self._writing = (start, bytes(self.memory[start : start + PAGE]), self._clock.now_ns())
        for byte in content:
            self.memory[self._pointer] = byte
            self._pointer = start + (self._pointer + 1) % PAGE
        self._busy_until_ns = self._clock.now_ns() + WRITE_NS

    def read(self, length: int) -> bytes:
        """A read transfer from the pointer on; it wraps at the end of the memory. Raises NotAcknowledged."""
        self._acknowledge()
        data = bytes(self.memory[(self._pointer + offset) % SIZE] for offset in range(length))
        self._pointer = (self._pointer + length) % SIZE
        return data

    def cut_power(self) -> None:
        """A page whose writing had not ended keeps as many of its new bytes as time allowed; the next one is spoilt."""
        if self._writing and self._clock.now_ns() < self._busy_until_ns:
            start, before, began_ns = self._writing
            done = PAGE * (self._clock.now_ns() - began_ns) // WRITE_NS
            for offset in range(done, PAGE):
                if self.memory[start + offset] != before[offset]:
                    self.memory[start + offset] = 0xFF if offset == done else before[offset]
        self._writing = None
        self._busy_until_ns = 0

    def tear_page(self, start: int) -> None:
        """Leave the page that begins there as a power cut amid its writing would: the second half erased."""
        middle = start + PAGE // 2
        self.memory[middle : start + PAGE] = b"\xff" * (PAGE // 2)

    def _acknowledge(self) -> None:
        if self._clock.now_ns() < self._busy_until_ns:
            raise NotAcknowledged("the EEPROM does not acknowledge its address")
