"""The seams to the electronics: what a driver needs of SPI, I2C, a GPIO line and of time.

`ampguard_drivers.linux` implements them on a Raspberry Pi, `ampguard_drivers.simulated` on nothing at all.
A driver is handed objects of these kinds and never opens a device itself.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol


class Level(Enum):
    """The electrical level of a line (not its meaning: an interrupt of these chips is active LOW)."""

    LOW = 0
    HIGH = 1


class SpiFrame(NamedTuple):
    """One chip-select period: clock out `sent`, then clock in `receive_length` bytes (sending zeros)."""

    sent: bytes
    receive_length: int = 0


class SpiBus(Protocol):
    """One chip select on an SPI bus, MSB first, 8 bits a word."""

    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        """Some frames in this order, at once; each that is empty is left out.

        Returns exactly `receive_length` bytes for each; what came in while `sent` went out is dropped. Raises BusFault:
        nobody knows which frames the chip has seen. In one call fit 4096 bytes each way, of which each part of a frame
        takes a multiple of 128 (the kernel aligns them for DMA); that is half a waveform buffer of 8 words a set.
        """
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class I2cBus(Protocol):
    """An I2C bus as its only master."""

    def write(self, address: int, data: bytes) -> None:
        """Write to a 7-bit address. Raises BusFault; a missing acknowledge is a `NotAcknowledged`."""
        ...

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        """Write, repeated start, read. Raises as `write` does."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class InputLine(Protocol):
    """A GPIO line that is read: an interrupt or a button."""

    def level(self) -> Level:
        """The level at this moment."""
        ...

    def wait_low(self, timeout_s: float) -> bool:
        """Wait until the line is low; True at once if it is low already, False after `timeout_s`.

        Level, not edge: a line that fell before anybody waited is still seen (RSTDONE does that at boot).
        """
        ...

    def close(self) -> None:
        """Give the line back."""
        ...


class OutputLine(Protocol):
    """A GPIO line that is driven: reset, power mode, a light."""

    def drive(self, level: Level) -> None:
        """Set the level."""
        ...

    def close(self) -> None:
        """Give the line back."""
        ...


class Clock(Protocol):
    """Monotonic time, and letting it pass. Virtual in tests, where a pause moves the simulation on."""

    def now_ns(self) -> int:
        """Nanoseconds of a monotonic clock."""
        ...

    def pause(self, duration_s: float) -> None:
        """Return when `duration_s` has passed."""
        ...
