"""What ordinary loads do to the angle of a current: how usual each lag behind the voltage is.

A building is of one kind or the other: one whose phases all carry ordinary loads (heating, motors, some electronics
that leads), or one where anything between -88 and 88 degrees is as usual (a power factor of 0.14 and more, either
way: filters of idle converters, compensation that is on alone, LED lamps). With generation on site a phase may export
as well. All densities are per degree; the uncertainty of the measured angle widens them.
"""

from __future__ import annotations

import itertools
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
WIDE_PROBABILITY = 0.05
"""Of a building with loads of any angle."""
BUSY_PROBABILITY = 0.1
"""Of a building where often several things change at once, each on its own phase and in its own direction."""


@dataclass(frozen=True, slots=True)
class _Character:
    """What the loads of a building are like."""

    probability: float
    flowing_wide_ratio: float
    """How often what flows is wide."""
    switched_wide_ratio: float
    """How often what is switched is: heaters are everywhere."""
    several_ratio: float
    """How often it is several things at once."""


_CHARACTERS = (
    _Character((1.0 - WIDE_PROBABILITY) * (1.0 - BUSY_PROBABILITY), 0.004, 0.05, 0.02),
    _Character((1.0 - WIDE_PROBABILITY) * BUSY_PROBABILITY, 0.004, 0.05, 0.8),
    _Character(WIDE_PROBABILITY, 0.9, 0.4, 0.1),
)
BETWEEN_PHASES_DEG = (-30.0, 0.0, 30.0)
"""Without a neutral loads hang between two phases (230 V IT) or on all three: the current of a load from L1 to L2 leads
the star voltage of L1 by 30 degrees and lags that of L2 by 30, before its own lag."""
_REPLACED = 0.3
"""Of several things at once: on one phase there are two, and what is left of them is at any angle."""
_HALF_TURN_DEG, _TURN_DEG = 180.0, 360.0
_ERF = 1.2


@dataclass(frozen=True, slots=True)
class Generation:
    """How likely a building is to export, and on which phases it then does; the rest never does."""

    one_probability: float
    """One phase, always the same: the inverter of a roof, a battery at a socket."""
    two_probability: float
    all_probability: float
    changing_probability: float
    """Now these phases, now those: an inverter on all of them, above loads that come and go."""


NOBODY_KNOWS = Generation(0.012, 0.003, 0.006, 0.02)
"""One phase that exports is about as usual as one clamp the wrong way round: angles alone must not tell them apart."""
GENERATES = Generation(0.3, 0.15, 0.15, 0.38)
ONLY_DRAWS = Generation(1e-5, 1e-6, 1e-6, 1e-6)
MASKS = tuple(itertools.product((False, True), repeat=3))
"""Which phases export at a time."""


def generation_of(generation_on_site: bool | None) -> Generation:  # noqa: FBT001 - three answers, one of them "nobody told"
    """What the installer knows, as evidence."""
    return NOBODY_KNOWS if generation_on_site is None else GENERATES if generation_on_site else ONLY_DRAWS


@dataclass(frozen=True, slots=True)
class Buildings:
    """What a building may do all the time, with how likely that is.

    A building that exports at noon did so at eleven, and one with odd loads has odd loads at each look: both are rare,
    but only once. Six looks at one export are not six rare things, and prove no clamp to be reversed.
    """

    probability: NDArray[np.float64]
    """(buildings)."""
    flowing: NDArray[np.float64]
    """(buildings, kinds of `base_densities`)."""
    switched: NDArray[np.float64]
    """(buildings, kinds of `step_densities`)."""


