"""Whether a clamp is closed: one with a gap shows less than flows, and leads by 12 to 35 degrees with every load.

The gap lowers the magnetising inductance, so that more of the current goes into the core: 0.04 mm cost 15 % and 30
degrees, a sheet of paper 7 % and 15. One load that leads says little, for some do; the same lead of all loads says it.
"""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

import numpy as np

from ampguard.wiring.loads import USUAL_LAG_DEG, USUAL_SPREAD_DEG, WIDEST_DEG, normal

if TYPE_CHECKING:
    from ampguard.wiring.hypotheses import Look

OPEN_PROBABILITY = 0.002
"""Before anything is seen."""
SUSPECT_PROBABILITY = 0.01
LEAD_DEG, LEAD_SPREAD_DEG = 25.0, 9.0
_ODD_RATIO = 0.1
"""So many loads of closed clamps have any angle."""


def open_probability(looks: list[Look], clamp: int) -> float:
    """Of a clamp that sits on its own phase the right way round."""
    odds = math.log(OPEN_PROBABILITY)
    for look in looks:
        current = look.current_a[clamp]
        if look.counts[clamp] and current:
            odds += _weight(math.degrees(cmath.phase(look.voltage[clamp] / current)), look, abs(current))
    return 1.0 / (1.0 + math.exp(-min(odds, 50.0)))


def _weight(lag_deg: float, look: Look, current_a: float) -> float:
    """Log of how much likelier the lag is behind an open clamp than behind a closed one."""
    unsure_deg = math.degrees(min(look.noise_a / current_a, math.pi))
    if look.is_step and abs(lag_deg) > WIDEST_DEG:
        lag_deg = math.remainder(lag_deg + 180.0, 360.0)  # switched off
    any_ratio = 1.0 / (2.0 * WIDEST_DEG)
    closed = normal(np.array(lag_deg - USUAL_LAG_DEG), np.hypot(USUAL_SPREAD_DEG, unsure_deg))
    ajar = normal(
        np.array(lag_deg - USUAL_LAG_DEG + LEAD_DEG),
        np.hypot(math.hypot(USUAL_SPREAD_DEG, LEAD_SPREAD_DEG), unsure_deg),
    )
    return math.log(float(ajar) + 0.01 * any_ratio) - math.log(
        (1.0 - _ODD_RATIO) * float(closed) + _ODD_RATIO * any_ratio
    )
