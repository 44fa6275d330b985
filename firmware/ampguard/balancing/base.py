"""The base load of one phase: what flows besides the chargers, and what it is likely to come back to.

What the chargers draw is known between bounds, so the base load is, too. The last value is kept as long as it lies
between them: a cut that is still on its way is not taken for less base load nor counted twice, and a step of the base
load during it shows. In the beginning it is the smallest that can be: what may be the chargers' is theirs.
"""

from __future__ import annotations

from collections import deque

DRIFT_RATIO = 0.5
"""Of the way to the measured value, with each sample while nothing is under way."""
HISTORY_S = 300


class BaseLoad:
    """One phase."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.current_a: float | None = None
        self._peaks_a: deque[tuple[int, float]] = deque(maxlen=HISTORY_S)
        """The highest value of each second."""
        self._ranked_a: tuple[int, list[float]] = (0, [])

    def measured(self, at_s: float, least_a: float, most_a: float, *, is_settled: bool) -> float:
        """It lies between these; what it is taken to be."""
        current_a = min(max(self.current_a or 0.0, least_a), most_a)
        if self.current_a is not None and is_settled:
            current_a += DRIFT_RATIO * ((least_a + most_a) / 2.0 - current_a)
        self.current_a = current_a
        second = int(at_s)
        if self._peaks_a and self._peaks_a[-1][0] == second:
            self._peaks_a[-1] = (second, max(current_a, self._peaks_a[-1][1]))
        else:
            self._peaks_a.append((second, current_a))
        return current_a

    def again(self, least_a: float, most_a: float) -> float:
        """More is known of the chargers: it lies between these, and did before. What it is taken to be."""
        self.current_a = min(max(0.0, least_a), most_a)
        return self.current_a

    def quantile_a(self, part_ratio: float) -> float | None:
        """What it stayed below for that part of the last five minutes."""
        if not self._peaks_a:
            return None
        newest = self._peaks_a[-1][0]
        if not self._ranked_a[1] or newest - self._ranked_a[0] >= 5 or newest < self._ranked_a[0]:  # noqa: PLR2004  seconds; it moves slowly
            self._ranked_a = (newest, sorted(value for _, value in self._peaks_a))
        ranked = self._ranked_a[1]
        return ranked[min(len(ranked) - 1, int(part_ratio * len(ranked)))]
