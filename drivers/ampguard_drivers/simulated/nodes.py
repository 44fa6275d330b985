"""What a device file of a simulated board is to the server, and what a board must offer to be served.

A node takes one request of `protocol` and gives the answer, or raises OSError with the number that the kernel would
have given: `spinode`, `i2cnode`, `gpionode`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ampguard_drivers.bus import Level
from ampguard_drivers.simulated.protocol import I2cPart, Operation


class ServedLine(Protocol):
    """What a server needs of a GPIO line."""

    def level(self) -> Level:
        """The level now."""
        ...

    def drive(self, level: Level) -> None:
        """Set the level from outside the board."""
        ...

    def watch(self, callback: Callable[[Level, int], None]) -> None:
        """Have `callback(level, monotonic_ns)` called at each change."""
        ...


class ServedBoard(Protocol):
    """What a server needs of a board."""

    @property
    def lines(self) -> Mapping[int, ServedLine]:
        """The lines by GPIO number."""
        ...

    def spi_frame(self, mosi: bytes) -> bytes:
        """One chip-select period."""
        ...

    def i2c_transfer(self, messages: Sequence[I2cPart]) -> list[bytes]:
        """One transfer up to the stop condition; the bytes of those messages that read. Raises NotAcknowledged."""
        ...

    def advance_to(self, monotonic_ns: int) -> None:
        """Let the board live until then."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One packet of a client, taken apart."""

    operation: Operation
    argument: int
    code: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; a negative result is never answered but raised."""

    result: int = 0
    payload: bytes = b""
    lines: HeldLines | None = None
    """Lines that were given out: the server makes their descriptors."""


class Node(Protocol):
    """An opened device."""

    def answer(self, request: Request) -> Answer:
        """Do what is asked. Raises OSError as the kernel would."""
        ...

    def release(self) -> None:
        """The client is gone or has closed the device."""
        ...


class HeldLines(Node, Protocol):
    """Lines that somebody holds: a node with edge events."""

    events: socket.socket | None
    """Where edges go; non-blocking."""


def refusal(number: int) -> OSError:
    """What a node raises: the kernel's error of that number."""
    return OSError(number, os.strerror(number))
