"""Heaters that somebody switches on the bench: resistors between a phase and the neutral, whatever the supply.

i = v / R at every instant, and the resistance of the grid takes its part of the voltage: R is what draws the stated
power at 230 V.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.simulated.scenarios import LINE_OHM, NEUTRAL_OHM

if TYPE_CHECKING:
    from ampguard_drivers.simulated.supply import Floats, Source

RATED_V = 230.0
MOST_W = 20_000.0
NEUTRAL = 6
"""Its column."""


class WithAppliances:
    """A supply and the heaters behind it."""

    def __init__(self, source: Source, power_w: list[float]) -> None:
        """`power_w`: on L1, L2 and L3; whoever holds the list switches them. The neutral's shift is left out."""
        self._source, self._power_w = source, power_w

    def sample(self, first_index: int, count: int, rate_hz: float) -> Floats:
        """See `supply.Source`."""
        values = self._source.sample(first_index, count, rate_hz)
        for phase, power_w in enumerate(self._power_w):
            if power_w > 0.0:
                heater_ohm = RATED_V**2 / power_w
                flows_a = values[:, 2 * phase + 1] / (heater_ohm + LINE_OHM + NEUTRAL_OHM)
                values[:, 2 * phase + 1] -= flows_a * (LINE_OHM + NEUTRAL_OHM)
                values[:, 2 * phase] += flows_a
                values[:, NEUTRAL] += flows_a
        return values
