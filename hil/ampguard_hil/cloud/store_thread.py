"""A store and the one thread that may touch it, for whoever must not wait in a thread of theirs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ampguard_hil.cloud.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ampguard_hil.cloud.store import Store

_T = TypeVar("_T")


class StoreThread:
    """Does one thing after the other; the store is opened at first use, and again where that failed."""

    def __init__(self, where: str | Path, name: str) -> None:
        self._where = where
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def do(self, work: Callable[[Store], _T]) -> _T:
        """What the work gives. Raises StoreError, and what the work raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._opened()))

    async def close(self) -> None:
        """Finish what is under way, and close."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _opened(self) -> Store:
        if self._store is None:
            self._store = open_store(self._where)
        return self._store

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
