"""A board that remembers: the smallest thing that the wire can be proven with, so that a wrong byte cannot hide."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from ampguard_drivers.bus import Level
from ampguard_drivers.errors import NotAcknowledged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ampguard_drivers.simulated.protocol import I2cPart

EEPROM_ADDRESS = 0x50
PAGE = 32
INTERRUPT, END, TIMEOUTS, FRAMES, LENGTH = 1, 2, 3, 0x7F0, 0x7F1
PULSE = 2


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


class MemoryStage:
    scenario = "first"
    scenarios = ("first", "second")
    faults = ("crash",)
    elapsed_s = 1.5

    def __init__(self) -> None:
        self.injected: list[str] = []
        self.heaters_w = [0.0, 0.0, 0.0]
        self.drawn_a = [0.0, 0.0, 0.0]

    def heat(self, phase: int, power_w: float) -> None:
        if not 0 <= phase < len(self.heaters_w):
            raise ValueError(f"no phase {phase}")
        self.heaters_w[phase] = power_w

    def switch(self, scenario: str) -> None:
        if scenario not in self.scenarios:
            raise ValueError(f"no scenario {scenario}")
        self.scenario = scenario

    def inject(self, fault: str, arguments: Mapping[str, object]) -> None:
        if fault not in self.faults:
            raise ValueError(f"no fault {fault}")
        self.injected.append(f"{fault} {arguments}")


class MemoryBoard:
    """Words that read as their own address until written, 32 bits each, behind a 16-bit header as the chip has it.

    Word FRAMES counts the chip-select periods, LENGTH is the length of the one before. A 1 written to word INTERRUPT
    pulls the first interrupt line low, a 0 lets it go, PULSE lets it fall and rise at once. END ends the process,
    TIMEOUTS lets so many transfers fail. On I2C a 24C32 that is busy for two attempts after each write.
    """

    def __init__(self) -> None:
        self.words = {FRAMES: 0, LENGTH: 0, TIMEOUTS: 0}
        self.length = 0
        self.memory = bytearray(b"\xff" * 4096)
        self.pointer = 0
        self.busy = 0
        self.now_ns = 0
        self.lines = {pin: MemoryLine(Level.LOW) for pin in (13, 19, 16, 20, 21, 12, 7, 24, 25)}
        self.lines |= {pin: MemoryLine(Level.HIGH) for pin in (5, 6, 26)}

    def advance_to(self, monotonic_ns: int) -> None:
        self.now_ns = monotonic_ns

    def spi_frame(self, mosi: bytes) -> bytes:
        if self.words[TIMEOUTS]:
            self.words[TIMEOUTS] -= 1
            raise TimeoutError(errno.ETIMEDOUT, "the controller did not finish")
        self.words[FRAMES], self.words[LENGTH], self.length = self.words[FRAMES] + 1, self.length, len(mosi)
        header = int.from_bytes(mosi[:2], "big")
        address, reads = header >> 4, header & 8
        if reads:
            count = (len(mosi) + 1) // 4
            data = b"".join(self.words.get(address + n, address + n).to_bytes(4, "big") for n in range(count))
            return (b"\0\0" + data)[: len(mosi)]
        if len(mosi) == 6:
            self.words[address] = int.from_bytes(mosi[2:], "big")
            if address == END:
                os._exit(0)
            if address == INTERRUPT:
                self.lines[5].set(Level.LOW if self.words[INTERRUPT] else Level.HIGH, self.now_ns)
                if self.words[INTERRUPT] == PULSE:
                    self.lines[5].set(Level.HIGH, self.now_ns)
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
