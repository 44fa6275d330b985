"""What units bring, opened and looked at: what passes here every store can take, and gives back as it was."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.block import DamagedBlockError, columns
from ampguard_hil.cloud.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ampguard.readings import Json

    Row: TypeAlias = "tuple[Json, ...]"

LONGEST_NAME = 200
"""Characters of a serial, a boot, an interval or a kind: PostgreSQL's index takes no key above 2.7 kB."""
DEEPEST = 50
"""Lists and objects within each other in an event at most: so whoever reads it later comes through."""
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200
_WHOLE = range(-(1 << 63), 1 << 63)


class RefusedBlockError(ValueError):
    """A message that is none, or none of that unit's: it will never be one, and no store takes it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A block as it is to be stored and acknowledged."""

    serial: str
    boot: str
    first_sequence: int
    last_sequence: int
    rows: Sequence[Row]
    """Serial, interval, boot, sequence, end_utc, quality, and then `COLUMNS`."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event as it is to be stored and acknowledged."""

    serial: str
    boot: str
    sequence: int
    kind: str
    utc: str | None
    monotonic_ns: int | None
    body: str
    """The whole message, JSON."""


def received(serial: str, block: bytes) -> Received:
    """Open a unit's block. Raises RefusedBlockError."""
    try:
        found = columns(block)
        interval, boot, sequence, end_utc, quality = (
            found[key] for key in ("interval", "boot", "sequence", "end_utc", "quality")
        )
        if len(set(boot)) != 1 or not all(type(one) is int and one > 0 for one in sequence):
            raise RefusedBlockError("a block holds readings of one boot, each with its number")
        count, name = len(boot), _name("boot", boot[0])
        names = [[_name("serial", serial)] * count, _names("interval", interval), [name] * count]
        numbers = cast("Sequence[int]", _checked("sequence", int, sequence))
        _must_be_moments("end_utc", end_utc)
        values = [_checked(one.path, one.kind, found.get(one.path) or [None] * count) for one in COLUMNS]
        rows = list(zip(*names, numbers, _checked("end_utc", str, end_utc), _marks(quality), *values, strict=True))
        return Received(serial, name, numbers[0], numbers[-1], rows)
    except (DamagedBlockError, KeyError, IndexError, TypeError, ValueError, OverflowError) as why:
        raise RefusedBlockError(f"no block of readings: {why}") from why


def received_event(serial: str, payload: bytes) -> ReceivedEvent:
    """Open a unit's event. Raises RefusedBlockError."""
    try:
        body = payload.decode()
        content = json.loads(body, parse_constant=_no_number)
        match content:
            case {"schema": 1, "serial": str(of), "boot": str(boot), "sequence": int(number)} if of == serial:
                rest = cast("dict[str, Json]", content)
            case _:
                raise RefusedBlockError(f"wanted schema 1, the serial {serial!r}, a boot and a number")
        _must_be_shallow(content)
        if type(number) is not int or number <= 0:
            raise RefusedBlockError(f"wanted a number above 0, met {number}")
        _checked("sequence", int, [number])
        (utc,) = _checked("utc", str, [rest.get("start_utc", rest.get("utc"))])
        (monotonic_ns,) = _checked("monotonic_ns", int, [rest.get("start_monotonic_ns", rest.get("monotonic_ns"))])
        _must_be_moments("utc", [utc])
        return ReceivedEvent(
            _name("serial", serial),
            _name("boot", boot),
            number,
            _name("kind", rest.get("kind", "voltage")),
            cast("str | None", utc),
            cast("int | None", monotonic_ns),
            body,
        )
    except (ValueError, RecursionError) as why:
        raise RefusedBlockError(f"no event: {why}") from why


