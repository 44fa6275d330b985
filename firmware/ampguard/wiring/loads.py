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
BETWEEN_PHASES_DEG = (-30.0, 0.0, 30.0)
"""Without a neutral loads hang between two phases (230 V IT) or on all three: the current of a load from L1 to L2 leads
the star voltage of L1 by 30 degrees and lags that of L2 by 30, before its own lag."""
_HALF_TURN_DEG, _TURN_DEG = 180.0, 360.0
_ERF = 1.2


@dataclass(frozen=True, slots=True)
class Kinds:
    """How likely each kind of building is; the rest is of ordinary loads."""

    wide_probability: float
    exports_all_probability: float
    """Every phase exports."""
    exports_two_probability: float
    """Two phases export, one draws."""
    exports_one_probability: float


NOBODY_KNOWS = Kinds(0.012, 3e-3, 1e-3, 1e-4)
"""One clamp the wrong way round is the commonest mistake there is, and is named even where nobody told of generation;
where two phases seem to feed back, nothing is."""
GENERATES = Kinds(0.012, 0.2, 0.25, 0.25)
ONLY_DRAWS = Kinds(0.012, 1e-6, 1e-6, 1e-6)
_OFTEN = (Kinds(0.012, 0.95, 0.02, 0.01), Kinds(0.012, 0.02, 0.95, 0.01), Kinds(0.012, 0.01, 0.02, 0.95))
"""Buildings that export on as many phases nearly all day: three, two, one."""


def kinds_of(generation_on_site: bool | None) -> Kinds:  # noqa: FBT001 - three answers, one of them "nobody told"
    """What the installer knows, as evidence."""
    return NOBODY_KNOWS if generation_on_site is None else GENERATES if generation_on_site else ONLY_DRAWS


def buildings_of(kinds: Kinds) -> tuple[tuple[float, Kinds], ...]:
    """What one building may do all the time, with how likely that is.

    A building that exports at noon did so at eleven: that something generates is rare, but only once. Six looks at one
    export are not six rare things, and prove no clamp to be reversed.
    """
    all_, two, one = _OFTEN
    if kinds == NOBODY_KNOWS:
        return (0.9988, kinds), (3e-4, GENERATES), (5e-4, all_), (3e-4, two), (1e-4, one)
    if kinds == GENERATES:
        return (0.7, kinds), (0.1, all_), (0.1, two), (0.1, one)
    return ((1.0, kinds),)


def base_densities(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool = True) -> list[Degrees]:
    """Of what flows: the densities of the lags in each kind of building, in the order of `weights`.

    Args:
        lag_deg: (clamps, phases, ways round).
        spread_deg: standard deviation of the measured angles, to broadcast with it.
        has_neutral: False: loads are between phases, see `BETWEEN_PHASES_DEG`.
    """
    widest_deg = WIDEST_DEG if has_neutral else WIDEST_DEG + max(BETWEEN_PHASES_DEG)
    usual, wide = _usual(lag_deg, spread_deg, has_neutral=has_neutral), _within(lag_deg, spread_deg, widest_deg)
    ordinary = 0.97 * usual + 0.03 * wide + 1e-6
    importing = 0.25 * usual + 0.75 * wide + 1e-5
    back_deg = lag_deg - _HALF_TURN_DEG
    anyhow = _within(back_deg, spread_deg, widest_deg)
    exporting = 0.7 * normal(back_deg, np.hypot(EXPORT_SPREAD_DEG, spread_deg)) + 0.29 * anyhow + 0.01 / _TURN_DEG
    found = [
        ordinary,
        importing,
        exporting,
        # clamps that are all reversed look like this: only how usual either is tells them apart, and that is not enough
        0.97 * _usual(back_deg, spread_deg, has_neutral=has_neutral) + 0.03 * anyhow + 1e-6,
    ]
    drawing = 0.7 * usual + 0.29 * wide + 0.01 / _TURN_DEG
    for one in range(3):
        apart = (np.arange(3) == one)[None, :, None]
        found += [np.where(apart, drawing, exporting), np.where(apart, exporting, drawing)]
    return found


def weights(kinds: Kinds) -> list[float]:
    """How likely each of `base_densities` is."""
    rest = 1.0 - kinds.exports_all_probability - kinds.exports_two_probability - kinds.exports_one_probability
    half = 0.5 * kinds.exports_all_probability
    apart = [kinds.exports_two_probability / 3.0, kinds.exports_one_probability / 3.0]
    return [rest * (1.0 - kinds.wide_probability), rest * kinds.wide_probability, half, half, *(3 * apart)]


def step_densities(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool = True) -> list[Degrees]:
    """Of what is switched, on all phases at once: on or off, one as likely as the other."""
    widest_deg = WIDEST_DEG if has_neutral else WIDEST_DEG + max(BETWEEN_PHASES_DEG)
    return [
        0.8 * _usual(turned_deg, spread_deg, has_neutral=has_neutral)
        + 0.2 * _within(turned_deg, spread_deg, widest_deg)
        + 1e-6
        for turned_deg in (lag_deg, lag_deg + _HALF_TURN_DEG)
    ]


def _usual(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool) -> Degrees:
    wide_deg = np.hypot(USUAL_SPREAD_DEG, spread_deg)
    if has_neutral:
        return normal(lag_deg - USUAL_LAG_DEG, wide_deg)
    found: Degrees = np.zeros_like(lag_deg)
    for off_deg in BETWEEN_PHASES_DEG:
        found = found + normal(lag_deg - USUAL_LAG_DEG - off_deg, wide_deg) / len(BETWEEN_PHASES_DEG)
    return found


def normal(distance_deg: Degrees, spread_deg: Degrees) -> Degrees:
    """Density of a normal distribution around 0. Wrapped once round: a spread of more than a turn is none."""
    folded_deg = np.abs(folded(distance_deg))
    scale = 1.0 / (spread_deg * math.sqrt(2.0 * math.pi))
    near, far = folded_deg / spread_deg, (_TURN_DEG - folded_deg) / spread_deg
    found: Degrees = scale * (np.exp(-0.5 * near**2) + np.exp(-0.5 * far**2))
    return found


def _within(distance_deg: Degrees, spread_deg: Degrees, widest_deg: float) -> Degrees:
    """As usual everywhere up to that."""
    folded_deg = np.abs(folded(distance_deg))
    scale = math.sqrt(2.0) * np.hypot(SOFT_DEG, spread_deg)
    found: Degrees = np.zeros_like(folded_deg)
    # the error function all but for a percent, and much quicker
    for off_deg in (folded_deg, _TURN_DEG - folded_deg):
        found = found + np.tanh(_ERF * (widest_deg - off_deg) / scale) + np.tanh(_ERF * (widest_deg + off_deg) / scale)
    return found / (4.0 * widest_deg)


def folded(angle_deg: Degrees) -> Degrees:
    """Between -180 and 180."""
    return (angle_deg + _HALF_TURN_DEG) % _TURN_DEG - _HALF_TURN_DEG
