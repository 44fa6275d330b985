"""Fair shares of several scarce things at once: weighted max-min.

Everybody's share rises with one common level, times its weight, until something that he uses is used up; then his
stays and the others' go on rising. Nobody could have more without somebody who has relatively less losing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDLESS_RATIO = 1e12
"""A level that nothing limits."""


@dataclass(slots=True)
class Scarce:
    """One thing that is shared: a phase, or the power of all."""

    total_a: float
    uses_ratio: Sequence[float]
    """How much of it an ampere of each sharer takes: 0, 1, or the number of its phases."""


@dataclass(slots=True)
class Sharer:
    """One who shares."""

    least_a: float
    """He has it in any case."""
    most_a: float
    weight_ratio: float
    """Relative to the others'."""


def shared(scarce: Sequence[Scarce], sharers: Sequence[Sharer]) -> list[float]:
    """What each gets, between his least and his most; just his least where the leasts alone are too much."""
    given_a: list[float | None] = [None] * len(sharers)
    left = list(scarce)
    while left:
        levels = [_level(one, sharers, given_a) for one in left]
        lowest_ratio = min(levels)
        if lowest_ratio >= ENDLESS_RATIO:
            break
        used_up = left.pop(levels.index(lowest_ratio))
        for number, (use, one) in enumerate(zip(used_up.uses_ratio, sharers, strict=True)):
            if use > 0.0 and given_a[number] is None:
                given_a[number] = max(one.least_a, min(one.most_a, one.weight_ratio * lowest_ratio))
    return [
        max(one.least_a, one.most_a) if value is None else value for one, value in zip(sharers, given_a, strict=True)
    ]


def _level(one: Scarce, sharers: Sequence[Sharer], given_a: Sequence[float | None]) -> float:
    """At which level it is used up, by those who have not got theirs yet."""
    left_a = one.total_a
    turns_ratio: list[tuple[float, float]] = []
    for use, sharer, value in zip(one.uses_ratio, sharers, given_a, strict=True):
        if use <= 0.0:
            continue
        if value is not None:
            left_a -= use * value
            continue
        left_a -= use * sharer.least_a
        if sharer.most_a > sharer.least_a:
            turns_ratio.append((sharer.least_a / sharer.weight_ratio, use * sharer.weight_ratio))
            turns_ratio.append((sharer.most_a / sharer.weight_ratio, -use * sharer.weight_ratio))
    if left_a <= 0.0:
        return 0.0
    turns_ratio.sort()
    slope = level_ratio = 0.0
    for at_ratio, change in turns_ratio:
        if slope > 0.0:
            rise_a = slope * (at_ratio - level_ratio)
            if rise_a >= left_a:
                return level_ratio + left_a / slope
            left_a -= rise_a
        level_ratio = at_ratio
        slope += change
    return ENDLESS_RATIO
