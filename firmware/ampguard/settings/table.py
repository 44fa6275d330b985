"""A table of a TOML file, read with suspicion: each wrong key or value is answered with a sentence.

What is right stands in `described`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, cast

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS, Setting, names_in

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_KINDS: Mapping[type, str] = {bool: "true or false", str: "a text in quotation marks"}
_LONGEST_SHOWN = 80


class Table:
    """A table of the file whose keys are checked."""

    def __init__(
        self, path: Path, name: str, content: object, described: Mapping[str, Setting] = SETTINGS, number: int = 0
    ) -> None:
        """`name`: with those of the tables around it; empty: the whole file. Raises SetupError.

        `described`: what may stand in the file; `number`: of several tables of that name, counted from 1.
        """
        self.path, self.name = path, name
        self._described = described
        if not isinstance(content, dict):
            raise SetupError(f"{path}: {name}: wanted a table{_header(name)}, met {shown(content)}")
        self.content = cast("Mapping[str, object]", content)
        self._within = f"{name}." if name else ""
        self._shown = self._within if not number else f"{name}[{number}]."
        known = names_in(name, described)
        for key in self.content:
            if key not in known:
                told = key if key.isprintable() and key else repr(key)
                raise SetupError(f"{path}: {self._shown}{told}: no such setting; there are {', '.join(sorted(known))}")

    def table(self, key: str) -> Table | None:
        """The table within; None where it is not given."""
        found = self.content.get(key)
        return None if found is None else Table(self.path, f"{self._within}{key}", found, self._described)

    def tables(self, key: str) -> tuple[Table, ...]:
        """All tables of one name: [[key]]."""
        found = self.content.get(key, [])
        if not isinstance(found, list):
            raise self._wrong(key, f"tables [[{self._within}{key}]]", shown(found))
        listed = enumerate(cast("list[object]", found), 1)
        return tuple(Table(self.path, f"{self._within}{key}", one, self._described, number) for number, one in listed)

    def flag(self, key: str) -> bool | None:
        """True or false."""
        return self._value(key, bool)

    def text(self, key: str) -> str | None:
        """A text that is not endless."""
        found, setting = self._value(key, str), self._setting(key)
        if found is not None and len(found) > setting.longest:
            raise self._wrong(key, f"at most {setting.longest} characters", f"{len(found)}")
        return found

    def number(self, key: str) -> float | None:
        """A number within its limits."""
        found = self.content.get(key)
        if found is None:
            return None
        least, most = self._limits(key)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not least <= found <= most:
            raise self._wrong(key, f"a number from {least:g} to {most:g}", shown(found))
        return float(found)

    def whole(self, key: str) -> int | None:
        """A whole number within its limits."""
        found = self.number(key)
        if found is not None and not found.is_integer():
            least, most = self._limits(key)
            raise self._wrong(key, f"a whole number from {least:.0f} to {most:.0f}", f"{found:g}")
        return None if found is None else int(found)

    def choices(self, key: str, kind: type[_E]) -> frozenset[_E] | None:
        """Several of its words."""
        found = self.sequence(key, kind)
        return None if found is None else frozenset(found)

    def sequence(self, key: str, kind: type[_E]) -> tuple[_E, ...] | None:
        """Several of its words, in their order."""
        found, setting = self.content.get(key), self._setting(key)
        if found is None:
            return None
        listed = cast("list[object]", found) if isinstance(found, list) else None
        wrong = listed is None or any(word not in setting.choices for word in listed)
        if wrong or not (listed or setting.may_be_empty):
            raise self._wrong(key, f"a list of {', '.join(setting.choices)}", shown(self.content[key]))
        return tuple(kind(cast("str", word)) for word in listed or ())

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Several texts."""
        found, setting = self.content.get(key), self._setting(key)
        if found is None:
            return None
        listed = cast("list[object]", found) if isinstance(found, list) else None
        if listed is None or not all(isinstance(one, str) and 0 < len(one) <= setting.longest for one in listed):
            raise self._wrong(key, f"a list of texts of at most {setting.longest} characters", shown(self.content[key]))
        return tuple(cast("list[str]", listed))

    def choice(self, key: str) -> str | None:
        """One of its words."""
        found, setting = self._value(key, str), self._setting(key)
        if found is not None and found not in setting.choices:
            raise self._wrong(key, f"one of {', '.join(setting.choices)}", shown(found))
        return found

    def _value(self, key: str, kind: type[_T]) -> _T | None:
        found = self.content.get(key)
        if found is not None and type(found) is not kind:
            raise self._wrong(key, _KINDS[kind], "something else" if self._setting(key).secret else shown(found))
        return found

    def _setting(self, key: str) -> Setting:
        return self._described[f"{self._within}{key}"]

    def _limits(self, key: str) -> tuple[float, float]:
        setting = self._setting(key)
        return setting.least or 0.0, setting.most or 0.0

    def _wrong(self, key: str, wanted: str, met: str) -> SetupError:
        return SetupError(f"{self.path}: {self._shown}{key}: wanted {wanted}, met {met}")


def shown(found: object) -> str:
    """A wrong value in a sentence: short, whatever it is."""
    try:
        text = repr(found)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _header(name: str) -> str:
    """As it stands in the file, for a table of its own."""
    return "" if "." in name or name == "wiring" else f" [{name}]"
