"""Whether there is too much on a phase: much counts at once, little only when it lasts."""

from __future__ import annotations

SMALL_A = 0.2
"""Less is none."""
SMALL_RATIO, SMALL_S = 0.025, 6.0
"""Of the main fuse: so much may last so long."""


class Excess:
    """On all three phases."""

    def __init__(self, supply_max_a: float) -> None:
        """Nothing is too much."""
        self._small_a = SMALL_RATIO * supply_max_a
        self._over_s: list[float | None] = [None] * 3

    def is_hot(self, phase: int, excess_a: float, now_s: float) -> bool:
        """Too much, and for long enough."""
        if excess_a <= SMALL_A:
            self._over_s[phase] = None
            return False
        since_s = self._over_s[phase]
        if since_s is None:
            since_s = self._over_s[phase] = now_s
        return excess_a > self._small_a or now_s - since_s >= SMALL_S

    def since_s(self, phase: int, now_s: float) -> float:
        """For how long it has been too much."""
        over_s = self._over_s[phase]
        return 0.0 if over_s is None else now_s - over_s
