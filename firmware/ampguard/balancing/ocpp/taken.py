"""What can be taken out of a payload whose sender may send anything: the value of the wanted kind, or None. No I/O."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT = 500
_INT32 = 2**31


def text(payload: Mapping[str, object], name: str) -> str | None:
    """A text, cut off where it is too long."""
    found = payload.get(name)
    return found[:LONGEST_TEXT] if isinstance(found, str) else None


def whole(payload: Mapping[str, object], name: str) -> int | None:
    """A whole number of 32 bits."""
    found = payload.get(name)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and -_INT32 <= found < _INT32 else None


def number(found: object) -> float | None:
    """A finite number, also one that is written as a text."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        value = float(found)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def inner(payload: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object; an empty one where there is none."""
    found = payload.get(name)
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def several(payload: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """The objects of an array."""
    found = payload.get(name)
    if not isinstance(found, list):
        return []
    return [cast("Mapping[str, object]", one) for one in cast("list[object]", found) if isinstance(one, dict)]


def moment(payload: Mapping[str, object], name: str) -> datetime | None:
    """A date and time; one without a zone is taken for UTC, as chargers mean it."""
    found = payload.get(name)
    if not isinstance(found, str):
        return None
    try:
        met = datetime.fromisoformat(found)
        return met.astimezone(UTC) if met.tzinfo is not None else met.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def written(utc: datetime) -> str:
    """A moment as OCPP has it."""
    return utc.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
