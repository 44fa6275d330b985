"""A board that remembers: the smallest thing that the wire can be proven with, so that a wrong byte cannot hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.bus import Level
from ampguard_drivers.errors import NotAcknowledged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ampguard_drivers.simulated.protocol import I2cPart

EEPROM_ADDRESS = 0x50
PAGE = 32


class MemoryLine:
    def __init__(self, level: Level) -> None:
        self._level = level
        self._watchers: list[Callable[[Level, int], None]] = []

    def level(self) -> Level:
        return self._level

    def drive(self, level: Level) -> None:
        self.set(level, 0)

    def watch(self, callback: Callable[[Level, int], None]) -> None:
        self._watchers.append(callback)

    def set(self, level: Level, monotonic_ns: int) -> None:
        if level is not self._level:
            self._level = level
            for watcher in self._watchers:
                watcher(level, monotonic_ns)


class MemoryBoard:
    """SPI: 12-bit address, bit 3 = read, 32-bit words that count up from the address; I2C: a memory that is busy twice
    after each write; a 1 written to register 1 pulls line 5 low, a 0 lets it go."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.words: dict[int, int] = {}
        self.memory = bytearray(b"\xff" * 4096)
        self.pointer = 0
        self.busy = 0
        self.now_ns = 0
        self.lines = {pin: MemoryLine(Level.LOW) for pin in (13, 19, 16, 20, 21, 12, 7, 8, 25)}
        self.lines |= {pin: MemoryLine(Level.HIGH) for pin in (5, 6, 26)}

    def advance_to(self, monotonic_ns: int) -> None:
        self.now_ns = monotonic_ns

    def spi_frame(self, mosi: bytes) -> bytes:
        self.frames.append(mosi)
        header = int.from_bytes(mosi[:2], "big")
        address, reads = header >> 4, header & 8
        if reads:
            count = (len(mosi) + 1) // 4
            data = b"".join(self.words.get(address + n, address + n).to_bytes(4, "big") for n in range(count))
            return (b"\0\0" + data)[: len(mosi)]
        if len(mosi) == 6:
            self.words[address] = int.from_bytes(mosi[2:], "big")
            if address == 1:
                self.lines[5].set(Level.LOW if self.words[1] else Level.HIGH, self.now_ns)
        return bytes(len(mosi))

    def i2c_transfer(self, messages: Sequence[I2cPart]) -> list[bytes]:
        read = []
        for message in messages:
            if message.address != EEPROM_ADDRESS:
                raise NotAcknowledged("no such device")
            if self.busy:
                self.busy -= 1
                raise NotAcknowledged("busy")
            if message.data is None:
                found = bytes(self.memory[(self.pointer + n) % 4096] for n in range(message.receive_length))
                self.pointer += message.receive_length
                read.append(found)
            elif message.data:
                self.pointer = int.from_bytes(message.data[:2], "big") % 4096
                for number, byte in enumerate(message.data[2:]):
                    start = self.pointer - self.pointer % PAGE
                    self.memory[start + (self.pointer + number) % PAGE] = byte
                self.busy = 2 if len(message.data) > 2 else 0
        return read
