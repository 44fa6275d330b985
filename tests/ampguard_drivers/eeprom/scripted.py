"""A scripted 24C32: pages that wrap, a write cycle without acknowledge, and a power that can fail at any byte."""

from __future__ import annotations

from dataclasses import dataclass, field

from ampguard_drivers.errors import NotAcknowledged

WRITE_CYCLE_NS = 5_000_000


class PowerFailed(Exception):
    """The power went while a byte was written."""


@dataclass
class ScriptedClock:
    ns: int = 0

    def now_ns(self) -> int:
        return self.ns

    def pause(self, duration_s: float) -> None:
        self.ns += round(duration_s * 1e9)


@dataclass
class ScriptedEeprom:
    clock: ScriptedClock = field(default_factory=ScriptedClock)
    address: int = 0x50
    content: bytearray = field(default_factory=lambda: bytearray(b"\xff" * 4096))
    bytes_until_power_fails: int | None = None
    torn_page: bool = False
    """The page in which the power failed is left in disorder, not only half written."""
    page_writes: list[tuple[int, int]] = field(default_factory=list)
    busy_until_ns: int = 0
    pointer: int = 0

    def _acknowledge(self, address: int) -> None:
        self.clock.ns += 100_000
        if address != self.address or self.clock.ns < self.busy_until_ns:
            raise NotAcknowledged(f"no acknowledge from {address:#04x}")

    def write(self, address: int, data: bytes) -> None:
        self._acknowledge(address)
        self.pointer = int.from_bytes(data[:2], "big") % 4096
        written = data[2:]
        if not written:
            return
        self.page_writes.append((self.pointer, len(written)))
        page = self.pointer // 32 * 32
        for offset, value in enumerate(written):
            if self.bytes_until_power_fails is not None:
                if self.bytes_until_power_fails == 0:
                    if self.torn_page:
                        self.content[page : page + 32] = bytes((byte * 7 + 13) & 0xFF for byte in range(32))
                    raise PowerFailed
                self.bytes_until_power_fails -= 1
            self.content[page + (self.pointer - page + offset) % 32] = value
        self.busy_until_ns = self.clock.ns + WRITE_CYCLE_NS

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        self.write(address, data)
        end = self.pointer + receive_length
        return bytes(self.content[self.pointer : end])

    def close(self) -> None:
        pass
