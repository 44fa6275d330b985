"""The why-log on the medium: compressed, in parts of an hour, bounded; written beside the loop that decides.

A life is what one core has seen, from its first observation on; only a whole one can be played again. Its parts are
called LIFE-PART.why.gz; each begins with {"clock": [monotonic seconds, UTC]}, the first one then says what is balanced.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

WRITTEN_S = 10.0
PART_S = 3600.0
MOST_BYTES = 64_000_000
"""Of all parts together: some ten days of a group with six chargers."""
MOST_LINES = 20_000
"""That wait for a medium which takes nothing: more are left out, and said to be."""
_NAME = re.compile(r"(\d{6})-(\d{4})\.why\.gz")


class WhyFiles:
    """In one folder."""

    def __init__(self, folder: Path, utc: Callable[[], datetime | None], logger: logging.Logger) -> None:
        """`utc`: the wall clock; None while nobody has set it."""
        self._folder = folder
        self._utc = utc
        self._log = logger
        self._life = self._part = 0
        self._part_s = 0.0
        self._lines: list[str] = []
        self._is_writing = True
        """What was written last was taken."""

    def begin(self, first: str) -> None:
        """A new life, with its first line."""
        self._write()
        self._life = max((life for life, _, _ in parts(self._folder)), default=0) + 1
        self._part = -1
        self._next_part()
        self.add(first)

    def add(self, line: str) -> None:
        """One more line."""
        if time.monotonic() - self._part_s >= PART_S:
            self._write()
            self._next_part()
        self._lines.append(line)

    async def keep(self) -> None:
        """Write from time to time, for ever; what waits is written when this is cancelled."""
        try:
            while True:
                await asyncio.sleep(WRITTEN_S)
                await asyncio.to_thread(self._write)
        finally:
            self._write()

    def _next_part(self) -> None:
        self._part, self._part_s = self._part + 1, time.monotonic()
        utc = self._utc()
        self._lines.append(json.dumps({"clock": [self._part_s, None if utc is None else utc.isoformat()]}))

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        path = self._folder / f"{self._life:06d}-{self._part:04d}.why.gz"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
            prune(self._folder, MOST_BYTES)
        except OSError as why:
            if self._is_writing:
                self._log.warning("%s: the why-log cannot be written: %s", path, why.strerror or why)
            self._is_writing = False
            self._lines = (lines + self._lines)[-MOST_LINES:]
            return
        self._is_writing = True


def parts(folder: Path) -> list[tuple[int, int, Path]]:
    """Life, part and file, in their order."""
    found = [(_NAME.fullmatch(path.name), path) for path in folder.glob("*.why.gz")]
    return sorted((int(match[1]), int(match[2]), path) for match, path in found if match is not None)


def prune(folder: Path, most_bytes: int) -> None:
    """Whole lives go, the oldest first, and never the last one. Raises OSError."""
    found = parts(folder)
    held_bytes = {path: path.stat().st_size for _, _, path in found}
    for life in sorted({life for life, _, _ in found})[:-1]:
        if sum(held_bytes.values()) <= most_bytes:
            return
        for one, _, path in found:
            if one == life:
                path.unlink(missing_ok=True)
                del held_bytes[path]


def lines(paths: list[Path]) -> Iterator[str]:
    """Of these files; a part that was cut off ends with its last whole line. Raises OSError."""
    for path in paths:
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):
                        yield line
        except (EOFError, UnicodeDecodeError, gzip.BadGzipFile):
            continue