def buildings_of(generation: Generation) -> Buildings:
    """All of them."""
    probabilities: list[float] = []
    flowing_ratio: list[list[float]] = []
    switched_ratio: list[list[float]] = []
    for one in _CHARACTERS:
        flowing = (1.0 - one.flowing_wide_ratio, one.flowing_wide_ratio)
        switched = [
            0.5 * (1.0 - one.several_ratio) * share
            for share in (1.0 - one.switched_wide_ratio, one.switched_wide_ratio)
        ]
        for probability, masks in _patterns(generation):
            probabilities.append(one.probability * probability)
            flowing_ratio.append([mask * share for mask in masks for share in flowing])
            switched_ratio.append([*switched, *switched, one.several_ratio])
    return Buildings(np.array(probabilities), np.array(flowing_ratio), np.array(switched_ratio))


def _patterns(generation: Generation) -> list[tuple[float, list[float]]]:
    """How likely a building is to export on some phases, and how often it does so on each set of `MASKS`."""
    count = [sum(mask) for mask in MASKS]
    of = (0.0, generation.one_probability / 3.0, generation.two_probability / 3.0, generation.all_probability)
    never = 1.0 - 3.0 * (of[1] + of[2]) - of[3] - generation.changing_probability
    anything = [1.0 / len(MASKS)] * len(MASKS)
    found = [(never, [float(not one) for one in count]), (generation.changing_probability, anything)]
    for own, phases in enumerate(count):
        if phases:
            often = [0.8 if mask == own else 0.0 if one else 0.2 for mask, one in enumerate(count)]
            found.append((of[phases], [0.97 * one + 0.03 * any_ for one, any_ in zip(often, anything, strict=True)]))
    return found


def base_densities(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool = True) -> Degrees:
    """Of what flows: the densities of the lags, (kinds, clamps, phases, ways round).

    The kinds are for each of `MASKS`: what the other phases draw is ordinary, or as wide as it gets.

    Args:
        lag_deg: (clamps, phases, ways round).
        spread_deg: standard deviation of the measured angles, to broadcast with it.
        has_neutral: False: loads are between phases, see `BETWEEN_PHASES_DEG`.
    """
    back_deg = lag_deg - _HALF_TURN_DEG
    usual, wide = _both(lag_deg, spread_deg, has_neutral=has_neutral)
    usual_back, wide_back = _both(back_deg, spread_deg, has_neutral=has_neutral)
    drawing = (0.99 * usual + 0.01 * wide + 1e-7, 0.25 * usual + 0.75 * wide + 1e-6)
    # clamps that are reversed look like loads that are: that alone must not tell them from generation
    exporting = 0.5 * normal(back_deg, np.hypot(EXPORT_SPREAD_DEG, spread_deg)) + 0.3 * usual_back
    exporting += 0.2 * wide_back + 1e-5
    return np.array([np.where(np.array(mask)[None, :, None], exporting, drawn) for mask in MASKS for drawn in drawing])


def step_densities(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool = True) -> Degrees:
    """Of what is switched, on all phases at once: (kinds, clamps, phases, ways round); on or off, one as likely.

    The kinds are: on and ordinary, on and wide, off and ordinary, off and wide; several things, each on or off or
    another load in the place of one.
    """
    found: list[Degrees] = []
    either: Degrees = np.full_like(lag_deg, _REPLACED / _TURN_DEG)
    for turned_deg in (lag_deg, lag_deg + _HALF_TURN_DEG):
        usual, wide = _both(turned_deg, spread_deg, has_neutral=has_neutral)
        found += [0.9 * usual + 0.1 * wide + 1e-6, 0.25 * usual + 0.75 * wide + 1e-5]
        either = either + 0.5 * (1.0 - _REPLACED) * usual
    return np.array([*found, either])


def _both(lag_deg: Degrees, spread_deg: Degrees, *, has_neutral: bool) -> tuple[Degrees, Degrees]:
    """Of ordinary loads, and of those as wide as it gets."""
    widest_deg = WIDEST_DEG if has_neutral else WIDEST_DEG + max(BETWEEN_PHASES_DEG)
    return _usual(lag_deg, spread_deg, has_neutral=has_neutral), _within(lag_deg, spread_deg, widest_deg)


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
