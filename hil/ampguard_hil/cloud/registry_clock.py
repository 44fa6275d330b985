"""The registry's time: UTC, written so that text sorts as time does, in any database."""

from __future__ import annotations

from datetime import UTC, datetime


def now_utc() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, always to the microsecond: all of the same length."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
