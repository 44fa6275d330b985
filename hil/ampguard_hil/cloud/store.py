"""The store of the reference cloud: every reading and every event once, whoever brings it how often.

SQLite for a bench and for a few hundred units, PostgreSQL for more; both behave alike, and the address says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ampguard_hil.cloud.arrived import (
    Received,
    ReceivedEvent,
    RefusedBlockError,
    received,
    received_event,
    received_events,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard_hil.cloud.account import Account

__all__ = [
    "BootReport",
    "Received",
    "ReceivedEvent",
    "RefusedBlockError",
    "Store",
    "StoreError",
    "file_of",
    "is_there",
    "open_store",
    "received",
    "received_event",
    "received_events",
]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://")


class StoreError(Exception):
    """The store takes or gives nothing now: try again later. It says nothing of what was to be stored."""


@dataclass(frozen=True, slots=True)
class BootReport:
    """What the store has of one run of one meter."""

    boot: str
    first_utc: str | None
    last_utc: str | None
    readings: int
    missing: tuple[tuple[int, int], ...]
    """First and last sequence number of each hole up to the last reading that came."""


class Store(Protocol):
    """Used by one thread; any number of processes may have the same one open."""

    def commit(self, blocks: Iterable[Received], events: Iterable[ReceivedEvent] = ()) -> None:
        """Store all of these for good, or none; what is known already is left as it is.

        Raises StoreError: what has become of them is unknown, bring all of them again. RefusedBlockError: one of them
        can never be stored, and so none was.
        """
        ...

    def serials(self) -> list[str]:
        """All units that ever sent something. Raises StoreError."""
        ...

    def completeness(self, serial: str, interval: str = "1s") -> list[BootReport]:
        """Boot by boot, in the order of their wall time, what is there and what is not. Raises StoreError.

        Boots that never knew the time come first, in the order of the monotonic clock.
        """
        ...

    def account(self, serial: str, interval: str = "1s", *, since_utc: str = "") -> Account:
        """What is stored of a unit, held against what it told: each gap with its reason. Raises StoreError.

        `since_utc`: of what was before nothing is said. A gap that began before and ended after it begins nowhere.
        What has no time of day is told where the unit says that it followed what is after it.
        """
        ...

    def undated(self, serial: str, interval: str = "1s", *, since_utc: str = "") -> int:
        """How many of a unit's readings have no time of day; `since_utc`: as for `account`. Raises StoreError."""
        ...

    def date(self) -> int | None:
        """Give a time of day to readings and events that had none, some at a time: how many. Raises StoreError.

        None where nothing more is to be done, which costs nothing as long as nothing came that may change it.
        """
        ...

    def events(self, serial: str, kind: str | None = None) -> list[ReceivedEvent]:
        """A unit's events, boot by boot as they first arrived, in a boot by their numbers. Raises StoreError."""
        ...

    def newest(
        self, serial: str, limit: int, *, without: str | None = None, since_utc: str = ""
    ) -> list[ReceivedEvent]:
        """So many of a unit's events, the newest first, but those of that kind. Raises StoreError.

        `since_utc`: as for `account`.
        """
        ...

    def close(self) -> None:
        """Close."""
        ...


def open_store(where: str | Path) -> Store:
    """The store at a path, `sqlite:///<path>` or `postgresql://...`. Raises StoreError.

    A PostgreSQL server need not be there yet: it is connected to when something is wanted of it, again and again.
    """
    path = file_of(where)
    if path is None:
        from ampguard_hil.cloud.postgres import PostgresStore  # noqa: PLC0415 - psycopg only where it is wanted

        return PostgresStore(str(where))
    from ampguard_hil.cloud.sqlite import SqliteStore  # noqa: PLC0415 - it needs this module

    return SqliteStore(path)


def is_there(where: str | Path) -> bool:
    """Whether opening it finds a store and makes no new one; nobody asks a server. Raises StoreError."""
    path = file_of(where)
    return path is None or path.is_file()


def file_of(where: str | Path) -> Path | None:
    """Where SQLite has it; None of one in PostgreSQL. Raises StoreError for an address that is none."""
    address = str(where)
    scheme = _SCHEME.match(address)
    match scheme and scheme[1]:
        case None:
            return Path(address)
        case "sqlite" if address.startswith("sqlite:///"):
            return Path(address.removeprefix("sqlite:///"))
        case "postgresql" | "postgres":
            return None
        case other:
            raise StoreError(f"a store: wanted a path, sqlite:///<path> or postgresql://..., met {other}://")
