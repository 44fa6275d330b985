"""Symmetrical components (Fortescue) of three phasors."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_A = cmath.exp(2j * math.pi / 3)


def symmetrical_components(phasors: Sequence[complex]) -> tuple[float, float, float]:
    """Magnitudes of zero, positive and negative sequence of the phasors of L1, L2, L3 (C. L. Fortescue, 1918)."""
    first, second, third = phasors
    return (
        abs(first + second + third) / 3.0,
        abs(first + _A * second + _A * _A * third) / 3.0,
        abs(first + _A * _A * second + _A * third) / 3.0,
    )
