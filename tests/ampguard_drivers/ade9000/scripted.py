"""A scripted ADE9000 for the driver's tests: as much of the data sheet as the driver relies on, in virtual time.

Written from the data sheet alone. It knows registers, checksums, the lock, resets, the waveform buffer and the two
interrupt lines, and misbehaves when its attributes say so. Sample n of channel c has the code 16 * n + c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ampguard_drivers.board import MeteringParts
from ampguard_drivers.bus import Level, SpiFrame

PAGE_NS = 2_000_000
BOOT_NS = 48_000_000

RESETS = {
    0x26A: 0xC,
    0x409: 0xFFFFFF,
    0x40E: 0x500000,
    0x40F: 0x45D45,
    0x411: 0x7FFFFF,
    0x412: 0x7FFFFF,
    0x413: 0x7FFFFF,
    0x414: 0xFFFFFF,
    0x418: 0xA00000,
    0x419: 0xA00000,
    0x41A: 0xA00000,
    0x41B: 0xA00000,
    0x472: 0x00100000,
    0x474: 0x0A0048F6,
    0x493: 0xF000,
    0x49A: 0x1E,
    0x49C: 0xFF,
    0x4AF: 0xC00,
    0x4B1: 0xFF,
    0x4B2: 0xFF,
    0x4B7: 0x3C0,
    0x4FE: 0xFE,
}
MASKS = {0x409: 0xFFFFFF, 0x40F: 0xFFFFFF, 0x410: 0xFFFFFF, 0x414: 0xFFFFFF, 0x4B1: 0x1FFF, 0x4B2: 0x1FFF}
READ_ONLY = {0x404, 0x472, 0x474, 0x4A3, 0x4A8, 0x4A9, 0x4B7, 0x4FE, *range(0x20A, 0x270), *range(0x482, 0x48B)}
CONFIGURATION = (
    *range(0x74),
    *(0x405, 0x406, 0x407, 0x409, 0x40E, 0x40F, 0x410, 0x414),
    *(0x41C, 0x41D, 0x41E, 0x420, 0x421, 0x422, 0x424, 0x425),
    *(0x480, 0x481, 0x48B, 0x48C, *range(0x490, 0x49D), 0x4A0, 0x4A1, 0x4A2, 0x4AF, 0x4B0, 0x4B1, 0x4B2, 0x4B5, 0x4B6),
)


def crc(data: bytes) -> int:
    """Bit by bit, as the data sheet describes it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


@dataclass
class ScriptedClock:
    ns: int = 10**9

    def now_ns(self) -> int:
        return self.ns

    def pause(self, duration_s: float) -> None:
        self.ns += round(duration_s * 1e9)


