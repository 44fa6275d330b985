"""The access log: who came in, who did not, and which tokens were made: lines of JSON, bounded, without secrets."""

from __future__ import annotations

import json
import os
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MOST_BYTES = 256 * 1024
"""Then the older half goes."""
MOST_SHOWN = 200


class Happened(StrEnum):
    """What a line is about."""

    SIGNED_IN = "signed in"
    WRONG_PIN = "wrong PIN"
    LOCKED_OUT = "locked out"
    SIGNED_OUT = "signed out"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    TOKEN_MADE = "token made"  # noqa: S105 - no password
    TOKEN_REVOKED = "token revoked"  # noqa: S105 - likewise


class AccessLog:
    """The file; may be called by several threads."""

    def __init__(self, path: Path, utc: Callable[[], str | None]) -> None:
        self._path = path
        self._utc = utc
        self._lock = threading.Lock()

    def note(self, what: Happened, source: str, **more: str | int | None) -> None:
        """One line. Raises OSError."""
        line = json.dumps({"utc": self._utc(), "what": what, "source": source, **more}) + "\n"
        with self._lock:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(opened, "ab") as file:
                size = file.seek(0, os.SEEK_END)
                if size and os.pread(opened, 1, size - 1) != b"\n":
                    file.write(b"\n")  # what a power cut has torn is a line of its own
                file.write(line.encode())
            if size > MOST_BYTES:
                kept = self._path.read_bytes()[-MOST_BYTES // 2 :]
                replace_secret(self._path, kept.partition(b"\n")[2])

    def latest(self) -> list[Mapping[str, object]]:
        """The last lines, the newest first. Raises OSError."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found: list[Mapping[str, object]] = []
        for line in reversed(lines):
            try:
                one: object = json.loads(line)
            except ValueError:
                continue
            if isinstance(one, dict) and len(found) < MOST_SHOWN:
                found.append(one)  # pyright: ignore[reportUnknownArgumentType] - of our own making
        return found
