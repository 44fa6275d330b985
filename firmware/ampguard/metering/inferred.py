"""Voltages that no terminal measures, taken from those that are measured as a symmetrical supply would have them."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    Phasors: TypeAlias = list[complex | None]

STAR_PER_HALF_LINE = 2.0 / math.sqrt(3.0)
"""A star voltage over half of the voltage between two phases."""
_TURN_RAD = -2.0 * math.pi / 3.0


def from_phases(present: Sequence[complex | None]) -> Phasors:
    """All three from one or two that are there; two that run backwards say so."""
    known = [(number, phasor) for number, phasor in enumerate(present) if phasor is not None]
    if not known:
        return [None, None, None]
    (first, reference), (last, other), turn_rad = known[0], known[-1], _TURN_RAD
    steps = last - first
    if steps and abs(cmath.phase(other / reference * cmath.rect(1.0, -steps * turn_rad))) > math.pi / 3.0:
        turn_rad = -turn_rad
    return [reference * cmath.rect(1.0, (number - first) * turn_rad) for number in range(3)]


def from_pair(star: complex | None, pair: tuple[int, int]) -> Phasors:
    """All three from the voltage between two phases, L1-L2-L3: its angle tells nothing of which way round they run.

    Args:
        star: that voltage, as large as a star voltage.
        pair: numbers of the two phases, the first one less the other.
    """
    if star is None:
        return [None, None, None]
    one, other = (cmath.rect(1.0, number * _TURN_RAD) for number in pair)
    of_l1 = star * math.sqrt(3.0) / (one - other)
    return [of_l1 * cmath.rect(1.0, number * _TURN_RAD) for number in range(3)]
