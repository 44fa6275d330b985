"""JSON Schema of a block (`ampguard.block`), after zlib: one column for each value of a reading. Not for services."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ampguard.uplink import message
from ampguard.uplink.documents.shapes import Shapes, as_object, unit_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.readings import Json
    from ampguard.uplink.documents.shapes import Schema

_COUNT: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": message.RECORDS_AT_ONCE,
    "description": "So many readings, and so many values in each column.",
}
_WHOLE: Schema = {"type": "array", "items": {"type": ["integer", "null"]}}
_STEPS: Schema = {
    "steps": {
        **_WHOLE,
        "description": "Each value is the sum of the steps up to its own, which is added too; the sum begins at 0. "
        "null: the value is absent, and the sum stays.",
    },
    "decimal_steps": {
        **_WHOLE,
        "description": "As `steps`; each sum is then divided by 10 to the power of `decimals`.",
    },
    "utc_steps": {**_WHOLE, "description": "As `steps`; the sums are milliseconds since 1970-01-01T00:00:00+00:00."},
}


def properties(kind: type, definitions: Schema) -> Schema:
    """Of the block of such readings; the kinds of column are put among the definitions."""
    body = Shapes(resolved=True)
    paths: Schema = {}
    for path, leaf in _leaves(body.properties(kind), body.definitions):
        said = leaf.pop("description", None)
        key = f"column_{_kind(path, leaf)}"
        kinds: Json = {"anyOf": _columns(leaf)}
        if definitions.setdefault(key, kinds) != kinds:
            raise TypeError(f"{path}: {key} has two meanings")
        paths[path] = {"$ref": f"#/$defs/{key}", **({} if said is None else {"description": said})}
    definitions |= _STEPS
    return {"count": _COUNT, "columns": as_object(paths)}


def _columns(leaf: Schema) -> list[Json]:
    """The kinds of column that may carry values of this schema."""
    same: Json = _closed({"is": {**leaf, "description": "The value in every reading."}})
    each: Json = _closed({"each": {"type": "array", "items": leaf, "description": "The values, one by one."}})
    if "x-decimals" in leaf:
        places: Json = {"const": leaf["x-decimals"]}
        return [same, _closed({"steps": {"$ref": "#/$defs/decimal_steps"}, "decimals": places}), each]
    if leaf.get("type") == "integer":
        return [same, _closed({"steps": {"$ref": "#/$defs/steps"}}), each]
    if leaf.get("format") == "date-time":
        return [same, _closed({"utc_steps": {"$ref": "#/$defs/utc_steps"}}), each]
    return [same, each]


def _closed(properties: Schema) -> Schema:
    """Kinds of column are told apart by their keys."""
    return {**as_object(properties), "additionalProperties": False}


def _leaves(properties: Schema, definitions: Schema, above: str = "") -> Iterator[tuple[str, Schema]]:
    """Dotted path and schema of each value that is no object; what is said of an object is said of its values."""
    for name, one in cast("dict[str, Schema]", properties).items():
        if "$ref" not in one:
            yield above + name, dict(one)
            continue
        inner = cast("Schema", definitions[str(one["$ref"]).rpartition("/")[2]])
        said: Schema = {"description": one["description"]} if "description" in one else {}
        for path, leaf in _leaves(cast("Schema", inner["properties"]), definitions, f"{above}{name}."):
            yield path, {**said, **leaf}


def _kind(path: str, leaf: Schema) -> str:
    """A name for the columns of all values of this schema."""
    absent = "_or_null" if isinstance(leaf.get("type"), list) else ""
    word = next((word for name in reversed(path.split(".")) if (word := unit_word(name))), None)
    if leaf.get("type") == "array":
        return path
    return str(leaf.get("title") or word or ("utc" if "format" in leaf else leaf["type"])) + absent
