"""What the store tells people of a unit: whether all of its readings are there, and if not, which and why."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ampguard_hil.cloud.account import SENTENCES
from ampguard_hil.cloud.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard_hil.cloud.account import Account, Break
    from ampguard_hil.cloud.store import BootReport, ReceivedEvent, Store

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Hole:
    """Readings that are not there."""

    from_utc: str | None
    to_utc: str | None
    readings: int | None
    """How many; None where nobody can know."""
    reason: str
    explained: bool
    """Whether the unit itself has said why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Whether all readings are there."""

    sentence: str
    readings: int
    missing: int
    """Readings that the unit numbered and that are not here."""
    holes: tuple[Hole, ...]


class Told:
    """The store, looked at in a thread of its own: who looks never keeps a unit waiting."""

    def __init__(self, where: str | Path) -> None:
        self._where = where
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="told")

    async def completeness(self, serial: str) -> tuple[list[BootReport], Statement]:
        """Boot by boot, and in words. Raises StoreError."""

        def look(store: Store) -> tuple[list[BootReport], Statement]:
            return store.completeness(serial), statement(store.account(serial))

        return await self._looked(look)

    async def events(self, serial: str, limit: int) -> list[ReceivedEvent]:
        """The newest first. Raises StoreError."""
        return await self._looked(lambda store: store.events(serial)[: -limit - 1 : -1])

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


def statement(account: Account) -> Statement:
    """What an account means, the newest hole first."""
    # before the first start of a unit there was nothing that could be missing
    breaks = [one for one in account.breaks if one.after is not None or one.reason != "new_journal"]
    holes = tuple(_hole(one) for one in reversed(breaks))
    missing = sum(hole.readings or 0 for hole in holes)
    return Statement(_sentence(account, holes, missing), account.readings, missing, holes)


def reason_of(word: str) -> str:
    """Why readings are not there, for people."""
    return SENTENCES.get(word, word.replace("_", " "))


def _hole(one: Break) -> Hole:
    reason = "the unit has not said why" if one.reason is None else reason_of(one.reason)
    begins = None if one.after is None else one.after.utc
    return Hole(begins, one.before.utc, one.missing or None, reason, one.reason is not None)


def _sentence(account: Account, holes: Sequence[Hole], missing: int) -> str:
    if account.first is None or account.last is None:
        return "Nothing has arrived from this device yet."
    between = f"between {_short(account.first.utc)} and {_short(account.last.utc)}"
    unexplained = sum(not hole.explained for hole in holes)
    if not holes:
        return f"No second is missing {between}: {account.readings} readings."
    gaps = f"{len(holes)} gap{'s' * (len(holes) > 1)}"
    if not unexplained:
        return (
            f"No second is missing {between} but in {gaps} that the unit itself explains: {account.readings} readings."
        )
    lost = f", {missing} readings have not arrived" * bool(missing)
    return f"{unexplained} of {gaps} {between} unexplained{lost}; {account.readings} readings are here."


def body_of(event: ReceivedEvent) -> Mapping[str, Json]:
    """What an event says of itself, without what names it."""
    whole: dict[str, Json] = json.loads(event.body)
    match whole.get("event"):
        case dict() as body:
            return body
        case _:
            return whole


def _short(moment: str | None) -> str:
    return "an unknown time" if moment is None else f"{moment[:19].replace('T', ' ')} UTC"