@dataclass
class ScriptedChip:
    clock: ScriptedClock = field(default_factory=ScriptedClock)
    byte_ns: int = 800
    """10 MHz."""
    transfer_ns: int = 15_000

    present: bool = True
    silent_level: int = 0xFF
    never_ready: bool = False
    identity: dict[int, int] = field(default_factory=dict)
    lock_blocks_status: bool = False
    irq0_dead: bool = False
    irq0_stuck: bool = False
    irq1_stuck: bool = False
    frozen: bool = False
    refused: set[int] = field(default_factory=set)
    lost_writes: int = 0
    corrupt: int = 0
    """So many replies to come have a flipped bit."""
    corrupt_bursts: int = 0
    delay_before_burst_ns: int = 0
    temperature_dead: bool = False

    def __post_init__(self) -> None:
        self.registers: dict[int, int] = {}
        self.transfers: list[bytes] = []
        self.messages = 0
        self.ready_ns = 0
        self.in_reset = False
        self.last_page = 0
        self.pages = 0
        self.capture_ns: int | None = None
        self.restart()

    # -- pins
    def restart(self) -> None:
        """What a reset does: a pin, or a disturbance."""
        self.registers = dict(RESETS) | self.identity
        self.capture_ns, self.pages, self.last_page = None, 0, 0
        self.ready_ns = self.clock.ns + BOOT_NS
        self.booted = False

    def advance(self) -> None:
        now = self.clock.ns
        if not self.booted and now >= self.ready_ns and not self.in_reset and not self.never_ready:
            self.booted = True
            self.registers[0x403] = self.registers.get(0x403, 0) | 1 << 16
        if self.capture_ns is not None and not self.frozen:
            pages = (now - self.capture_ns) // PAGE_NS
            for page in range(self.pages, pages):
                self.last_page = page % 16
                if self.registers.get(0x4A1, 0) >> self.last_page & 1:
                    self.registers[0x402] = self.registers.get(0x402, 0) | 1 << 17
            self.pages = pages

    def irq0_low(self) -> bool:
        self.advance()
        active = self.booted and bool(self.registers.get(0x402, 0) & self.registers.get(0x405, 0))
        return self.present and (self.irq0_stuck or (active and not self.irq0_dead))

    def irq1_low(self) -> bool:
        self.advance()
        unmaskable = 1 << 16 | 1 << 28 | 1 << 29
        enabled = self.registers.get(0x406, 0) | unmaskable
        return self.present and (self.irq1_stuck or (self.booted and bool(self.registers.get(0x403, 0) & enabled)))

    # -- bus
    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        self.messages += 1
        return [self.exchange_one(*one) for one in frames]

    def exchange_one(self, sent: bytes, receive_length: int) -> bytes:
        self.transfers.append(sent)
        header = int.from_bytes(sent[:2], "big")
        address, reading = header >> 4, bool(header & 8)
        if address >= 0x800 and reading:
            self.clock.ns += self.delay_before_burst_ns
            self.delay_before_burst_ns = 0
        self.clock.ns += self.transfer_ns
        self.advance()
        if not self.present or not self.booted:
            self.clock.ns += (len(sent) + receive_length) * self.byte_ns
            return bytes([self.silent_level]) * receive_length
        reply = b""
        if not reading:
            self.write(address, sent[2:])
        elif address >= 0x800:
            reply = self.burst(address, receive_length)
        else:
            reply = self.read(address, receive_length)
        self.clock.ns += (len(sent) + receive_length) * self.byte_ns
        return reply

    def close(self) -> None:
        pass

    def read(self, address: int, length: int) -> bytes:
        width = 2 if 0x480 <= address <= 0x4FE else 4
        value = self.value(address)
        data = value.to_bytes(width, "big")
        checksum = crc(data)
        self.registers[0x4A9] = checksum
        reply = (data + checksum.to_bytes(2, "big"))[:length]
        if self.corrupt:
            self.corrupt -= 1
            reply = bytes([reply[0] ^ 0x40]) + reply[1:]
        return reply

    def value(self, address: int) -> int:
        if address == 0x4A3:
            return self.last_page << 12
        if address == 0x4A8:
            return self.configuration_checksum()
        return self.registers.get(address, 0)

    def configuration_checksum(self) -> int:
        return crc(b"".join(self.registers.get(address, 0).to_bytes(4, "big") for address in CONFIGURATION))

    def burst(self, address: int, length: int) -> bytes:
        columns = 7 if self.registers.get(0x4A0, 0) & 1 << 12 else 6
        first_set = (address - 0x800) // 8
        rows = -(-length // (4 * columns))
        now_sample = (self.clock.ns - (self.capture_ns or 0)) * 16 // PAGE_NS
        sets = (first_set + np.arange(rows)) % 256
        newest = now_sample - 1 - (now_sample - 1 - sets) % 256
        codes = newest[:, None] * 16 + np.arange(columns)
        data = codes.astype(">i4").tobytes()[:length]
        checksum = crc_fast(data)
        self.registers[0x4A9] = checksum
        if self.corrupt_bursts:
            self.corrupt_bursts -= 1
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        return data

    def write(self, address: int, data: bytes) -> None:
        width = 2 if 0x480 <= address <= 0x4FE else 4
        if len(data) < width:
            return
        if self.lost_writes:
            self.lost_writes -= 1
            return
        value = int.from_bytes(data[:width], "big")
        locked = self.registers.get(0x4BF, 0)
        if address == 0x4BF:
            self.registers[0x4BF] = {0x3C64: 1, 0x4AD1: 0}.get(value, locked)
            return
        is_status = address in (0x402, 0x403)
        if locked and (address <= 0x73 or 0x400 <= address <= 0x4FE) and (self.lock_blocks_status or not is_status):
            return
        if address in READ_ONLY or address in self.refused:
            return
        if is_status:
            self.registers[address] = self.registers.get(address, 0) & ~value
            return
        self.registers[address] = value & MASKS.get(address, 0xFFFFFFFF)
        self.react(address, value)

    def react(self, address: int, value: int) -> None:
        if address == 0x4A0:
            if not value & 1 << 4:
                self.capture_ns, self.last_page, self.pages = None, 0, 0
            elif self.registers.get(0x480, 0) and self.capture_ns is None:
                self.capture_ns, self.pages = self.clock.ns, 0
        elif address == 0x4B4 and value & 1:
            self.registers[0x4B4] = 0
            self.registers[0x403] = self.registers.get(0x403, 0) | 1 << 27
        elif address == 0x4B6 and value & 8:
            self.registers[0x4B6] &= ~8
            if not self.temperature_dead:
                self.registers[0x402] = self.registers.get(0x402, 0) | 1 << 25

    # -- a board around it
    def parts(self) -> MeteringParts:
        return MeteringParts(
            spi=self,
            i2c=NoI2c(),
            irq0=ScriptedLine(self, 0),
            irq1=ScriptedLine(self, 1),
            reset=ResetPin(self),
            pm1=Pin(),
            clock=self.clock,
            eeprom_address=0x50,
        )


def crc_fast(data: bytes) -> int:
    """The same, a byte at a time."""
    value = 0xFFFF
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _TABLE[value >> 8 ^ byte]
    return value


def _entry(index: int) -> int:
    value = index << 8
    for _ in range(8):
        value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


_TABLE = [_entry(index) for index in range(256)]


@dataclass
class ScriptedLine:
    chip: ScriptedChip
    number: int

    def is_low(self) -> bool:
        return self.chip.irq0_low() if self.number == 0 else self.chip.irq1_low()

    def level(self) -> Level:
        return Level.LOW if self.is_low() else Level.HIGH

    def wait_low(self, timeout_s: float) -> bool:
        end = self.chip.clock.ns + round(timeout_s * 1e9)
        while not self.is_low():
            if self.chip.clock.ns >= end:
                return False
            self.chip.clock.ns = min(end, self.chip.clock.ns + 100_000)
        return True

    def close(self) -> None:
        pass


@dataclass
class Pin:
    level: Level | None = None

    def drive(self, level: Level) -> None:
        self.level = level

    def close(self) -> None:
        pass


@dataclass
class ResetPin(Pin):
    chip: ScriptedChip = field(default_factory=ScriptedChip)

    def __init__(self, chip: ScriptedChip) -> None:
        self.chip = chip
        self.level = None

    def drive(self, level: Level) -> None:
        self.level = level
        self.chip.in_reset = level is Level.LOW
        self.chip.restart()


class NoI2c:
    """The chip driver has no business here."""

    def write(self, address: int, data: bytes) -> None:
        raise AssertionError(f"write to I2C address {address:#x}: {data.hex()}")

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        raise AssertionError(f"read of {receive_length} bytes from I2C address {address:#x} after {data.hex()}")

    def close(self) -> None:
        pass
