"""What a cloud can never store: passed over, so that what follows comes through; said once, and asked again later."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

ASK_AGAIN_S = 600.0
IN_A_ROW = 3
"""With nothing committed between: a cloud that refuses everything is at fault itself, and must not cost a backlog."""


class PassedOver:
    """Of one lane to one destination; nothing of it outlives the process."""

    def __init__(self, logger: logging.Logger) -> None:
        self._log = logger
        self.count = 0
        """So far, each once."""
        self._position = 0
        self._until_s = -math.inf
        self._in_a_row = 0
        self._said = 0
        """Up to which position that was logged."""

    @property
    def position(self) -> int:
        """Everything up to there that is not committed is passed over; 0: nothing is, or it is time to ask again."""
        if time.monotonic() >= self._until_s:
            self.forget()
        return self._position

    def add(self, position: int, what: str, why: str) -> bool:
        """Pass over what is there too; False where that would be too many: then all has to wait."""
        if position > self._position:
            if self._in_a_row >= IN_A_ROW:
                self._log.error(
                    "%s and %d before it can never be stored, says the cloud: %s; all waits", what, IN_A_ROW, why
                )
                return False
            self._in_a_row += 1
            self._position, self._until_s = position, time.monotonic() + ASK_AGAIN_S
        if position > self._said:
            self._said = position
            self.count += 1
            self._log.error("%s can never be stored, says the cloud: %s; it is kept, and passed over", what, why)
        return True

    def committed(self) -> None:
        """The cloud took something: it does not refuse everything."""
        self._in_a_row = 0

    def forget(self) -> None:
        """Ask again for all of it."""
        self._position = self._in_a_row = 0

    def new_journal(self) -> None:
        """Positions are those of another journal."""
        self.forget()
        self._said = 0
