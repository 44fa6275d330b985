"""Questions that cost much take turns: a few at once, a few wait for a moment, the others are told to come back."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

WAIT_S = 4.0
RETRY_S = 3.0


class Turns:
    """Of one kind of question."""

    def __init__(self, at_once: int, waiting: int, what: str = "the journal", *, each: int | None = None) -> None:
        """`what`: they look into; `each`: so many of all places are there for one who asks."""
        self._what = what
        self._free = asyncio.Semaphore(at_once)
        self._places = at_once + waiting
        self._each = self._places if each is None else each
        self._taken: list[Hashable] = []

    @asynccontextmanager
    async def one(self, who: Hashable = None) -> AsyncGenerator[None, None]:
        """A turn, as soon as there is one. Raises RefusedError."""
        if len(self._taken) >= self._places or self._taken.count(who) >= self._each:
            raise self._busy()
        self._taken.append(who)
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
            self._taken.remove(who)

    def _busy(self) -> RefusedError:
        return RefusedError(503, "busy", f"wanted to look into {self._what}, met others who do", RETRY_S)
