"""A bundle on its way into the data folder: piece by piece, one at a time, never more than there is room for."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, BinaryIO, Self

from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.trial import BUNDLE

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

LARGEST = 600 << 20
"""Bytes: more than both partitions of a slot hold."""
SPARE = 48 << 20
"""What stays free for the journal."""
PIECE = 4 << 20
"""Bytes after which the medium is waited for, so that what is not written yet does not fill the memory."""
PARTIAL = f"{BUNDLE}.part"


class Intake:
    """One file: `with Intake(folder, size) as intake`, then `take` each piece and `whole` at the end."""

    def __init__(self, folder: Path, size: int | None) -> None:
        """`size`: in bytes, where it is known before."""
        self._folder = folder
        self._partial = folder / PARTIAL
        self._size = size
        self._taken = self._synced = 0

    @property
    def percent(self) -> int | None:
        """How much of it is there."""
        return None if not self._size else 100 * self._taken // self._size

    def __enter__(self) -> Self:
        """Raises RefusedError."""
        with contextlib.ExitStack() as opened:
            opened.enter_context(sole(self._folder))
            self._file = opened.enter_context(self._begun())
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _why: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """What is not whole goes."""
        with self._opened:
            self._partial.unlink(missing_ok=True)

    def take(self, piece: bytes) -> None:
        """The next bytes. Raises RefusedError."""
        self._taken += len(piece)
        if self._taken > self._limit:
            raise RefusedError(Kind.NO_ROOM, f"it is larger than {self._limit} bytes")
        try:
            self._file.write(piece)
            if self._taken - self._synced >= PIECE:
                self._sync()
        except OSError as why:
            raise RefusedError(Kind.MEDIUM, str(why)) from why

    def whole(self) -> Path:
        """All of it is there; where it lies. Raises RefusedError."""
        if self._size is not None and self._taken != self._size:
            raise RefusedError(Kind.DAMAGED, f"wanted {self._size} bytes, met {self._taken}")
        path = self._folder / BUNDLE
        try:
            self._sync()
            self._file.close()
            self._partial.replace(path)
        except OSError as why:
            raise RefusedError(Kind.MEDIUM, str(why)) from why
        return path

    def _begun(self) -> BinaryIO:
        try:
            # what the power has cut off takes no room from what comes now
            self._partial.unlink(missing_ok=True)
            self._limit = min(LARGEST, room(self._folder))
            if (self._size or 0) > self._limit:
                raise RefusedError(Kind.NO_ROOM, f"{self._size} bytes, and there is room for {self._limit}")
            return self._partial.open("wb")
        except OSError as why:
            raise RefusedError(Kind.MEDIUM, str(why)) from why

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self._synced = self._taken


@contextlib.contextmanager
def sole(folder: Path) -> Generator[None]:
    """Nothing comes in meanwhile, whichever process would take it. Raises RefusedError."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as why:
        raise RefusedError(Kind.MEDIUM, str(why)) from why
    try:
        _lock(opened)
        yield
    finally:
        os.close(opened)


def _lock(opened: int) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as why:
        raise RefusedError(Kind.BUSY) from why


def room(folder: Path) -> int:
    """How many bytes a bundle may have there. Raises RefusedError."""
    try:
        found = os.statvfs(folder)
    except OSError as why:
        raise RefusedError(Kind.MEDIUM, str(why)) from why
    return max(found.f_bavail * found.f_frsize - SPARE, 0)
