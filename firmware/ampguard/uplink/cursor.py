"""Up to which place in the journal a destination has acknowledged; survives the process and a power cut.

Readings of the live lane are acknowledged out of order, so the cursor is a position up to which everything arrived, and
those beyond it that arrived too.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SYNC_INTERVAL_S = 10.0
_HIGHEST = 2**63 - 1
"""Position of the journal (SQLite)."""


class Cursor:
    """Kept in a small file, replaced as a whole. A lost or damaged file means: send everything again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.position = _read(path)
        self._saved_s = time.monotonic()
        self._changed = False

    def advance(self, position: int) -> None:
        """Everything up to there has arrived."""
        if position > self.position:
            self.position = position
            self._changed = True
        if self._changed and time.monotonic() - self._saved_s >= SYNC_INTERVAL_S:
            self.save()

    def save(self) -> None:
        """Write it down, if it changed. A medium that takes nothing costs a repetition, not the uplink: tried again."""
        if not self._changed:
            return
        self._saved_s = time.monotonic()
        partial = self._path.with_suffix(".new")
        try:
            with partial.open("w") as file:
                json.dump({"position": self.position}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        except OSError:
            return
        self._changed = False


def _read(path: Path) -> int:
    try:
        position = json.loads(path.read_text())["position"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
    return position if type(position) is int and 0 <= position <= _HIGHEST else 0
