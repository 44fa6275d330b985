"""The why-log on the medium: compressed, in parts of an hour, bounded; written beside the loop that decides.

A life is what one core has seen, from its first observation on; only a whole one can be played again. Its parts are
called LIFE-PART.why.gz; each begins with {"clock": [monotonic seconds, UTC]}, the first one then says what is balanced.
The clock is told again when it was set, and {"lost": lines} stands where a medium took nothing for too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import json
import os
import re
import threading
import time
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from ampguard.errors import SetupError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from ampguard.readings import Json

WRITTEN_S = 10.0
PART_S = 3600.0
MOST_BYTES = 64_000_000
"""Of all parts together: some ten days of a group with six chargers."""
MOST_LINES = 20_000
"""That wait for a medium which takes nothing: of more the oldest are left out, and said to be."""
SET_S = 1.0
"""By so much the wall clock must move against ours to count as set."""
GZIP = 31
"""Of zlib: a whole gzip member."""
PIECE_BYTES = 1 << 16
_NAME = re.compile(r"(\d{6})-(\d{4})\.why\.gz")


@dataclass(slots=True)
class _Page:
    """What waits for one part."""

    name: str
    lines: list[str] = field(default_factory=list[str])


class WhyFiles:
    """In one folder. What is added waits in the loop; a thread writes it."""

    def __init__(self, folder: Path, utc: Callable[[], datetime | None], logger: logging.Logger) -> None:
        """`utc`: the wall clock; None while nobody has set it."""
        self._folder = folder
        self._utc = utc
        self._log = logger
        self._life = self._part = 0
        self._part_s = 0.0
        self._began_s: float | None = None
        """When our clock began, by the wall clock as it was told last."""
        self._pages: list[_Page] = []
        self._writing = threading.Lock()
        self._left: list[_Page] = []
        """What the medium has not taken, and how many lines of it were left out."""
        self._lost = 0
        self.fault: str | None = None
        """Why the medium takes nothing."""

    def begin(self, first: str) -> None:
        """A new life, with its first line."""
        self._life = 1 + max(self._life, 0, *(life for life, _, _ in parts(self._folder)))
        self._part = -1
        self._next_part()
        self.add(first)

    def add(self, line: str) -> None:
        """One more line."""
        if time.monotonic() - self._part_s >= PART_S:
            self._next_part()
        self._pages[-1].lines.append(line)

    async def keep(self) -> None:
        """Write from time to time, for ever; what waits is written when this is cancelled."""
        try:
            while True:
                await asyncio.sleep(WRITTEN_S)
                self._tell_clock()
                await asyncio.to_thread(self._write, self._taken())
        finally:
            self._write(self._taken())

    def _taken(self) -> list[_Page]:
        """What waits; it does no more."""
        pages, self._pages = self._pages, [_Page(self._pages[-1].name)]
        return [page for page in pages if page.lines]

    def _write(self, pages: list[_Page]) -> None:
        with self._writing:
            self._left += pages
            try:
                while self._left:
                    self._write_page(self._left[0])
                    self._left.pop(0)
            except OSError as why:
                if self.fault is None:
                    self._log.warning("%s: the why-log cannot be written: %s", self._folder, why.strerror or why)
                self.fault = str(why.strerror or why)
                self._lost += _shortened(self._left)
                return
            if self.fault is not None:
                self._log.info("%s: the why-log is written again", self._folder)
            self.fault = None
            with contextlib.suppress(OSError):  # what is too much goes the next time
                prune(self._folder, MOST_BYTES)

    def _write_page(self, page: _Page) -> None:
        """Raises OSError."""
        lost = [json.dumps({"lost": self._lost})] if self._lost else []
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = "".join(f"{line}\n" for line in [*lost, *page.lines])
        _append(self._folder / page.name, gzip.compress(text.encode(), mtime=0))
        self._lost = 0

    def _next_part(self) -> None:
        self._part, self._part_s, self._began_s = self._part + 1, time.monotonic(), None
        self._pages.append(_Page(f"{self._life:06d}-{self._part:04d}.why.gz"))
        self._tell_clock(always=True)

    def _tell_clock(self, *, always: bool = False) -> None:
        """Where it is not what it was."""
        now_s, utc = time.monotonic(), self._utc()
        began_s = None if utc is None else utc.timestamp() - now_s
        known_s, self._began_s = self._began_s, began_s
        is_same = (known_s is None) == (began_s is None) and abs((known_s or 0.0) - (began_s or 0.0)) < SET_S
        if always or not is_same:
            self._pages[-1].lines.append(json.dumps({"clock": [now_s, None if utc is None else utc.isoformat()]}))


def _shortened(pages: list[_Page]) -> int:
    """Keeps the newest; how many are left out."""
    surplus = gone = sum(len(page.lines) for page in pages) - MOST_LINES
    while surplus > 0:
        first = pages[0]
        part = min(surplus, len(first.lines))
        del first.lines[:part]
        surplus -= part
        if not first.lines:
            pages.pop(0)
    return max(0, gone)


def _append(path: Path, content: bytes) -> None:
    """All of it or nothing: behind a torn member nothing could be read. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        held_bytes, is_whole = os.fstat(file.fileno()).st_size, False
        try:
            is_whole = file.write(content) == len(content)
        finally:
            if not is_whole:
                with contextlib.suppress(OSError):
                    file.truncate(held_bytes)
    if not is_whole:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def parts(folder: Path) -> list[tuple[int, int, Path]]:
    """Life, part and file, in their order."""
    found = [(_NAME.fullmatch(path.name), path) for path in folder.glob("*.why.gz")]
    return sorted((int(match[1]), int(match[2]), path) for match, path in found if match is not None)


