"""A settings file as a flat list: each setting that stands in it by its dotted key, as it is written."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS, is_secret
from ampguard.settings.settings import parsed, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Value: TypeAlias = "str | bool | int | float | tuple[str, ...]"
"""Of one setting."""

Edit: TypeAlias = "tuple[str | None, str | None]"
"""Of one setting: before and after, as people write it; None: it is not there."""

SET, CHANGED = "set", "changed"
"""In a secret's place."""
_MARK_DIGITS = 16


def values(path: Path, content: bytes) -> dict[str, Value]:
    """What a settings file says that holds this. Raises SetupError where the unit would not take it."""
    parsed(path, content)
    return dict(_flat(tables(path, content), ""))


def mark(content: bytes) -> str:
    """Names this version of the file."""
    return hashlib.sha256(content).hexdigest()[:_MARK_DIGITS]


def written(value: Value) -> str:
    """As people write it."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(value) or "none"
        case float() | int():
            return f"{value:g}" if abs(value) < 1e6 else str(value)  # noqa: PLR2004 - more digits than :g has
        case _:
            return value


def edits(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, Edit]:
    """What differs, by key, without secrets."""
    keys = [key for key in SETTINGS if before.get(key) != after.get(key)]
    return {key: edit(before.get(key), after.get(key), is_secret=is_secret(key)) for key in keys}


def edit(before: Value | None, after: Value | None, *, is_secret: bool) -> Edit:
    """Of one setting that differs."""
    if not is_secret:
        return None if before is None else written(before), None if after is None else written(after)
    if after is None:
        return SET, None
    return (None, SET) if before is None else (SET, CHANGED)


def known(key: str) -> str:
    """The key itself. Raises SetupError where there is no such setting."""
    if key not in SETTINGS:
        raise SetupError(f"{key}: no such setting; there are {', '.join(SETTINGS)}")
    return key


def read(key: str, text: str) -> Value:
    """A value as people write it. Raises SetupError where it is none of that kind; limits are looked at by `values`."""
    setting = SETTINGS[known(key)]
    match setting.kind.name:
        case "FLAG":
            if text in {"true", "false"}:
                return text == "true"
            raise SetupError(f"{key}: wanted true or false, met {json.dumps(text)}")
        case "NUMBER" | "WHOLE":
            try:
                number = float(text)
            except ValueError as why:
                raise SetupError(f"{key}: wanted a number, met {json.dumps(text)}") from why
            return int(number) if number.is_integer() and setting.kind.name == "WHOLE" else number
        case "CHOICES":
            return () if text in {"", "none"} else tuple(one.strip() for one in text.split(","))
        case _:
            return text


def _flat(table: Mapping[str, object], within: str) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("Mapping[str, object]", value), f"{within}{name}.")
        elif isinstance(value, list):
            yield f"{within}{name}", tuple(cast("list[str]", value))
        else:
            yield f"{within}{name}", cast("Value", value)