def received_events(serial: str, content: bytes) -> list[ReceivedEvent]:
    """Open a list of a unit's events, as HTTPS carries it. Raises RefusedBlockError."""
    try:
        body = json.loads(content.decode(), parse_constant=_no_number)
        match body:
            case {"schema": 1, "serial": str(of), "events": list()} if of == serial:
                events = cast("Mapping[str, list[Json]]", body)["events"]
                return [received_event(serial, json.dumps(one).encode()) for one in events]
            case _:
                raise RefusedBlockError(f"wanted schema 1, the serial {serial!r} and a list of events")
    except (ValueError, RecursionError) as why:
        raise RefusedBlockError(f"no events: {why}") from why


def _no_number(word: str) -> None:
    raise RefusedBlockError(f"{word} is no number of JSON")


def _names(what: str, values: Sequence[Json]) -> Sequence[str]:
    known = {value: _name(what, value) for value in set(cast("Sequence[str]", values))}
    return [known[value] for value in cast("Sequence[str]", values)]


def _name(what: str, value: Json) -> str:
    if type(value) is not str or not 0 < len(value) <= LONGEST_NAME:
        raise RefusedBlockError(f"wanted a {what} of 1 to {LONGEST_NAME} characters, met {str(value)[:40]!r}")
    _must_be_text(what, [value])
    return value


def _marks(quality: Sequence[Json]) -> Iterable[str]:
    known: dict[tuple[Json, ...], str] = {}
    for one in quality:
        if type(one) is not list:
            raise RefusedBlockError("wanted a list of marks as a reading's quality")
        key = tuple(one)
        if key not in known:
            if not all(type(mark) is str for mark in key):
                raise RefusedBlockError("wanted words as marks of a reading's quality")
            known[key] = json.dumps(one)
        yield known[key]


def _checked(path: str, kind: type, values: Sequence[Json]) -> Sequence[Json]:
    """The values, all of that kind or absent; a whole number where a broken one is wanted is made one."""
    found = set(map(type, values))
    present = [one for one in values if one is not None] if NoneType in found else values
    found.discard(NoneType)
    if kind is float and found == {float, int}:
        return _checked(path, kind, [float(one) if type(one) is int else one for one in values])
    if kind is float and found == {int}:
        return _checked(path, kind, [None if one is None else float(cast("int", one)) for one in values])
    if found - {kind}:
        raise RefusedBlockError(
            f"{path}: wanted {kind.__name__}, met {', '.join(sorted(one.__name__ for one in found))}"
        )
    if found:
        _must_fit(path, kind, present)
    return values


def _must_fit(path: str, kind: type, present: Sequence[Json]) -> None:
    if kind is float:
        numbers = cast("Sequence[float]", present)
        # the sum tells it at once, but for numbers too large to be added up
        if not math.isfinite(sum(numbers)) and not all(map(math.isfinite, numbers)):
            raise RefusedBlockError(f"{path}: wanted a number, met one that is none")
    elif kind is int:
        whole = cast("Sequence[int]", present)
        if min(whole) not in _WHOLE or max(whole) not in _WHOLE:
            raise RefusedBlockError(f"{path}: wanted at most 64 bits, met more")
    elif kind is str:
        _must_be_text(path, cast("Sequence[str]", present))


def _must_be_moments(path: str, texts: Sequence[Json]) -> None:
    """Times of day: ISO 8601 with an offset, that any date can be reckoned with."""
    for text in texts:
        if text is None:
            continue
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None or moment.utcoffset() is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise RefusedBlockError(f"{path}: wanted a time of day such as 2026-11-21T10:00:00+00:00, met {text!r:.60}")


def _must_be_shallow(content: Json) -> None:
    depth, level = 0, [content]
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        if depth > DEEPEST:
            raise RefusedBlockError(f"wanted at most {DEEPEST} lists and objects within each other, met more")
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]


def _must_be_text(path: str, texts: Sequence[str]) -> None:
    """UnicodeEncodeError, a ValueError, for half a character."""
    if b"\0" in "".join(texts).encode():
        raise RefusedBlockError(f"{path}: wanted text, met a NUL in it")
