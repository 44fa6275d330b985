"""What is not in the electronics of a simulated board, put there as a model: clamps of a class, and temperature.

A clamp is at the end of what its class allows (IEC 61869-2: ratio error and phase displacement by current), and was
calibrated with its input at one current: what is left is the difference to that current. Parts drift with temperature
in the direction that hurts, all the same way.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.front_end import Tolerances
from ampguard_hil.accuracy.points import REFERENCE_DEGC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard_hil.accuracy.points import Point

INPUTS = 7
CALIBRATED_RATIO = 0.2
"""Of In: where a clamp is calibrated with its input; in the middle of its range on a logarithmic scale."""
_MINUTES_PER_DEGREE = 60.0


@dataclass(frozen=True, slots=True)
class ClampClass:
    """Limits of a class by current over nominal current."""

    name: str
    current_ratio: tuple[float, ...]
    ratio_percent: tuple[float, ...]
    displacement_deg: tuple[float, ...]

    def left(self, current_ratio: float) -> tuple[float, float]:
        """Gain (ratio) and lead (deg) against the calibration: less current, less gain and more lead."""
        gain = -self._at(self.ratio_percent, current_ratio) + self._at(self.ratio_percent, CALIBRATED_RATIO)
        lead = self._at(self.displacement_deg, current_ratio) - self._at(self.displacement_deg, CALIBRATED_RATIO)
        return 1.0 + gain / 100.0, lead

    def _at(self, values: Sequence[float], current_ratio: float) -> float:
        """Between two currents on a logarithmic scale; beyond the ends as at them."""
        place = bisect.bisect(self.current_ratio, current_ratio)
        if place in {0, len(self.current_ratio)}:
            return values[min(place, len(values) - 1)]
        low, high = self.current_ratio[place - 1], self.current_ratio[place]
        share = math.log(current_ratio / low) / math.log(high / low)
        return values[place - 1] + share * (values[place] - values[place - 1])


def _class(name: str, ratio_percent: Sequence[float], minutes: Sequence[int]) -> ClampClass:
    ratios = (0.05, 0.2, 1.0, 1.2) if len(ratio_percent) == 4 else (0.01, 0.05, 0.2, 1.0, 1.2)  # noqa: PLR2004 - S classes
    return ClampClass(name, ratios, tuple(ratio_percent), tuple(each / _MINUTES_PER_DEGREE for each in minutes))


CLAMP_CLASSES: Mapping[str, ClampClass] = MappingProxyType({
    "0.2": _class("0.2", (0.75, 0.35, 0.2, 0.2), (30, 15, 10, 10)),
    "0.5": _class("0.5", (1.5, 0.75, 0.5, 0.5), (90, 45, 30, 30)),
    "0.5S": _class("0.5S", (1.5, 0.75, 0.5, 0.5, 0.5), (90, 45, 30, 30, 30)),
    "1": _class("1", (3.0, 1.5, 1.0, 1.0), (180, 90, 60, 60)),
})  # fmt: skip
"""IEC 61869-2, Tables 201 and 202 [M]."""
BOARD_CLAMPS = CLAMP_CLASSES["1"]
"""Of the board's CT sets: split cores of class 1."""

CHIP_PPM_PER_K = 7.0
"""Gain drift of a channel, typical (ADE9000 data sheet, Table 1; at most 25)."""
RESISTOR_PPM_PER_K = 25.0
"""Burden, and the ratio of the divider: the parts that the notes on standards ask for in class 0.5."""


def of_clamps(point: Point, clamps: ClampClass = BOARD_CLAMPS) -> Tolerances:
    """What clamps of a class do to the inputs at a point."""
    gain, lead = clamps.left(point.conditions.current_ratio)
    return _on_currents(gain, lead)


def of_temperature(point: Point) -> Tolerances:
    """What the point's temperature does to the inputs."""
    kelvins = point.temperature_degc - REFERENCE_DEGC
    return Tolerances((1.0 + kelvins * (CHIP_PPM_PER_K + RESISTOR_PPM_PER_K) * 1e-6,) * INPUTS, (0.0,) * INPUTS)


def _on_currents(gain_ratio: float, lead_deg: float) -> Tolerances:
    currents = [index % 2 == 0 for index in range(INPUTS)]
    return Tolerances(
        tuple(gain_ratio if current else 1.0 for current in currents),
        tuple(lead_deg if current else 0.0 for current in currents),
    )
