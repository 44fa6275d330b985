"""What a bench switches on behind the main switch, whatever the supply: heaters, and chargers that say what they draw.

A heater is a resistor between a phase and the neutral: i = v / R at every instant, and the resistance of the grid takes
its part of the voltage; R is what draws the stated power at 230 V. A charger is a current with an angle, whatever the
voltage.
"""

from __future__ import annotations

import cmath
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.scenarios import LINE_OHM, NEUTRAL_OHM, added
from ampguard_drivers.simulated.supply import State, Three

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.simulated.supply import Floats, Source

RATED_V = 230.0
MOST_W = 20_000.0
NEUTRAL = 6
"""Its column."""
MOST_DRAWN_A, MOST_LAG_DEG = 1000.0, 90.0
SPOKEN_FOR_S = 3.0
"""Who has not said for so long what it draws is gone, and draws nothing."""


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


@dataclass(frozen=True, slots=True)
class _Said:
    current_a: Three
    lag_deg: float
    at_ns: int


class Drawn:
    """What chargers draw; each says it again and again. As `Supply.behind` it adds that to a state."""

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._by_name: dict[str, _Said] = {}

    def draw(self, name: str, current_a: Three, lag_deg: float) -> None:
        """From now on so much flows into it on L1, L2, L3. Raises ValueError with a sentence."""
        if not all(0.0 <= each_a <= MOST_DRAWN_A for each_a in current_a) or not abs(lag_deg) <= MOST_LAG_DEG:
            raise ValueError(
                f"{name}: wanted 0 to {MOST_DRAWN_A:g} A and up to {MOST_LAG_DEG:g} deg of lag, "
                f"met {current_a} and {lag_deg:g}"
            )
        self._by_name[name] = _Said(current_a, lag_deg, self._now_ns())

    @property
    def current_a(self) -> Three:
        """Of all of them on L1, L2, L3, as if none had an angle."""
        kept = [said.current_a for said in self._kept()]
        return sum(a for a, _, _ in kept), sum(b for _, b, _ in kept), sum(c for _, _, c in kept)

    def __call__(self, state: State) -> State:
        """The state with what they draw, and the voltage that the grid has left then."""
        if not self._by_name:
            return state
        drawn = [0j, 0j, 0j]
        for said in self._kept():
            for phase, each_a in enumerate(said.current_a):
                drawn[phase] += cmath.rect(each_a, -math.radians(said.lag_deg))
        return _with(state, drawn) if any(drawn) else state

    def _kept(self) -> list[_Said]:
        oldest_ns = self._now_ns() - round(SPOKEN_FOR_S * 1e9)
        self._by_name = {name: said for name, said in self._by_name.items() if said.at_ns >= oldest_ns}
        return list(self._by_name.values())


def _with(state: State, drawn: list[complex]) -> State:
    """More current on each phase, as a phasor against its own voltage, and what that leaves of the voltages."""
    units = [cmath.rect(1.0, math.radians(angle_deg)) for angle_deg in state.angle_deg]
    returning = sum(each * unit for each, unit in zip(drawn, units, strict=True))
    one_v, two_v, three_v = (
        max(0.0, left_v - (LINE_OHM * each + NEUTRAL_OHM * returning * unit.conjugate()).real)
        for left_v, each, unit in zip(state.voltage_v, drawn, units, strict=True)
    )
    for phase, each in enumerate(drawn):
        if each:
            state = added(state, phase, abs(each), -math.degrees(cmath.phase(each)))
    return replace(state, voltage_v=(one_v, two_v, three_v))
