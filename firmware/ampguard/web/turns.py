"""Questions that cost much take turns: a few at once, a few wait for a moment, the others are told to come back."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

WAIT_S = 4.0
RETRY_S = 3.0


class Turns:
    """Of one kind of question."""

    def __init__(self, at_once: int, waiting: int, what: str = "the journal") -> None:
        """`what`: they look into."""
        self._what = what
        self._free = asyncio.Semaphore(at_once)
        self._places = at_once + waiting
        self._taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None, None]:
        """A turn, as soon as there is one. Raises RefusedError."""
        if self._taken >= self._places:
            raise self._busy()
        self._taken += 1
        try:
            try:
                async with asyncio.timeout(WAIT_S):
                    await self._free.acquire()
            except TimeoutError as why:
                raise self._busy() from why
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._taken -= 1

    def _busy(self) -> RefusedError:
        return RefusedError(503, "busy", f"wanted to look into {self._what}, met others who do", RETRY_S)
