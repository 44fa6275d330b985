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

RESISTANCES_OHM: tuple[tuple[float, float], ...] = (
    (0.0, 0.2), (0.05, 0.1), (0.1, 0.15), (0.2, 0.25), (0.4, 0.2), (0.8, 0.1),
)  # fmt: skip
"""Of a line conductor up to the transformer, with how usual each is; 0: the voltage does not answer (a strong grid, or
a converter that holds it). The reference impedance of IEC 60725 is 0.24 ohm, 0.16 of the neutral."""
NEUTRAL_RATIO = 0.6
"""Resistance of the neutral over that of a line conductor."""
MOST_WEIGHT = 4.0
"""Natural logarithm of what one step can say at most: one that meets a neighbour's by chance must decide nothing."""
_UNSURE_RATIO = 0.3
_ODD_RATIO, _ODD_SPREAD = 0.1, 5.0
"""So many changes are somebody else's, and so much larger."""


_RESISTANCES_OHM = np.array([one for one, _ in RESISTANCES_OHM])[:, None, None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the voltages did when the currents stepped."""

    change_v: tuple[float | None, float | None, float | None]
    """Of each phase's RMS voltage; None where it is not measured."""
    spread_v: float
    """Standard deviation of what else moves it meanwhile."""


def log_likelihoods(phase: NDArray[np.int64], turned: NDArray[np.int64], step: Look, answer: Answer) -> Floats:
    """Of how the voltages changed: (resistances, connections), at most `MOST_WEIGHT` apart.

    A grid has one resistance, whatever is switched: the answers to all steps are added up for each of them, and only
    then averaged over (`RESISTANCES_OHM`). Changes by chance agree with none.

    Args:
        phase: (connections, clamps) numbers of phases.
        turned: (connections, clamps) 1 where the clamp is the wrong way round.
        step: by how much the currents changed, and the voltages' angles.
        answer: what the voltages did.
    """
    known = [number for number, one in enumerate(answer.change_v) if one is not None]
    if not known:
        return np.zeros((len(RESISTANCES_OHM), len(phase)))
    seen_v = np.array([one for one in answer.change_v if one is not None])
    current = np.array(step.current_a) * np.where(turned == 1, -1.0, 1.0)
    by_phase = np.zeros((len(phase), 3), dtype=complex)
    for clamp in (2, 1, 0):  # of two clamps on one phase the first one speaks
        by_phase[np.arange(len(phase)), phase[:, clamp]] = current[:, clamp]
    unit = np.array([step.voltage[number] / abs(step.voltage[number]) for number in known])
    own_a = np.real(by_phase[:, known] * unit.conj())
    neutral_a = np.real(by_phase.sum(axis=1)[:, None] * unit.conj())
    expected_v = -_RESISTANCES_OHM * (own_a + NEUTRAL_RATIO * neutral_a)
    # the next resistance is as far away as that, and the grid has an inductance and another neutral, too
    spread_v = np.hypot(answer.spread_v, _UNSURE_RATIO * expected_v)
    squares = ((seen_v - expected_v) / spread_v) ** 2
    near = (1.0 - _ODD_RATIO) * np.exp(-0.5 * squares)
    odd = _ODD_RATIO / _ODD_SPREAD * np.exp(-0.5 / _ODD_SPREAD**2 * squares)
    found = np.log((near + odd) * answer.spread_v / spread_v + 1e-12).sum(axis=2)
    bounded: Floats = np.maximum(found - found.max(), -MOST_WEIGHT)
    return bounded
