"""The columns of a stored reading, one for each value, derived from the type that units send."""

from __future__ import annotations

import typing
from dataclasses import fields
from typing import TYPE_CHECKING

from ampguard.phases import LinePairs, Phases
from ampguard.readings import Energy, Health, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_NESTED: tuple[type, ...] = (Phases, LinePairs, Energy, Health)
_IDENTITY = ("interval", "boot", "sequence", "end_utc", "quality")


def _leaves(kind: type, above: str) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in fields(kind):  # all of them are dataclasses
        hint = hints[field.name]
        inner = next((one for one in _NESTED if hint is one or typing.get_origin(hint) is one), None)
        if inner is not None:
            yield from _leaves(inner, f"{above}{field.name}.")
        else:
            yield above + field.name


PATHS = tuple(path for path in _leaves(Reading, "") if path not in _IDENTITY)
"""Where each value is in a block, without those that name the reading."""
NAMES = tuple(path.replace(".", "_") for path in PATHS)
"""What they are called in the store."""
