"""What is remembered of wrong PINs, in one small file that is replaced as a whole.

A file that cannot be understood is taken for the worst: nobody is known, and every lane's allowance is used up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ampguard.web.access.visit import Lane
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from pathlib import Path

MOST_TOLD = 20
_LARGEST = 1 << 18


class FailedFrom(BaseModel):
    """Wrong PINs from one source."""

    model_config = ConfigDict(frozen=True)

    source: str = Field(max_length=64)
    count: int = Field(ge=1)
    last_utc: str | None = Field(max_length=40)
    """When the last of them was typed; None where the clock was never set."""


@dataclass(frozen=True, slots=True)
class Since:
    """Wrong PINs since somebody signed in."""

    told: tuple[FailedFrom, ...]
    """The latest last."""
    more: int
    """From sources that there was no room for."""

    def with_one(self, source: str, utc: str | None) -> Since:
        """After one more."""
        before = next((one.count for one in self.told if one.source == source), 0)
        others = tuple(one for one in self.told if one.source != source)
        told = (*others, FailedFrom(source=source, count=before + 1, last_utc=utc))
        return Since(told[-MOST_TOLD:], self.more + sum(one.count for one in told[:-MOST_TOLD]))

    @property
    def count(self) -> int:
        """All of them."""
        return self.more + sum(one.count for one in self.told)


@dataclass(frozen=True, slots=True)
class Failures:
    """What survives a restart."""

    failures: Mapping[str, int]
    """By source."""
    left: Mapping[Lane, int]
    """Of each lane's allowance."""
    known: tuple[str, ...]
    """Sources from which somebody has signed in; the latest last."""
    since: Since


NONE_YET = Failures({}, {}, (), Since((), 0))
THE_WORST = Failures({}, dict.fromkeys(Lane, 0), (), Since((), 0))

_Count: TypeAlias = Annotated[int, Field(ge=0)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    failures: dict[str, _Count]
    left: dict[Lane, _Count]
    known: list[str]
    told: list[FailedFrom]
    more: _Count


class Ledger:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Failures:
        """What was written last; `NONE_YET` where nothing was. Raises nothing: see above."""
        try:
            with self._path.open("rb") as file:
                found = _File.model_validate_json(file.read(_LARGEST))
        except FileNotFoundError:
            return NONE_YET
        except (OSError, ValidationError):
            return THE_WORST
        since = Since(tuple(found.told[-MOST_TOLD:]), found.more)
        return Failures(found.failures, found.left, tuple(found.known), since)

    def write(self, failures: Failures) -> None:
        """Raises OSError."""
        content = {
            "failures": dict(failures.failures),
            "left": dict(failures.left),
            "known": list(failures.known),
            "told": [one.model_dump() for one in failures.since.told],
            "more": failures.since.more,
        }
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_secret(self._path, json.dumps(content))
