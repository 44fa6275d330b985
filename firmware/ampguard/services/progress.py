"""How far a long job is, on standard error: at once on a terminal, elsewhere only when it takes longer."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

SILENT_S = 2.0
"""A shorter job says nothing where nobody watches."""
TERMINAL_INTERVAL_S, LOG_INTERVAL_S = 0.2, 10.0


class Progress:
    """Says how far a job is. Use as a context: a line on a terminal is wiped at the end."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        self._title = title
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._watched = self._terminal and sys.stdout.isatty()
        self._start_s = time.monotonic()
        self._next_s = self._start_s + (TERMINAL_INTERVAL_S if self._terminal else SILENT_S)
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wipe()

    def done(self, share_ratio: float) -> None:
        """The job is done up to this share."""
        now_s = time.monotonic()
        if self._quiet or self._watched or now_s < self._next_s:
            return  # whoever watches the results pass by needs no other sign of life
        spent_s = now_s - self._start_s
        left = f", {spent_s / share_ratio * (1 - share_ratio):.0f} s to go" if share_ratio > 0 else ""
        text = f"{self._title}: {100 * share_ratio:.0f} %{left}"
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            self._shown = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
        self._next_s = now_s + (TERMINAL_INTERVAL_S if self._terminal else LOG_INTERVAL_S)

    def say(self, sentence: str) -> None:
        """A remark that the user should see once."""
        if not self._quiet:
            self._wipe()
            sys.stderr.write(f"ampguard: {sentence}\n")

    def _wipe(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
