"""The main fuse of the model: two bodies that warm, and a current that trips at once (facts: balancing, 1)."""

from __future__ import annotations

import math


class Fuse:
    """One phase of it."""

    def __init__(self, kind: str, rated_a: float, dt_s: float) -> None:
        self.limit, quick_s, slow_s, self.at_once = {
            "mcb": (1.13**2, 40.0, 600.0, 4.0),
            "gg": (1.25**2, 60.0, 1800.0, 9.0),
        }[kind]
        self.rated_a = rated_a
        self._keeps = math.exp(-dt_s / quick_s), math.exp(-dt_s / slow_s)
        self.quick = self.slow = 0.5
        self.highest = 0.0

    def carry(self, current_a: float) -> bool:
        """For one tick; whether it trips."""
        ratio = current_a / self.rated_a
        load = ratio * ratio
        self.quick = load + (self.quick - load) * self._keeps[0]
        self.slow = load + (self.slow - load) * self._keeps[1]
        heat = (self.quick + self.slow) * 0.5
        self.highest = max(self.highest, heat)
        return heat >= self.limit or ratio >= self.at_once

    @property
    def used_percent(self) -> float:
        """0: never hotter than its rating makes it; 100: it tripped."""
        return 100.0 * min(1.0, max(0.0, (self.highest - 1.0) / (self.limit - 1.0)))
