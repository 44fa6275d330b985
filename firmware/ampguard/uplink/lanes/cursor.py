"""Up to which place in the journal a destination has acknowledged; survives the process and a power cut.

Readings of the live lane are acknowledged out of order, so the cursor is a position up to which everything arrived, and
those beyond it that arrived too.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, cast

from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from pathlib import Path

SYNC_INTERVAL_S = 10.0
_HIGHEST = 2**63 - 1
"""Position of the journal (SQLite)."""


class Cursor:
    """Kept in a small file, replaced as a whole. A lost or damaged file means: send everything again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.journal: str | None
        self.position: int
        self.latest: tuple[str, int] | None
        """Boot and sequence of the reading there, where they are known."""
        self.journal, self.position, self.latest = _read(path)
        self._saved_s = time.monotonic()
        self._changed = False

    def follow(self, journal: str) -> None:
        """Positions are those of this journal; in another one than before everything in it is still to be sent."""
        if journal != self.journal:
            self.journal, self.position = journal, 0
            self._changed = True

    def advance(self, position: int, latest: tuple[str, int] | None = None) -> None:
        """Everything up to there has arrived."""
        if position > self.position:
            self.position, self.latest = position, latest
            self._changed = True
        if self._changed and time.monotonic() - self._saved_s >= SYNC_INTERVAL_S:
            self.save()

    def save(self) -> None:
        """Write it down, if it changed. A medium that takes nothing costs a repetition, not the uplink: tried again."""
        if not self._changed:
            return
        self._saved_s = time.monotonic()
        content = {"journal": self.journal, "position": self.position, "latest": self.latest}
        try:
            replace_whole(self._path, json.dumps(content))
        except OSError:
            return
        self._changed = False


def _read(path: Path) -> tuple[str | None, int, tuple[str, int] | None]:
    try:
        content = cast("dict[str, object]", json.loads(path.read_text()))
        journal, position = content.get("journal"), content["position"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, 0, None
    if (
        (journal is not None and not isinstance(journal, str))
        or type(position) is not int
        or not 0 <= position <= _HIGHEST
    ):
        return None, 0, None
    match content.get("latest"):
        case [str(boot), int(sequence)]:
            return journal, position, (boot, sequence)
        case _:
            return journal, position, None
