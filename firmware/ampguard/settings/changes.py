"""Notices that the settings file says something else than what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ampguard.errors import SetupError
from ampguard.settings.settings import Settings, content, parsed
from ampguard.settings.values import mark as version

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    _Mark: TypeAlias = tuple[int, int, int] | None


class SettingsWatch:
    """Follows the file while a process runs.

    A file is read when it has been the same for two looks: an editor may write it in pieces, and the first of them is
    a valid file without its last table.
    """

    def __init__(self, path: Path, settings: Settings, logger: logging.Logger) -> None:
        """`settings`: as they were read from it."""
        self._path = path
        self._log = logger
        self._settings = settings
        self._seen = self._mark()
        self._read: _Mark = None
        """Of the version that was read last: none is known yet to be the one that `settings` were read from."""
        self.version: str | None = None
        """Names the content that is in force (`values.mark`); None: not known yet."""

    def look(self) -> Settings | None:
        """What is set now; None where that is in force already, or cannot be."""
        mark, before = self._mark(), self._seen
        self._seen = mark
        if mark == self._read or mark != before:
            return None
        if mark is None:
            self._read = mark
            self._log.warning("%s is gone: what was read counts on", self._path)
            return None
        try:
            held = content(self._path)
            found = parsed(self._path, held)
        except SetupError as why:
            self._read = mark
            self._log.warning("the settings that are in force count on: %s", why)
            return None
        if self._mark() != mark:  # it changed, or went, while it was read
            return None
        self._read, self.version = mark, version(held)
        if found == self._settings:
            return None
        self._settings = found
        return found

    def _mark(self) -> _Mark:
        """What differs between two versions of the file; None where there is none that can be looked at."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
