"""Means over windows as running sums: a quarter of an hour takes no more memory than a second.

Every mean is weighted by how long its windows are. What is absent in a window does not count there.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ampguard.phases import LinePairs, Phases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a window adds to the sums of every mean that it is a part of."""

    window: Measurement
    places: Mapping[str, slice]
    """Where the values of each field are in both arrays."""
    weights_s: NDArray[np.float64]
    """Of each value; 0 where it is absent."""
    weighted: NDArray[np.complex128]
    """Each value, squared or as a unit vector where its mean is made so, times its weight."""

    @classmethod
    def of(cls, window: Measurement) -> Terms:
        """The only maker."""
        places: dict[str, slice] = {}
        values: list[complex | None] = []
        for name, of_field in _fields(window):
            places[name] = slice(len(values), len(values) + len(of_field))
            values += of_field
        weights_s = np.array([0.0 if value is None else window.duration_s for value in values])
        weighted = weights_s * np.array([0.0 if value is None else value for value in values], dtype=np.complex128)
        return cls(window, places, weights_s, weighted)


class RunningMean:
    """The means of the windows that were added; a field is asked for by its name in `Measurement`."""

    def __init__(self) -> None:
        self.windows = 0
        self.duration_s = 0.0
        self.quality: frozenset[Quality] = frozenset()
        """All flags that any window has."""
        self._places: Mapping[str, slice] = {}
        self._weights_s: NDArray[np.float64] = np.zeros(1)
        self._sums: NDArray[np.complex128] = np.zeros(1, np.complex128)
        self._orders: dict[str, set[PhaseOrder]] = {"voltage_order": set(), "current_order": set()}

    def add(self, terms: Terms) -> None:
        """One window more."""
        self._places = terms.places
        self._weights_s = self._weights_s + terms.weights_s
        self._sums = self._sums + terms.weighted
        window = terms.window
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
        if not self.windows:
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


def _fields(window: Measurement) -> Iterator[tuple[str, list[complex | None]]]:
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
