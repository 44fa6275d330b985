"""What the store tells people of a unit: whether all of its readings are there, and if not, which and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ampguard_hil.cloud.store_thread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.store import BootReport, ReceivedEvent


class Told:
    """The store, looked at in threads of its own: who looks never keeps a unit waiting.

    One of them counts what has no time of day, as every history wants it: none of these waits for somebody's account.
    """

    def __init__(self, where: str | Path) -> None:
        self._store = StoreThread(where, "told")
        self._counting = StoreThread(where, "undated")

    async def boots(self, serial: str) -> Sequence[BootReport]:
        """What is there of a unit, boot by boot. Raises StoreError."""
        return await self._store.do(lambda store: store.completeness(serial))

    async def account(self, serial: str, since_utc: str = "") -> Account:
        """Whether all of a unit's readings are there, and if not, which and why; since then. Raises StoreError."""
        return await self._store.do(lambda store: store.account(serial, since_utc=since_utc))

    async def undated(self, serial: str, interval: str, since_utc: str) -> int:
        """How many readings since then have no time of day, and so are in no span. Raises StoreError."""
        return await self._counting.do(lambda store: store.undated(serial, interval, since_utc=since_utc))

    async def events(
        self, serial: str, limit: int, since_utc: str, *, without: str | None = None
    ) -> list[ReceivedEvent]:
        """Those since then, the newest first, but those of that kind. Raises StoreError."""
        return await self._store.do(lambda store: store.newest(serial, limit, without=without, since_utc=since_utc))

    async def close(self) -> None:
        """Close."""
        await self._store.close()
        await self._counting.close()


def body_of(event: ReceivedEvent) -> Mapping[str, Json]:
    """What an event says of itself, without what names it."""
    whole: dict[str, Json] = json.loads(event.body)
    match whole.get("event"):
        case dict() as body:
            return body
        case _:
            return whole
