"""The one way to write a report's facts as bytes, so that a signature on them means something.

Canonical form: UTF-8 JSON; the keys of each object sorted by code point; no space between tokens; letters as they are,
nothing escaped but what JSON demands; numbers as Python's shortest text that reads back the same; no NaN, no infinity.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ampguard.readings import Json


def canonical(value: Json) -> bytes:
    """The bytes. Raises ValueError for what has none (a number that is none, half a character)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def parsed(content: bytes) -> Json:
    """What JSON bytes say, in any spelling. Raises ValueError; a key that stands twice could be read in two ways."""
    try:
        found: Json = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_refused)
        canonical(found)  # 1e999 is JSON and yet no number
    except RecursionError as why:
        raise ValueError("wanted facts, met brackets without end") from why
    return found


def _once(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return cast("Json", found)


def _refused(name: str) -> Json:
    raise ValueError(f"{name} is no number")
