"""A table of a TOML file, read with suspicion: each wrong key or value is answered with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, cast

from ampguard.errors import SetupError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_KINDS: Mapping[type, str] = {bool: "true or false", str: "a text in quotation marks"}
_LONGEST_SHOWN = 80


class Table:
    """A table of the file whose keys are checked."""

    def __init__(self, path: Path, prefix: str, content: Mapping[str, object], known: set[str]) -> None:
        self._path, self._prefix, self._content = path, prefix, content
        self.name = prefix.rstrip(".")
        for key in content:
            if key not in known:
                name = key if key.isprintable() and key else repr(key)
                raise SetupError(f"{path}: {prefix}{name}: no such setting; there are {', '.join(sorted(known))}")

    def value(self, key: str, kind: type[_T]) -> _T | None:
        """A value of that type; None where it is not given."""
        found = self._content.get(key)
        if found is not None and type(found) is not kind:
            raise SetupError(f"{self._path}: {self._prefix}{key}: wanted {_KINDS[kind]}, met {shown(found)}")
        return found

    def number(self, key: str, least: float, most: float) -> float | None:
        """A number within limits."""
        found = self._content.get(key)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not least <= found <= most:
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a number from {least:g} to {most:g}, met {shown(found)}"
            )
        return float(found)

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within limits."""
        found = self.number(key, least, most)
        if found is not None and not found.is_integer():
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a whole number from {least} to {most}, met {found:g}"
            )
        return None if found is None else int(found)

    def choices(self, key: str, kind: type[_E]) -> frozenset[_E] | None:
        """Several of the words, at least one."""
        found = self._content.get(key)
        if found is None:
            return None
        words = [member.value for member in kind]
        listed: list[object] = list(cast("list[object]", found)) if isinstance(found, list) else []
        if not listed or any(word not in words for word in listed):
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted a list of {', '.join(words)}, "
                f"met {shown(self._content[key])}"
            )
        return frozenset(member for member in kind if member.value in listed)

    def choice(self, key: str, allowed: list[str]) -> str | None:
        """One of the words."""
        found = self.value(key, str)
        if found is not None and found not in allowed:
            raise SetupError(
                f"{self._path}: {self._prefix}{key}: wanted one of {', '.join(allowed)}, met {shown(found)}"
            )
        return found


def shown(found: object) -> str:
    """A wrong value in a sentence: short, whatever it is."""
    try:
        text = repr(found)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
