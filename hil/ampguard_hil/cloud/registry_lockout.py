"""Wrong tries are counted for each serial and each account; five in a row lock it for a quarter of an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_refusals import LockedOut
from ampguard_hil.cloud.registry_tables import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.cloud.registry_database import Database

TRIES = 5
LOCKED_S = 900.0


class Lockout:
    """Persistent: a restart forgives nothing."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def tried(self, subject: str, right: Callable[[], bool]) -> bool:
        """Whether it is right. Raises LockedOut.

        A try counts as wrong before it is looked at, so that many at once are no more than many in a row. A subject
        that does not exist is counted too: nobody learns from the answer which ones do.
        """
        self._count(subject)
        if not right():
            return False
        with self._database.writing() as connection:
            connection.execute(delete(attempt).where(attempt.c.subject == subject))
        return True

    def _count(self, subject: str) -> None:
        now = self._now()
        with self._database.writing() as connection:
            forgotten = stamp(now - timedelta(seconds=LOCKED_S))
            connection.execute(delete(attempt).where(attempt.c.last_utc <= forgotten))
            row = connection.execute(
                select(attempt.c.wrong, attempt.c.locked_until_utc).where(attempt.c.subject == subject)
            ).one_or_none()
            if row is not None and row.locked_until_utc is not None:
                raise LockedOut((datetime.fromisoformat(row.locked_until_utc) - now) / timedelta(seconds=1))
            wrong = 1 if row is None else row.wrong + 1
            until = stamp(now + timedelta(seconds=LOCKED_S)) if wrong >= TRIES else None
            values = {"wrong": wrong, "last_utc": stamp(now), "locked_until_utc": until}
            if row is None:
                connection.execute(insert(attempt).values(subject=subject, **values))
            else:
                connection.execute(update(attempt).where(attempt.c.subject == subject).values(**values))
