"""What the store tells people of a unit: whether all of its readings are there, and if not, which and why."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ampguard_hil.cloud.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.store import ReceivedEvent, Store

_T = TypeVar("_T")


class Told:
    """The store, looked at in a thread of its own: who looks never keeps a unit waiting."""

    def __init__(self, where: str | Path) -> None:
        self._where = where
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="told")

    async def account(self, serial: str) -> Account:
        """Whether all of a unit's readings are there, and if not, which and why. Raises StoreError."""
        return await self._looked(lambda store: store.account(serial))

    async def events(self, serial: str, limit: int, *, without: str | None = None) -> list[ReceivedEvent]:
        """The newest first, but those of that kind. Raises StoreError."""

        def look(store: Store) -> list[ReceivedEvent]:
            return [one for one in reversed(store.events(serial)) if one.kind != without][:limit]

        return await self._looked(look)

    async def close(self) -> None:
        """Close."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _looked(self, look: Callable[[Store], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: look(self._opened()))

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _opened(self) -> Store:
        if self._store is None:
            self._store = open_store(self._where)
        return self._store


def body_of(event: ReceivedEvent) -> Mapping[str, Json]:
    """What an event says of itself, without what names it."""
    whole: dict[str, Json] = json.loads(event.body)
    match whole.get("event"):
        case dict() as body:
            return body
        case _:
            return whole
