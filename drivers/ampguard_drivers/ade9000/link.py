"""ADE9000: registers over SPI, none believed unchecked.

Every read that the chip covers with a CRC is checked and repeated a few times; every write is read back where the
register reads as it was written. What still fails is a named fault.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ampguard_drivers.ade9000 import frame
from ampguard_drivers.ade9000.fields import LOCK_KEY, UNLOCK_KEY
from ampguard_drivers.ade9000.registers import REGISTERS, Access, Register
from ampguard_drivers.bus import SpiFrame
from ampguard_drivers.errors import BusFault, ChipMissing, FrameCorrupt, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ampguard_drivers.bus import SpiBus

ATTEMPTS = 4
"""How often a transfer is tried before its failure is a fault."""

_MOST_AT_ONCE = 16
"""Reads in one message: command and answer take 128 bytes each of the kernel's 4096; more would gain little."""

_CRC_SPI = REGISTERS["CRC_SPI"]
_WR_LOCK = REGISTERS["WR_LOCK"]


class Waveform(NamedTuple):
    """A burst of the waveform buffer, and a register right before and after it; None: its checksum is wrong."""

    before: int | None
    data: bytes | None
    after: int | None


class RegisterLink:
    """The chip's registers and its waveform buffer, as checked reads and writes."""

    def __init__(self, spi: SpiBus) -> None:
        self._spi = spi
        self.corrupt_frames = 0
        """Transfers that had to be repeated, since the link exists."""
        self.lock_blocks_acknowledgement = False
        """Whether a locked chip also refuses to clear its status bits (`startup` finds out)."""
        self._locked = False

    def read(self, register: Register) -> int:
        """The unsigned value of a register.

        Raises ChipMissing where nothing drives the line, FrameCorrupt where the checksum keeps failing, BusFault.
        """
        return self.read_all([register])[0]

    def read_all(self, registers: Sequence[Register]) -> list[int]:
        """The unsigned values of registers, each by a read of its own, many in one message. Raises as `read` does."""
        found: list[int] = []
        for first in range(0, len(registers), _MOST_AT_ONCE):
            found += self._read_some(registers[first : first + _MOST_AT_ONCE])
        return found

    def write(self, register: Register, value: int) -> None:
        """Write and read back. Raises WriteRefused if the register keeps reading something else."""
        if register.access is not Access.READ_WRITE:
            raise ValueError(f"{register.name} is not for writing (access {register.access.value})")
        mask = register.read_back_mask
        found = 0
        for _ in range(ATTEMPTS):
            self._send(register, value)
            if not mask:
                return
            found = self.read(register)
            if found & mask == value & mask:
                return
        raise WriteRefused(
            f"{register.name} should hold {value & mask:#x} but reads {found & mask:#x} after {ATTEMPTS} attempts"
        )

    def acknowledge(self, register: Register, bits: int) -> None:
        """Clear these status bits and no others: what came in between stays."""
        self._spi.exchange(*self._acknowledging(register, bits))

    def lock(self) -> None:
        """Let the chip ignore writes to its configuration. Raises WriteRefused."""
        self._turn_lock(LOCK_KEY, expected=1)
        self._locked = True

    def forget(self) -> None:
        """The chip was reset: it is unlocked, and what was found out about its lock counts no more."""
        self._locked = False
        self.lock_blocks_acknowledgement = False

    @contextmanager
    def unlocked(self) -> Generator[None]:
        """The lock open for as long as the block lasts (it was never closed: nothing happens)."""
        if not self._locked:
            yield
            return
        self._send(_WR_LOCK, UNLOCK_KEY)
        self._locked = False
        try:
            yield
        finally:
            self._send(_WR_LOCK, LOCK_KEY)
            self._locked = True

    def read_waveform(
        self, address: int, length: int, beside: Register, acknowledged: tuple[Register, int]
    ) -> Waveform:
        """In one message: clear status bits, read a register, burst from `address`, and the register again.

        The chip computes one CRC over a whole fixed-rate burst and keeps it in CRC_SPI until the next read. Raises
        BusFault.
        """
        first, asked = self._acknowledging(*acknowledged), _reading(beside)
        burst = SpiFrame(frame.read_header(address), length)
        replies = self._spi.exchange(*first, asked, burst, _reading(_CRC_SPI), asked)
        before, data, checksum, after = replies[len(first) :]
        found = Waveform(
            frame.value_of(before),
            data if frame.value_of(checksum) == frame.checksum(data) else None,
            frame.value_of(after),
        )
        self.corrupt_frames += found.count(None)
        return found

    def _turn_lock(self, key: int, *, expected: int) -> None:
        found = 0
        for _ in range(ATTEMPTS):
            self._send(_WR_LOCK, key)
            found = self.read(_WR_LOCK)
            if found == expected:
                return
        raise WriteRefused(f"WR_LOCK should read {expected} after key {key:#06x} but reads {found:#x}")

    def _acknowledging(self, register: Register, bits: int) -> list[SpiFrame]:
        if register.access is not Access.WRITE_1_TO_CLEAR:
            raise ValueError(f"{register.name} has no bits to acknowledge (access {register.access.value})")
        if self._locked and self.lock_blocks_acknowledgement:
            return [_writing(_WR_LOCK, UNLOCK_KEY), _writing(register, bits), _writing(_WR_LOCK, LOCK_KEY)]
        return [_writing(register, bits)]

    def _read_some(self, registers: Sequence[Register]) -> list[int]:
        """As many as one message takes; what did not come well is asked for again."""
        values: dict[Register, int] = {}
        last, reply = registers[0], b""
        for attempt in range(1, ATTEMPTS + 1):
            wanted = [register for register in registers if register not in values]
            try:
                replies = self._spi.exchange(*map(_reading, wanted))
            except BusFault:
                if attempt == ATTEMPTS:
                    raise
                self.corrupt_frames += 1
                continue
            for register, came in zip(wanted, replies, strict=True):
                value = frame.value_of(came)
                if value is None:
                    self.corrupt_frames += 1
                    last, reply = register, came
                else:
                    values[register] = value
            if len(values) == len(registers):
                return [values[register] for register in registers]
        raise _unreadable(last.name, reply)

    def _send(self, register: Register, value: int) -> None:
        self._spi.exchange(_writing(register, value))


def _reading(register: Register) -> SpiFrame:
    return SpiFrame(frame.read_header(register.address), frame.reply_length(register.width_bits))


def _writing(register: Register, value: int) -> SpiFrame:
    return SpiFrame(frame.write_frame(register.address, value, register.width_bits))


def _unreadable(name: str, reply: bytes) -> ChipMissing | FrameCorrupt:
    found = reply.hex(" ") or "nothing"
    if frame.is_silence(reply):
        return ChipMissing(f"nothing answers at the SPI bus: {name} read {found} in all of {ATTEMPTS} attempts")
    return FrameCorrupt(f"the checksum of {name} failed in all of {ATTEMPTS} attempts; last reply {found}")
