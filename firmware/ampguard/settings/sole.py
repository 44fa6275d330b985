"""One at a time: a lock that holds between processes, and a file that is replaced as a whole and stays its owner's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import phrase

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LOCK = "lock"
_POLL_S = 0.02


@contextlib.contextmanager
def sole(folder: Path, patience_s: float) -> Generator[None]:
    """Nobody else works on what is in the folder, which is made where there is none. Raises SetupError."""
    try:
        _make(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as why:
        raise SetupError(phrase("cannot be changed: {why}", why=why.strerror or str(why)), folder) from why
    try:
        _own(lock, folder)
        _wait_for(lock, patience_s, folder)
        yield
    finally:
        os.close(lock)


def replace_alike(path: Path, content: bytes) -> None:
    """With the owner and the mode that the file has, for it may hold passwords; a new one is for its owner's eyes only.

    Raises OSError; the old content stands then.
    """
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            _own(opened, path if path.exists() else path.parent)
            if path.exists():
                os.fchmod(opened, path.stat().st_mode & 0o777)
            os.fsync(opened)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _own(opened, folder.parent)
    finally:
        os.close(opened)


def _wait_for(lock: int, patience_s: float, folder: Path) -> None:
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            if time.monotonic() >= deadline_s:
                raise SetupError(phrase("somebody else is changing the settings: try again"), folder) from why
            threading.Event().wait(_POLL_S)
        else:
            return


def _own(opened: int, like: Path) -> None:
    """What root makes belongs to whom the other one belongs to."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.fchown(opened, owner.st_uid, owner.st_gid)
