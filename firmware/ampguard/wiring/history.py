"""Which assignments of the inputs there were, one after the other, and what was found before and after each change.

A JSON list in a small file that is replaced as a whole; the meter writes it, commands and reports read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from ampguard.errors import JournalFault, SetupError
from ampguard.readings import as_json
from ampguard.settings.assignment import Assignment, assignment
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json

FILE = "history.json"
MOST_ENTRIES = 50
"""The oldest ones go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of what the inputs are taken to measure."""

    utc: str | None
    """ISO 8601 with offset; None where no clock was set."""
    monotonic_ns: int
    boot: str
    """The run of the meter that applied it."""
    before: Assignment
    after: Assignment
    finding_before: Json
    """What `ampguard.wiring.telling` says; None where the meter did not run."""
    finding_after: Json
    """The first verdict afterwards; None as long as there is none."""


class History:
    """The changes, the oldest first."""

    def __init__(self, folder: Path) -> None:
        """A file that cannot be read is set aside, and the history begins anew."""
        self._path = folder / FILE
        self._changes: list[Change] = []
        self.set_aside: Path | None = None
        """Where a damaged file is now."""
        try:
            self._changes = list(read(folder))
        except SetupError:
            aside = self._path.with_suffix(".damaged")
            try:
                self._path.replace(aside)
            except OSError:
                return
            self.set_aside = aside

    @property
    def latest(self) -> Change | None:
        """The last change."""
        return self._changes[-1] if self._changes else None

    def add(self, change: Change) -> None:
        """One change more. Raises JournalFault where it cannot be kept; it is known all the same."""
        self._changes = [*self._changes, change][-MOST_ENTRIES:]
        self._save()

    def complete(self, finding: Json) -> None:
        """What was found after the last change. Raises JournalFault where it cannot be kept."""
        if self._changes:
            self._changes[-1] = replace(self._changes[-1], finding_after=finding)
            self._save()

    def _save(self) -> None:
        content = [_told(one) for one in self._changes]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(self._path, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))
        except (OSError, ValueError) as why:
            raise JournalFault(f"{self._path}: the history of the wiring could not be kept: {why}") from why


def read(folder: Path) -> tuple[Change, ...]:
    """The changes, the oldest first; none where there is no file. Raises SetupError where it cannot be understood."""
    path = folder / FILE
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as why:
        raise SetupError(f"{path}: the history of the wiring cannot be read: {why}") from why
    if not isinstance(content, list):
        raise SetupError(f"{path}: wanted a list of changes, met something else")
    return tuple(_change(path, one) for one in content)


def _told(change: Change) -> Mapping[str, Json]:
    return {
        "utc": change.utc,
        "monotonic_ns": change.monotonic_ns,
        "boot": change.boot,
        "before": as_json(change.before.inputs),
        "after": as_json(change.after.inputs),
        "finding_before": change.finding_before,
        "finding_after": change.finding_after,
    }


def _change(path: Path, content: Json) -> Change:
    match content:
        case {
            "utc": str() | None,
            "monotonic_ns": int(monotonic_ns),
            "boot": str(boot),
            "before": dict(),
            "after": dict(),
        }:
            found = cast("Mapping[str, Json]", content)
            return Change(
                utc=cast("str | None", found["utc"]),
                monotonic_ns=monotonic_ns,
                boot=boot,
                before=assignment(path, found["before"]),
                after=assignment(path, found["after"]),
                finding_before=found.get("finding_before"),
                finding_after=found.get("finding_after"),
            )
        case _:
            raise SetupError(f"{path}: wanted a change of the wiring, met something else")
