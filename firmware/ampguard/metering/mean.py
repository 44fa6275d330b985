"""Means over windows as running sums: a quarter of an hour takes no more memory than a second.

Every mean is weighted by how long its windows are. What is absent in a window does not count there.
"""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

import numpy as np

from ampguard.phases import LinePairs, Phases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.phases import PhaseOrder
    from ampguard.readings import Measurement, PhaseValues, Quality

_PLAIN = (
    "frequency_hz",
    "active_power_w",
    "reactive_power_var",
    "apparent_power_va",
    "power_factor_ratio",
    "total_active_power_w",
    "total_reactive_power_var",
    "total_apparent_power_va",
)
_SQUARED = (
    "voltage_rms_v",
    "voltage_fundamental_rms_v",
    "voltage_thd_percent",
    "line_voltage_rms_v",
    "current_rms_a",
    "current_fundamental_rms_a",
    "current_thd_percent",
    "neutral_current_rms_a",
    "voltage_unbalance_percent",
    "current_unbalance_percent",
)
_ANGLES = ("voltage_angle_deg", "current_angle_deg")
_HALF_TURN_DEG = 180.0


class RunningMean:
    """The means of the windows that were added; a field is asked for by its name in `Measurement`."""

    def __init__(self) -> None:
        self.windows = 0
        self.duration_s = 0.0
        self.quality: frozenset[Quality] = frozenset()
        """All flags that any window has."""
        self._sums: np.ndarray | None = None
        self._weights_s: np.ndarray | None = None
        self._places: dict[str, slice] = {}
        """Where the values of each field are in both."""
        self._orders: dict[str, set[PhaseOrder]] = {"voltage_order": set(), "current_order": set()}

    def add(self, window: Measurement) -> None:
        """One window more."""
        terms: list[complex | None] = []
        for name, of_field in _terms(window):
            self._places[name] = slice(len(terms), len(terms) + len(of_field))
            terms += of_field
        weights_s = np.array([0.0 if term is None else window.duration_s for term in terms])
        sums = weights_s * np.array([0.0 if term is None else term for term in terms])
        self._sums = sums if self._sums is None else self._sums + sums
        self._weights_s = weights_s if self._weights_s is None else self._weights_s + weights_s
        self.windows += 1
        self.duration_s += window.duration_s
        self.quality |= window.quality
        for name, orders in self._orders.items():
            order: PhaseOrder | None = getattr(window, name)
            if order is not None:
                orders.add(order)

    def scalar(self, name: str) -> float | None:
        """Mean of a value; of a root mean square, the root of the mean square."""
        (mean,) = self._means(name)
        return mean

    def phases(self, name: str) -> PhaseValues:
        """The same for each phase; of angles, the direction of the mean unit vector."""
        return Phases.of(self._means(name))

    def pairs(self, name: str) -> LinePairs[float | None]:
        """The same for each pair of phases."""
        return LinePairs(*self._means(name))

    def order(self, name: str) -> PhaseOrder | None:
        """What all windows that know an order agree on."""
        known = self._orders[name]
        return next(iter(known)) if len(known) == 1 else None

    def _means(self, name: str) -> Iterator[float | None]:
        if self._sums is None or self._weights_s is None:
            raise ValueError("a mean needs a window")
        place = self._places[name]
        for total, weight_s in zip(self._sums[place].tolist(), self._weights_s[place].tolist(), strict=True):
            if name in _ANGLES:
                yield _direction_deg(total)
            elif not weight_s:
                yield None
            else:
                mean = total.real / weight_s
                yield math.sqrt(mean) if name in _SQUARED else mean


def _terms(window: Measurement) -> Iterator[tuple[str, list[complex | None]]]:
    """Of each field, what is summed up over the windows."""
    for name in _PLAIN:
        yield name, list(_values(window, name))
    for name in _SQUARED:
        yield name, [None if value is None else value * value for value in _values(window, name)]
    for name in _ANGLES:
        turns = _values(window, name)
        yield name, [None if angle_deg is None else cmath.rect(1.0, math.radians(angle_deg)) for angle_deg in turns]


def _values(window: Measurement, name: str) -> tuple[float | None, ...]:
    """Of the three phases, or their pairs, or the one that there is."""
    values: PhaseValues | LinePairs[float | None] | float | None = getattr(window, name)
    match values:
        case Phases(first, second, third) | LinePairs(first, second, third):
            return first, second, third
        case _:
            return (values,)


def _direction_deg(vector: complex) -> float | None:
    if not vector:
        return None
    angle_deg = math.degrees(cmath.phase(vector))
    return angle_deg if angle_deg > -_HALF_TURN_DEG else _HALF_TURN_DEG
