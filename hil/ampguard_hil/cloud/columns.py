"""The columns of a stored reading, one for each value, derived from the type that units send."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from ampguard.phases import LinePairs, Phases
from ampguard.readings import Energy, Health, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind: TypeAlias = "type[float | int | str | bool]"
_NESTED: tuple[type, ...] = (Phases, LinePairs, Energy, Health)
_IDENTITY = ("interval", "boot", "sequence", "end_utc", "quality")


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a reading; it may be absent."""

    path: str
    """Where it is in a block."""
    kind: Kind
    """What it is where it is there: one of these four exactly."""

    @property
    def name(self) -> str:
        """What it is called in the store."""
        return self.path.replace(".", "_")


def _leaves(kind: type, above: str, of_each: object = None) -> Iterator[tuple[str, object]]:
    """Each value's path and type; `of_each`: what a generic `kind` holds, such as `float | None` for each phase."""
    hints = typing.get_type_hints(kind)
    for field in fields(kind):  # all of them are dataclasses
        hint = of_each if isinstance(hints[field.name], typing.TypeVar) else hints[field.name]
        inner = next((one for one in _NESTED if hint is one or typing.get_origin(hint) is one), None)
        if inner is not None:
            yield from _leaves(inner, f"{above}{field.name}.", next(iter(typing.get_args(hint)), None))
        else:
            yield above + field.name, hint


def _kind(hint: object) -> Kind:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    match [one for one in parts if one is not types.NoneType]:
        case [type() as kind] if issubclass(kind, StrEnum):
            return str
        case [type() as kind] if kind in {float, int, str, bool}:
            return kind
        case _:
            raise TypeError(f"a column holds a number, a text or a truth, not {hint}")


COLUMNS = tuple(Column(path, _kind(hint)) for path, hint in _leaves(Reading, "") if path not in _IDENTITY)
"""The values, without those that name the reading."""
PATHS = tuple(column.path for column in COLUMNS)
"""Where each value is in a block, without those that name the reading."""
NAMES = tuple(column.name for column in COLUMNS)
"""What they are called in the store."""
