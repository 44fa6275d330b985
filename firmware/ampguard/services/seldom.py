"""A library's warnings that anybody on the network can cause: each is told once in a while, with how often it came.

A flood of nonsense must not wear the medium, nor wash out of the log what matters.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 60.0


@dataclass(slots=True)
class _Told:
    begun_s: float
    sentence: str
    left_out: int = 0


class Seldom(logging.Filter):
    """Of one logger; errors pass."""

    def __init__(self, name: str, logger: logging.Logger, now_s: Callable[[], float] = time.monotonic) -> None:
        """`name`: of the logger that is filtered from now on; `logger`: for how much was left out."""
        super().__init__()
        self._log = logger
        self._now_s = now_s
        self._told: dict[tuple[str, int], _Told] = {}
        """By the line that logs: so many there are, whatever somebody sends."""
        self._filtered = logging.getLogger(name)
        self._filtered.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is told now."""
        if not logging.INFO < record.levelno < logging.ERROR:
            return True
        where = (record.pathname, record.lineno)
        told = self._told.get(where)
        if told is None:
            self._told[where] = _Told(self._now_s(), record.getMessage())
            return True
        told.left_out += 1
        return False

    def settle(self) -> None:
        """Tell what was left out for long enough; called every few seconds."""
        for where, told in tuple(self._told.items()):
            if self._now_s() - told.begun_s >= WINDOW_S:
                del self._told[where]
                self._tell(told)

    def end(self) -> None:
        """Tell the rest, and filter no more."""
        self._filtered.removeFilter(self)
        for told in self._told.values():
            self._tell(told)
        self._told.clear()

    def _tell(self, told: _Told) -> None:
        if told.left_out:
            lasted_s = self._now_s() - told.begun_s
            self._log.warning("%d more within %.0f s: %s", told.left_out, lasted_s, told.sentence)
