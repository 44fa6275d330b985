"""Notices that the settings file has another wiring than the one in force; anything else in it counts later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ampguard.errors import SetupError
from ampguard.settings.settings import Settings, load, with_wiring

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    _Mark: TypeAlias = tuple[int, int, int] | None


class SettingsWatch:
    """Follows the file while the meter runs.

    A file is read when it has been the same for two looks: an editor may write it in pieces, and the first of them is
    a valid file without its last table.
    """

    def __init__(self, path: Path, settings: Settings, logger: logging.Logger) -> None:
        """`settings`: as they were read from it."""
        self._path = path
        self._log = logger
        self._settings = settings
        self._told = replace(settings, wiring=None)
        """All but the wiring, as it was when that was last said to differ."""
        self._seen = self._mark()
        self._read: _Mark = None
        """Of the version that was read last: none is known yet to be the one that `settings` were read from."""

    def look(self) -> Settings | None:
        """The settings with the wiring that is set now; None where that is in force already."""
        mark, before = self._mark(), self._seen
        self._seen = mark
        if mark == self._read or mark != before:
            return None
        if mark is None:
            self._read = mark
            self._log.warning("%s is gone: the meter goes on with what it read", self._path)
            return None
        try:
            found = load(self._path)
            if self._mark() != mark:  # it changed, or went, while it was read
                return None
            self._read = mark
            wanted = with_wiring(self._path, self._settings, found.wiring)
        except SetupError as why:
            self._read = mark
            self._log.warning("the meter goes on with the settings it has: %s", why)
            return None
        self._say_others(replace(found, wiring=None))
        if wanted.assignment == self._settings.assignment:
            return None
        self._settings = wanted
        return wanted

    def _say_others(self, others: Settings) -> None:
        if others != self._told:
            self._told = others
            if others != replace(self._settings, wiring=None):
                self._log.warning(
                    "%s: settings other than [wiring] were changed: they count at the next start", self._path
                )

    def _mark(self) -> _Mark:
        """What differs between two versions of the file; None where there is none that can be looked at."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
