"""Readings as a block: one column for each field, numbers as whole steps from one to the next, compressed.

A block is zlib over JSON, so that any language reads it:

    {"count": 60, "columns": {
        "interval":            {"is": "1s"},                                   the same in every reading
        "sequence":            {"steps": [17, 1, 1, ...]},                     whole numbers: add up
        "voltage_rms_v.l1":    {"steps": [231274, 3, null, ...], "decimals": 3},  add up, move the point; null = absent
        "end_utc":             {"utc_steps": [1795248000123, 1000, ...]},   milliseconds since 1970: add up
        "quality":             {"each": [[], ["overrun"], ...]}}}              anything else

A dot leads into a nested object. The resolution of each unit is that of `RESOLUTION`; a reading that was made with
`recorded` comes back as it was.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.readings import decimals

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ampguard.readings import Json

    Body: TypeAlias = "Mapping[str, Json]"
    Column: TypeAlias = "dict[str, Json]"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LEVEL = 9
LARGEST_BLOCK = 16_000_000
"""Bytes of JSON that a block may unfold to: more is no block of ours."""
LARGEST_COUNT = 10_000
"""Readings of a block."""


def is_whole(block: bytes) -> bool:
    """Whether these bytes are as they were written, as far as their checksum tells; what they say is not looked at."""
    try:
        unfolding = zlib.decompressobj()
        unfolding.decompress(block, LARGEST_BLOCK)
    except zlib.error:
        return False
    return unfolding.eof


class DamagedBlockError(ValueError):
    """These bytes are no block."""


def encoded(bodies: Sequence[Body]) -> bytes:
    """A block of readings in their JSON form, all with the same fields. ValueError where the fields differ."""
    flat = [flattened(body) for body in bodies]
    if any(one.keys() != flat[0].keys() for one in flat):
        raise ValueError("readings of one block have the same fields")
    return encoded_columns({path: [one[path] for one in flat] for path in flat[0]} if flat else {})


def flattened(body: Body) -> dict[str, Json]:
    """The fields of a reading by their path."""
    return dict(_leaves(body))


def encoded_columns(values: Mapping[str, Sequence[Json]]) -> bytes:
    """A block of the values of each field, all equally many."""
    content = {path: _column(path, column) for path, column in values.items()}
    text = json.dumps({"count": _count(values), "columns": content}, separators=(",", ":"), allow_nan=False)
    return zlib.compress(text.encode(), _LEVEL)


def columns(block: bytes, wanted: Container[str] | None = None) -> dict[str, Sequence[Json]]:
    """The values of each field of the readings in a block, all equally many; of the wanted fields only, where some are.

    Raises DamagedBlockError.
    """
    try:
        unfolding = zlib.decompressobj()
        text = unfolding.decompress(block, LARGEST_BLOCK)
        if not unfolding.eof:
            raise DamagedBlockError("a block without its end")
        content = json.loads(text)
        count, found = content["count"], cast("Mapping[str, Column]", content["columns"])
        if type(count) is not int or not 0 <= count <= LARGEST_COUNT:
            raise DamagedBlockError("a block of a number of readings that cannot be")
        values = {path: _values(column, count) for path, column in found.items() if wanted is None or path in wanted}
        if any(len(column) != count for column in values.values()):
            raise DamagedBlockError("columns of different lengths")
        _must_nest(values.keys())
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as why:
        raise DamagedBlockError(f"no block: {why}") from why
    return values


def decoded(block: bytes) -> list[dict[str, Json]]:
    """The readings in a block. Raises DamagedBlockError."""
    return bodies(columns(block))


def bodies(values: Mapping[str, Sequence[Json]]) -> list[dict[str, Json]]:
    """The readings that the columns of a block are."""
    return [_nested({path: column[index] for path, column in values.items()}) for index in range(_count(values))]


def _must_nest(paths: AbstractSet[str]) -> None:
    """Raises DamagedBlockError where a field is both a value and an object."""
    above: AbstractSet[str] = paths
    while above := {path.rpartition(".")[0] for path in above if "." in path}:
        if not above.isdisjoint(paths):
            raise DamagedBlockError("a field that is both a value and an object")


def _count(values: Mapping[str, Sequence[Json]]) -> int:
    return len(next(iter(values.values()), ()))


def _leaves(body: Body, above: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _leaves(cast("Body", value), f"{above}{name}.")
        else:
            yield above + name, value


def _column(path: str, values: Sequence[Json]) -> Column:
    kinds = set(map(type, values))
    if len(kinds) == 1 and all(value == values[0] for value in values):
        return {"is": values[0]}
    kinds.discard(type(None))
    places = _decimals(path)
    if places is not None and kinds == {float}:
        numbers = cast("Sequence[float | None]", values)
        scale = 10**places
        return {"steps": _steps([None if one is None else round(one * scale) for one in numbers]), "decimals": places}
    if kinds == {int}:
        return {"steps": _steps(cast("Sequence[int | None]", values))}
    if path.endswith("_utc") and kinds == {str}:
        texts = cast("Sequence[str | None]", values)
        moments = [None if one is None else (datetime.fromisoformat(one) - _EPOCH) // _MILLISECOND for one in texts]
        return {"utc_steps": _steps(moments)}
    return {"each": list(values)}


def _values(column: Column, count: int) -> Sequence[Json]:
    match column:
        case {"is": value}:
            return [value] * count
        case {"steps": list(steps), "decimals": int(places)}:
            scale = 10**places
            sums = _sums(steps)
            if None in sums:
                return [None if one is None else one / scale for one in sums]
            return [one / scale for one in cast("Sequence[int]", sums)]
        case {"steps": list(steps)}:
            return _sums(steps)
        case {"utc_steps": list(steps)}:
            return [None if one is None else _utc(one) for one in _sums(steps)]
        case {"each": list(values)}:
            return values
        case _:
            raise DamagedBlockError("a column of no known kind")


def _steps(values: Sequence[int | None]) -> list[Json]:
    before = 0
    steps: list[Json] = []
    for value in values:
        steps.append(None if value is None else value - before)
        before = before if value is None else value
    return steps


def _sums(steps: Sequence[Json]) -> Sequence[int | None]:
    kinds = set(map(type, steps))
    if not kinds <= {int, type(None)}:
        raise DamagedBlockError("a step that is no whole number")
    if type(None) not in kinds:
        return list(accumulate(cast("Sequence[int]", steps)))
    totals = accumulate(0 if step is None else cast("int", step) for step in steps)
    return [None if step is None else total for step, total in zip(steps, totals, strict=True)]


def _utc(milliseconds: int) -> str:
    return (_EPOCH + milliseconds * _MILLISECOND).isoformat(timespec="milliseconds")


def _decimals(path: str) -> int | None:
    """Of the last name on the path that ends in a unit: a phase's name does not."""
    return next((places for name in reversed(path.split(".")) if (places := decimals(name)) is not None), None)


def _nested(flat: Mapping[str, Json]) -> dict[str, Json]:
    body: dict[str, Json] = {}
    for path, value in flat.items():
        *above, name = path.split(".")
        place = body
        for part in above:
            place = cast("dict[str, Json]", place.setdefault(part, {}))
        place[name] = value
    return body
