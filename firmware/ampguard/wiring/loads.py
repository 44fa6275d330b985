"""What ordinary loads do to the angle of a current: how usual each lag behind the voltage is.

A building is of one kind or the other: one whose phases all carry ordinary loads (heating, motors, some electronics
that leads), or one where anything between -88 and 88 degrees is as usual (a power factor of 0.14 and more, either
way: filters of idle converters, compensation that is on alone, LED lamps). With generation on site a phase may export
as well. All densities are per degree; the uncertainty of the measured angle widens them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Degrees = NDArray[np.float64]

USUAL_LAG_DEG, USUAL_SPREAD_DEG = 8.0, 16.0
WIDEST_DEG = 88.0
SOFT_DEG = 3.0
"""The border of the widest lags is no cliff."""
EXPORT_SPREAD_DEG = 8.0
_HALF_TURN_DEG, _TURN_DEG = 180.0, 360.0
_erf = np.vectorize(math.erf, otypes=[np.float64])


@dataclass(frozen=True, slots=True)
class Kinds:
    """How likely each kind of building is; the rest is of ordinary loads."""

    wide_probability: float = 0.1
    exports_all_probability: float = 3e-3
    """Every phase exports."""
    exports_some_probability: float = 3e-4
    """Each phase imports or exports, or neither clearly."""


NOBODY_KNOWS = Kinds()
GENERATES = Kinds(exports_all_probability=0.2, exports_some_probability=0.5)


def base_densities(lag_deg: Degrees, spread_deg: Degrees, kinds: Kinds) -> list[tuple[float, Degrees]]:
    """Of what flows: for each kind of building its probability and the densities of the lags.

    Args:
        lag_deg: of any shape.
        spread_deg: standard deviation of the measured angles, to broadcast with it.
        kinds: how likely each is.
    """
    usual, wide = _usual(lag_deg, spread_deg), _within(lag_deg, spread_deg)
    ordinary = 0.97 * usual + 0.03 * wide + 1e-6
    importing = 0.25 * usual + 0.75 * wide + 1e-5
    back_deg = lag_deg - _HALF_TURN_DEG
    exporting = 0.7 * _normal(back_deg, np.hypot(EXPORT_SPREAD_DEG, spread_deg)) + 0.29 * _within(back_deg, spread_deg)
    exporting += 0.01 / _TURN_DEG
    either = 0.5 * ordinary + 0.4 * exporting + 0.1 / _TURN_DEG
    rest = 1.0 - kinds.exports_all_probability - kinds.exports_some_probability
    return [
        (rest * (1.0 - kinds.wide_probability), ordinary),
        (rest * kinds.wide_probability, importing),
        (kinds.exports_some_probability, either),
        (0.5 * kinds.exports_all_probability, exporting),
        # clamps that are all reversed look like this: only how usual either is tells them apart, and that is not enough
        (
            0.5 * kinds.exports_all_probability,
            0.97 * _usual(back_deg, spread_deg) + 0.03 * _within(back_deg, spread_deg) + 1e-6,
        ),
    ]


def step_densities(lag_deg: Degrees, spread_deg: Degrees) -> list[tuple[float, Degrees]]:
    """Of what is switched, on all phases at once: on or off, one as likely as the other."""
    return [(0.5, _switched(lag_deg, spread_deg)), (0.5, _switched(lag_deg + _HALF_TURN_DEG, spread_deg))]


def _switched(lag_deg: Degrees, spread_deg: Degrees) -> Degrees:
    return 0.8 * _usual(lag_deg, spread_deg) + 0.2 * _within(lag_deg, spread_deg) + 1e-6


def _usual(lag_deg: Degrees, spread_deg: Degrees) -> Degrees:
    return _normal(lag_deg - USUAL_LAG_DEG, np.hypot(USUAL_SPREAD_DEG, spread_deg))


def _normal(distance_deg: Degrees, spread_deg: Degrees) -> Degrees:
    """Wrapped once round: a spread of more than a turn is none."""
    folded_deg = np.abs(folded(distance_deg))
    scale = 1.0 / (spread_deg * math.sqrt(2.0 * math.pi))
    near, far = folded_deg / spread_deg, (_TURN_DEG - folded_deg) / spread_deg
    found: Degrees = scale * (np.exp(-0.5 * near**2) + np.exp(-0.5 * far**2))
    return found


def _within(distance_deg: Degrees, spread_deg: Degrees) -> Degrees:
    """As usual everywhere up to `WIDEST_DEG`."""
    folded_deg = np.abs(folded(distance_deg))
    scale = math.sqrt(2.0) * np.hypot(SOFT_DEG, spread_deg)
    found: Degrees = np.zeros_like(folded_deg)
    for off_deg in (folded_deg, _TURN_DEG - folded_deg):
        found = found + _erf((WIDEST_DEG - off_deg) / scale) + _erf((WIDEST_DEG + off_deg) / scale)
    return found / (4.0 * WIDEST_DEG)


def folded(angle_deg: Degrees) -> Degrees:
    """Between -180 and 180."""
    return (angle_deg + _HALF_TURN_DEG) % _TURN_DEG - _HALF_TURN_DEG
