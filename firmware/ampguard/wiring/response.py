"""What the voltages answer to a step of the currents: the one sign that generation cannot imitate.

More import lowers the voltage of its own phase and, through the neutral that all share, lifts those of the others; less
import, or more export, does the opposite. So whatever was switched, the voltage tells which phase it was on and which
way the current really went: a clamp the wrong way round shows a current that seems to raise its own voltage. The grid's
impedance is not known, and other buildings move the voltages as well: one step says little, several agree or do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard.wiring.hypotheses import Look

    Floats = NDArray[np.float64]

_RESISTANCES_OHM: tuple[tuple[float, float], ...] = (
    (0.0, 0.2), (0.05, 0.1), (0.1, 0.15), (0.2, 0.25), (0.4, 0.2), (0.8, 0.1),
)  # fmt: skip
"""Of a line conductor up to the transformer, with how usual each is; 0: the voltage does not answer (a strong grid, or
a converter that holds it). The reference impedance of IEC 60725 is 0.24 ohm, 0.16 of the neutral."""
_RESTLESS_RATIO: tuple[tuple[float, float], ...] = ((1.0, 0.65), (3.0, 0.2), (9.0, 0.15))
"""How many times as much as usual others move the voltages there, with how usual that is."""
GRIDS = tuple((ohm, times, one * other) for times, other in _RESTLESS_RATIO for ohm, one in _RESISTANCES_OHM)
"""What a grid may be like all the time: resistance, restlessness, and how usual both are. The calm ones come first."""
NEUTRAL_RATIO = 0.6
"""Resistance of the neutral over that of a line conductor."""
MOST_WEIGHT = 4.0
"""Natural logarithm of what one step can say of the clamps at most: one that meets a neighbour's by chance must decide
nothing."""
_MOST_OF_GRID = 12.0
"""The same of the grid. That its voltages are restless is to be learnt soon: they agree with anything by chance."""
_UNSURE_RATIO = 0.3
_ODD_RATIO, _ODD_SPREAD = 0.1, 5.0
"""So many changes in a calm grid are somebody else's, and so much larger."""
_OHM, _TIMES = (np.array([one[column] for one in GRIDS])[:, None, None] for column in (0, 1))
_CALM = len(_RESISTANCES_OHM)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the voltages did when the currents stepped."""

    change_v: tuple[float | None, float | None, float | None]
    """Of each phase's RMS voltage; None where it is not measured."""
    spread_v: float
    """Standard deviation of what else moves it meanwhile."""


def log_likelihoods(phase: NDArray[np.int64], turned: NDArray[np.int64], step: Look, answer: Answer) -> Floats:
    """Of how the voltages changed: (grids, connections), at most `MOST_WEIGHT` apart in each grid.

    A grid has one resistance, whatever is switched: the answers to all steps are added up for each of `GRIDS`, and only
    then averaged over. Changes by chance agree with none.

    Args:
        phase: (connections, clamps) numbers of phases.
        turned: (connections, clamps) 1 where the clamp is the wrong way round.
        step: by how much the currents changed, and the voltages' angles.
        answer: what the voltages did.
    """
    known = [number for number, one in enumerate(answer.change_v) if one is not None]
    if not known:
        return np.zeros((len(GRIDS), len(phase)))
    seen_v = np.array([one for one in answer.change_v if one is not None])
    current = np.array(step.current_a) * np.where(turned == 1, -1.0, 1.0)
    by_phase = np.zeros((len(phase), 3), dtype=complex)
    for clamp in (2, 1, 0):  # of two clamps on one phase the first one speaks
        by_phase[np.arange(len(phase)), phase[:, clamp]] = current[:, clamp]
    unit = np.array([step.voltage[number] / abs(step.voltage[number]) for number in known])
    own_a = np.real(by_phase[:, known] * unit.conj())
    neutral_a = np.real(by_phase.sum(axis=1)[:, None] * unit.conj())
    expected_v = -_OHM * (own_a + NEUTRAL_RATIO * neutral_a)
    # the next resistance is as far away as that, and the grid has an inductance and another neutral, too
    spread_v = np.hypot(_TIMES * answer.spread_v, _UNSURE_RATIO * expected_v)
    logs = -0.5 * ((seen_v - expected_v) / spread_v) ** 2
    calm = logs[:_CALM]
    calm[:] = np.log(
        (1.0 - _ODD_RATIO) * np.exp(calm) + _ODD_RATIO / _ODD_SPREAD * np.exp(calm / _ODD_SPREAD**2) + 1e-12
    )
    found = (logs - np.log(spread_v)).sum(axis=2)
    best = found.max(axis=1, keepdims=True)
    bounded: Floats = np.maximum(found - best, -MOST_WEIGHT) + np.maximum(best - best.max(), -_MOST_OF_GRID)
    return bounded
