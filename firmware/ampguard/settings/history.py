"""Who changed which setting when, and the versions of the file before: the folder `settings-history`.

`changes.json` is the audit log, without secrets and bounded. The versions hold what the settings file held, secrets
too: they are for the owner's eyes only, and the latest ones are kept so that a change can be undone exactly.
`pending.json` is the change that is being made: a kill in between neither loses nor invents an entry.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.settings.values import Edit

FOLDER = "settings-history"
CHANGES, PENDING = "changes.json", "pending.json"
MOST_CHANGES, MOST_VERSIONS = 200, 20


class Means(StrEnum):
    """How a setting was changed."""

    PAGE = "page"
    TOKEN = "token"  # noqa: S105 - the word, not one
    COMMAND = "command"
    """`ampguard ...` on the unit itself."""
    CLOUD = "cloud"
    """A command of the other side, over MQTT."""
    HAND = "hand"
    """Somebody edited the file; noticed by the meter, or before the next change."""


@dataclass(frozen=True, slots=True)
class By:
    """Who changed it."""

    means: Means
    name: str | None = None
    """Of the token, or from where the session came; None: there is no more to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the file."""

    number: int
    """Counts up by one."""
    by: By
    utc: str | None
    """ISO 8601 with offset; None where no clock was set."""
    clock_quality: str
    before: str
    """Mark of the version before (`values.mark`)."""
    after: str
    edits: Mapping[str, Edit]
    undoes: int | None = None
    """The change that this one takes back."""


@dataclass(frozen=True, slots=True)
class Log:
    """What is kept of changes."""

    latest: str | None = None
    """Mark of the file as it is known; None: it was never looked at."""
    changes: tuple[Change, ...] = ()
    """The oldest first."""

    def with_change(self, change: Change) -> Log:
        """One more."""
        return Log(change.after, (*self.changes, change)[-MOST_CHANGES:])

    @property
    def next_number(self) -> int:
        """Of the next change."""
        return self.changes[-1].number + 1 if self.changes else 1

    @property
    def to_undo(self) -> Change | None:
        """The last change that nobody has taken back; None where there is none."""
        undone = {one.undoes for one in self.changes}
        return next((one for one in reversed(self.changes) if one.undoes is None and one.number not in undone), None)


class Folder:
    """The files. Whoever writes holds the lock of `store`; all of it raises OSError where a file cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def log(self) -> Log:
        """What is kept. Raises SetupError where it cannot be understood."""
        return _log(self.path / CHANGES)

    def set_aside(self) -> None:
        """The log is damaged: another one begins."""
        (self.path / CHANGES).replace(self.path / f"{CHANGES}.damaged")

    def keep(self, log: Log) -> None:
        """The log, for good."""
        content = {"latest": log.latest, "changes": [asdict(one) for one in log.changes]}
        replace_secret(self.path / CHANGES, json.dumps(content, ensure_ascii=False, indent=1))
        self._forget_old(log)
        self.forget_announced()

    def forget_announced(self) -> None:
        """It was made and is kept, or was never made."""
        (self.path / PENDING).unlink(missing_ok=True)

    def announce(self, change: Change) -> None:
        """What is about to be made."""
        content = {"latest": None, "changes": [asdict(change)]}
        replace_secret(self.path / PENDING, json.dumps(content, ensure_ascii=False))

    def announced(self) -> Change | None:
        """What was about to be made when something came between; None where nothing was."""
        with contextlib.suppress(SetupError):
            return next(iter(_log(self.path / PENDING).changes), None)
        return None

    def version(self, mark: str) -> bytes | None:
        """What the file held; None where that is not kept any more."""
        try:
            return (self.path / f"{mark}.toml").read_bytes()
        except OSError:
            return None

    def keep_version(self, mark: str, content: bytes) -> None:
        """For its owner's eyes only; it goes when enough newer ones are known."""
        if self.version(mark) != content:
            replace_secret(self.path / f"{mark}.toml", content)

    def _forget_old(self, log: Log) -> None:
        marks = [log.latest, *(mark for one in reversed(log.changes) for mark in (one.after, one.before))]
        kept = set(list(dict.fromkeys(marks))[:MOST_VERSIONS])
        for path in self.path.glob("*.toml"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)


def _log(path: Path) -> Log:
    try:
        content = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
        changes = tuple(_change(one) for one in cast("list[dict[str, object]]", content["changes"]))
        return Log(cast("str | None", content["latest"]), changes)
    except FileNotFoundError:
        return Log()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise SetupError(f"{path}: the history of the settings cannot be read: {why}") from why


def _change(content: dict[str, object]) -> Change:
    match content:
        case {
            "number": int(number),
            "by": {"means": str(means), "name": str() | None as name},
            "utc": str() | None as utc,
            "clock_quality": str(quality),
            "before": str(before),
            "after": str(after),
            "edits": dict(),
            "undoes": int() | None as undoes,
        }:
            told = cast("dict[str, list[str | None]]", content["edits"])
            change = Change(
                number=number,
                by=By(Means(means), name),
                utc=utc,
                clock_quality=quality,
                before=before,
                after=after,
                edits={key: (one[0], one[1]) for key, one in told.items()},
            )
            return replace(change, undoes=undoes)
        case _:
            raise ValueError("wanted a change of the settings, met something else")
