"""ADE9000: telling an interrupt line that stays low for a reason from one that is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.errors import InterruptStuck

if TYPE_CHECKING:
    from ampguard_drivers.bus import Clock

PATIENCE = 50
"""How many times in a row a line may be seen low without a cause; the looks are at least 1 ms apart."""
_FORGET_NS = 200_000_000
"""Two looks further apart than this have nothing to do with each other."""


class StuckLineWatch:
    """Counts how often a line was low although everything was acknowledged."""

    def __init__(self, line: str, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._low = 0
        self._last_ns = 0

    def seen_high(self) -> None:
        """The line works."""
        self._low = 0

    def seen_low(self, status: str) -> None:
        """Low without a cause once more. Raises InterruptStuck when it was so too often."""
        now_ns = self._clock.now_ns()
        if now_ns - self._last_ns > _FORGET_NS:
            self._low = 0
        self._last_ns = now_ns
        self._low += 1
        if self._low >= PATIENCE:
            self._low = 0
            raise InterruptStuck(
                f"{self._line} should go high when its causes are acknowledged, but stayed low over"
                f" {PATIENCE} looks; {status}"
            )
