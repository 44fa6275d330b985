"""What the tab System needs for updates: the seam that `ampguard.services.web_update` fills in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

LARGEST = 600 << 20
"""Bytes of a bundle: more than both partitions of a slot hold."""


@dataclass(frozen=True, slots=True)
class UpdateState:
    """Where the last update is, as `ampguard.update.state` has it."""

    runs: str | None
    """The version that runs; None where the unit has no slots."""
    state: str
    version: str | None
    percent: int | None
    kind: str | None
    sentence: str | None
    who: str | None
    utc: str | None


class Taking(Protocol):
    """A bundle that comes in."""

    async def take(self, piece: bytes) -> None:
        """The next bytes. Raises RefusedError."""
        ...

    async def whole(self) -> None:
        """All of it is there: it is to be installed. Raises RefusedError."""
        ...


class Updates(Protocol):
    """Of the unit."""

    def now(self) -> UpdateState:
        """How it goes. Blocks."""
        ...

    def taking(self, size: int | None, who: str) -> AbstractContextManager[Taking]:
        """Ready for a bundle of that many bytes; what is not whole at the end goes. Raises RefusedError. Blocks."""
        ...

    def fetch(self, url: str, who: str) -> None:
        """Have the unit fetch one and install it. Raises RefusedError. Blocks."""
        ...