def last_life(folder: Path) -> list[Path]:
    """Its parts. Raises SetupError where there is none, or where one of them is gone."""
    found = parts(folder)
    if not found:
        raise SetupError(f"{folder}: wanted a why-log, met none: nothing was ever balanced here")
    life = found[-1][0]
    of_it = [(number, path) for one, number, path in found if one == life]
    if missing := [wanted for wanted, (number, _) in enumerate(of_it) if number != wanted][:1]:
        raise SetupError(f"{folder}: wanted all parts of life {life}, met none with the number {missing[0]}")
    return [path for _, path in of_it]


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


def lines(paths: Iterable[Path]) -> Iterator[str]:
    """Of these files; one that was cut off ends with the last lines that were written as a whole. Raises OSError."""
    for path in paths:
        for content in _unpacked(path):
            yield from content.decode(errors="replace").split("\n")[:-1]


def changes(told: Iterable[str]) -> Iterator[tuple[str | None, Mapping[str, Json]]]:
    """Each change of a limit as `ampguard.balancing.why` wrote it, with its time as far as the clock was set.

    What cannot be read is passed over.
    """
    clock_s, clock = 0.0, None
    for text in told:
        try:
            line = cast("dict[str, Any]", json.loads(text))
            if "clock" in line:
                at_s, utc = line["clock"]
                clock_s, clock = at_s, None if utc is None else datetime.fromisoformat(utc)
            elif "why" in line:
                at = None if clock is None else clock + timedelta(seconds=line["why"]["t"] - clock_s)
                when = None if at is None else at.isoformat(timespec="seconds")
                yield from [(when, cast("Mapping[str, Json]", dict(one))) for one in line["why"]["reasons"]]
        except (ValueError, TypeError, LookupError, OverflowError):
            continue


def _unpacked(path: Path) -> Iterator[bytes]:
    """Each time that something was written: what is not whole any more ends it."""
    with path.open("rb") as file:
        member, content = zlib.decompressobj(GZIP), b""
        while piece := file.read(PIECE_BYTES):
            while piece:
                try:
                    content += member.decompress(piece)
                except zlib.error:
                    return
                piece = member.unused_data
                if member.eof:
                    yield content
                    member, content = zlib.decompressobj(GZIP), b""
