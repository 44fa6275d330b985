"""The sample rate behind a column of time stamps, and how long a pause between two rows means missing samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.float64]

UNEVEN_RATIO = 0.02
"""More rows than this share after a pause: the rows do not come at one rate."""

RATE_TOLERANCE_RATIO = 0.01
"""A stated rate that differs more from the time stamps is an error of the file, not of rounding."""
NOTABLE_JITTER_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """What a column of time stamps says."""

    sample_rate_hz: float
    gap_s: float
    """A longer time between two rows means that samples are missing."""
    jitter_ratio: float
    """Standard deviation of the time between rows over its mean: includes the rounding of the stamps."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know."""
        if self.jitter_ratio < NOTABLE_JITTER_RATIO:
            return ()
        return (f"the time stamps jitter by {self.jitter_ratio:.0%} of a sample: taken as even, at their mean rate",)


class TimesUnusable(ValueError):
    """The stamps do not come from even sampling. The message continues "the time column ..."."""


def timing_of(times_s: Times) -> Timing:
    """Rate and gap limit of time stamps; small jitter and coarse rounding (even equal stamps) are averaged out."""
    if len(times_s) < 2:  # noqa: PLR2004 - a difference needs two
        raise TimesUnusable("has fewer than two rows")
    if not np.isfinite(times_s).all():
        row = int(np.flatnonzero(~np.isfinite(times_s))[0])
        raise TimesUnusable(f"has no value in data row {row + 1}")
    steps_s = np.diff(times_s)
    if steps_s.min() < 0:
        raise TimesUnusable(f"runs backwards in data row {int(steps_s.argmin()) + 2}")
    if times_s[-1] <= times_s[0]:
        raise TimesUnusable("stands still")
    typical_s = float(np.median(steps_s)) or float(steps_s.mean())
    even = np.abs(steps_s - typical_s) < 0.25 * typical_s
    resolution_s = 0.0 if even.mean() >= 1 - UNEVEN_RATIO else _resolution_s(steps_s, typical_s)
    regular = steps_s[steps_s <= 1.5 * typical_s + resolution_s]
    mean_s = float(regular.mean())
    if mean_s <= 0 or len(regular) < (1 - UNEVEN_RATIO) * len(steps_s):
        raise TimesUnusable("is not evenly spaced")
    return Timing(1 / mean_s, 1.5 * mean_s + resolution_s, float(regular.std()) / mean_s)


def _resolution_s(steps_s: Times, typical_s: float) -> float:
    """The coarse grid to which the stamps were rounded: the smallest difference between two kinds of steps."""
    kinds = np.unique(steps_s)
    differences = np.diff(kinds)
    real = differences[differences > 1e-6 * typical_s]
    return min(float(real.min()), 2.5 * typical_s) if len(real) else 0.0
