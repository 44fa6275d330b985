"""What the other side says, read with suspicion: whatever bytes come, a value or one sentence why not. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, cast

from ampguard.errors import UplinkFault

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1
LONGEST_CORRELATION = 64
_LONGEST_SHOWN = 40


class Unusable(UplinkFault):
    """A message that says nothing that can be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came."""

    lane: str
    """Its topic below the unit's."""
    payload: bytes
    retained: bool = False
    """It was kept by the broker: it may be old, and comes again at each connection."""
    correlation_data: bytes | None = None
    """MQTT 5: goes back as it came."""
    response_topic: str | None = None
    """MQTT 5: where the answer is wanted."""


@dataclass(frozen=True, slots=True)
class Now:
    """The moment at which something is judged."""

    utc: datetime
    monotonic_s: float
    trusted: bool
    """Whether somebody has set the wall clock."""


def fields_of(payload: bytes, most: int) -> Mapping[str, object]:
    """The fields of a JSON object of at most so many bytes. Raises Unusable."""
    if len(payload) > most:
        raise Unusable(f"wanted at most {most} bytes, met {len(payload)}")
    try:
        found: object = json.loads(payload.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as why:
        raise Unusable("wanted a JSON object in UTF-8, met something else") from why
    if not isinstance(found, dict):
        raise Unusable("wanted a JSON object, met another value")
    return cast("Mapping[str, object]", found)


def correlation_of(found: Mapping[str, object]) -> str:
    """What the sender calls its message. Raises Unusable."""
    correlation = found.get("correlation")
    if not isinstance(correlation, str) or not 0 < len(correlation) <= LONGEST_CORRELATION:
        raise Unusable(
            f"correlation: wanted a text of 1 to {LONGEST_CORRELATION} signs, met {shown(correlation)}"
        )  # fmt: skip
    return correlation


def check_schema(found: Mapping[str, object]) -> None:
    """The message is of the version that is understood. Raises Unusable."""
    schema = found.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        raise Unusable(f"schema: wanted {SCHEMA}, met {shown(schema)}")


def moment(found: Mapping[str, object], key: str) -> datetime | None:
    """A moment with its offset, in UTC; None where it is not given. Raises Unusable."""
    text = found.get(key)
    if text is None:
        return None
    told = utc(text) if isinstance(text, str) else None
    if told is None:
        raise Unusable(f"{key}: wanted a moment such as 2026-11-21T10:00:00Z, met {shown(text)}")
    return told


def utc(text: str) -> datetime | None:
    """The moment of an ISO 8601 text with offset, in UTC; None where it is none."""
    try:
        told = datetime.fromisoformat(text)
        return None if told.utcoffset() is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(found: Mapping[str, object], key: str, least: float, most: float) -> float | None:
    """A number within limits; None where it is not given. Raises Unusable."""
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise Unusable(f"{key}: wanted a number from {least:g} to {most:g}, met {shown(value)}")
    return float(value)


def shown(value: object) -> str:
    """A wrong value in a sentence: short, in ASCII, in one line, whatever it is."""
    if value is None:
        return "nothing"
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, nesting without end
        return "something endless"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
