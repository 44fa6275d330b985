"""24C32-class I2C EEPROM (Microchip 24AA32A, DS20001713): 4096 bytes in pages of 32.

A write must stay within a page (it would wrap round inside it), and while the memory writes (5 ms, some 10) it does
not acknowledge its address.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ampguard_drivers.errors import MemoryMissing, NotAcknowledged

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.bus import Clock, I2cBus

T = TypeVar("T")

SIZE = 4096
PAGE = 32

_READ_CHUNK = 256
_WRITE_CYCLE_NS = 50_000_000
"""Five times the slowest write cycle of the class."""
_POLL_S = 0.001


class Eeprom:
    """One memory on the bus."""

    def __init__(self, i2c: I2cBus, clock: Clock, address: int) -> None:
        self._i2c = i2c
        self._clock = clock
        self._address = address

    def read(self, start: int, length: int) -> bytes:
        """The bytes from `start`. Raises MemoryMissing, BusFault."""
        _check_range(start, length)
        read = bytearray()
        for at in range(start, start + length, _READ_CHUNK):
            wanted = min(_READ_CHUNK, start + length - at)
            read += self._acknowledged(partial(self._i2c.write_read, self._address, _pointer(at), wanted))
        return bytes(read)

    def write(self, start: int, data: bytes) -> None:
        """Write the bytes from `start` and wait until they are kept. Raises MemoryMissing, BusFault."""
        _check_range(start, len(data))
        at = start
        while at < start + len(data):
            end = min(start + len(data), (at // PAGE + 1) * PAGE)
            page = _pointer(at) + data[at - start : end - start]
            self._acknowledged(partial(self._i2c.write, self._address, page))
            at = end
        # the last page is still being written: done when the memory takes an address again
        self._acknowledged(partial(self._i2c.write, self._address, _pointer(start)))

    def _acknowledged(self, transfer: Callable[[], T]) -> T:
        """Repeat the transfer until the memory acknowledges it, as it does not while it writes."""
        deadline_ns = self._clock.now_ns() + _WRITE_CYCLE_NS
        while True:
            try:
                return transfer()
            except NotAcknowledged as silent:
                if self._clock.now_ns() > deadline_ns:
                    raise MemoryMissing(
                        f"an EEPROM at I2C address {self._address:#04x} should acknowledge within"
                        f" {_WRITE_CYCLE_NS / 1e9:g} s, but nothing did"
                    ) from silent
                self._clock.pause(_POLL_S)


def _pointer(at: int) -> bytes:
    return at.to_bytes(2, "big")


def _check_range(start: int, length: int) -> None:
    if not 0 <= start <= start + length <= SIZE:
        raise ValueError(f"bytes {start} to {start + length} are not within a memory of {SIZE}")
