"""JSON Schema (draft 2020-12) of the types that travel, with what their source says. No service imports this."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ampguard.readings import Measurement, Reading, decimals

if TYPE_CHECKING:
    from ampguard.readings import Json

    Schema: TypeAlias = "dict[str, Json]"

SYMBOLS: Mapping[str, str] = MappingProxyType({
    "v": "V", "a": "A", "w": "W", "var": "var", "va": "VA", "wh": "Wh", "hz": "Hz", "deg": "°", "percent": "%",
    "ratio": "1", "s": "s", "ns": "ns", "degc": "°C",
})  # fmt: skip
"""How the units are written that end a field's name."""
_SCALARS: Mapping[object, str] = MappingProxyType({bool: "boolean", int: "integer", float: "number", str: "string"})
_ALSO_SAID_BY: Mapping[type, type] = MappingProxyType({Reading: Measurement})
"""Where fields of the same name and meaning are described."""


def unit_word(name: str) -> str | None:
    """The unit at the end of a field's name; None where it is no quantity."""
    word = name.rpartition("_")[2]
    return word if word in SYMBOLS else None


def in_one_line(text: str | None) -> str:
    """A docstring without the line breaks of its source; what Python calls None, JSON calls null."""
    return re.sub(r"\bNone\b", "null", " ".join((text or "").split()))


class Shapes:
    """The schemas of types; objects that are in others are defined once, in `definitions`.

    Args:
        resolved: whether the numbers have the resolution of readings.
    """

    def __init__(self, *, resolved: bool) -> None:
        self.definitions: Schema = {}
        self._resolved = resolved

    def of(self, kind: object, name: str = "") -> Schema:
        """The schema of a value; its field's name tells the unit. TypeError where a type has no JSON form."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {Union, UnionType}:
            return self._or_absent(arguments, name)
        if origin in {tuple, frozenset}:
            unique: Schema = {"uniqueItems": True} if origin is frozenset else {}
            return {"type": "array", "items": self.of(arguments[0], name), **unique}
        if origin in {dict, Mapping}:
            inner = True if arguments[1] is object else self.of(arguments[1], name)
            return {"type": "object", "additionalProperties": inner}
        if is_dataclass(origin or kind):
            return self._defined(kind, name)
        if scalar := _SCALARS.get(kind):
            return {"type": scalar, **self._quantity(scalar, name)}
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return _enumeration(kind)
        raise TypeError(f"{kind!r} has no JSON Schema")

    def properties(self, kind: object, name: str = "") -> Schema:
        """The schema of each field of a dataclass."""
        plain = cast("type", get_origin(kind) or kind)
        filled: dict[object, object] = dict(zip(getattr(plain, "__parameters__", ()), get_args(kind), strict=True))
        hints = get_type_hints(plain)
        return {
            field.name: self._field(plain, field.name, hints[field.name], filled, name)
            for field in fields(plain)  # pyright: ignore[reportArgumentType] - is_dataclass was asked
        }

    def _field(self, owner: type, field: str, hint: object, filled: Mapping[object, object], above: str) -> Schema:
        # a phase's name has no unit: that of the field it is in
        found = self.of(filled[hint] if isinstance(hint, TypeVar) else hint, field if unit_word(field) else above)
        said = _said_below(owner).get(field) or _said_below(_ALSO_SAID_BY.get(owner, owner)).get(field)
        moment: Schema = {"format": "date-time"} if field.endswith("_utc") else {}
        return {**found, **moment, **({"description": said} if said else {})}

    def _or_absent(self, arguments: tuple[object, ...], name: str) -> Schema:
        some = [one for one in arguments if one is not NoneType]
        if len(some) > 1:
            absent: list[Json] = [{"type": "null"}] if NoneType in arguments else []
            return {"anyOf": [*(self.of(one, name) for one in some), *absent]}
        found = self.of(some[0], name)
        if "$ref" in found:
            return {"anyOf": [found, {"type": "null"}]}
        known: Schema = {"enum": [*cast("list[Json]", found["enum"]), None]} if "enum" in found else {}
        return {**found, "type": [found["type"], "null"], **known}

    def _defined(self, kind: object, name: str) -> Schema:
        plain = cast("type", get_origin(kind) or kind)
        key = "_".join([plain.__name__, *(self._label(argument, name) for argument in get_args(kind))])
        found: Schema = {**as_object(self.properties(kind, name)), "description": in_one_line(plain.__doc__)}
        if self.definitions.setdefault(key, found) != found:
            raise TypeError(f"{key} has two meanings")
        return {"$ref": f"#/$defs/{key}"}

    def _label(self, argument: object, name: str) -> str:
        absent = "_or_null" if NoneType in get_args(argument) else ""
        plain = next((one for one in get_args(argument) if one is not NoneType), argument)
        return (unit_word(name) or str(self.of(plain, name).get("type", "value"))) + absent

    def _quantity(self, scalar: str, name: str) -> Schema:
        word = unit_word(name)
        if word is None or scalar not in {"integer", "number"}:
            return {}
        places = decimals(name) if self._resolved and scalar == "number" else None
        return {"x-unit": SYMBOLS[word], **({} if places is None else {"x-decimals": places})}


def as_object(properties: Schema, optional: frozenset[str] = frozenset()) -> Schema:
    """An object that has all of these but the optional ones. It may have more: a later version may add fields."""
    required: list[Json] = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def optional(kind: type) -> frozenset[str]:
    """The fields of a dataclass that whoever sends it may leave out."""
    return frozenset(
        field.name
        for field in fields(kind)  # pyright: ignore[reportArgumentType] - a dataclass, as all that travels
        if field.default is not MISSING or field.default_factory is not MISSING
    )


def _enumeration(kind: type[StrEnum]) -> Schema:
    said = _said_below(kind)
    described: Schema = {member.value: said[member.name] for member in kind if member.name in said}
    return {
        "type": "string",
        "title": kind.__name__,
        "description": in_one_line(kind.__doc__),
        "enum": [member.value for member in kind],
        **({"x-enum-descriptions": described} if described else {}),
    }


@functools.cache
def _said_below(kind: type) -> Mapping[str, str]:
    """The docstrings below the fields or members of a class, which only its source has."""
    body = cast("ast.ClassDef", ast.parse(inspect.getsource(kind)).body[0]).body
    said: dict[str, str] = {}
    for above, below in itertools.pairwise(body):
        match above, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                said[name] = in_one_line(text)
            case _:
                pass
    return said
