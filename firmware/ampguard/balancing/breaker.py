"""What a main fuse bears for how long: each as a pessimistic unit inside the band that its standard allows.

Two bodies, one quick and one slow, each warming towards the square of the load: `x' = ((I/In)^2 - x) / tau`. The device
trips when their mean reaches the square of the current that it must bear for ever (IEC 60898-1: 1.13 In; IEC 60269:
1.25 In).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.settings.grid import Device

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How a device heats and trips."""

    bears_ratio: float
    """Times its rating, for ever: the conventional non-tripping (non-fusing) current."""
    trips_ratio: float
    """Times its rating: the conventional tripping (fusing) current, which must end within `within_s`."""
    within_s: float
    quick_s: float
    slow_s: float
    """Time constants of the two bodies."""
    at_once_ratio: float
    """Times its rating: from here on it may trip without delay (the lower end of the band)."""


CURVES: Mapping[Device, Curve] = MappingProxyType({
    Device.FUSE_GG: Curve(
        bears_ratio=1.25, trips_ratio=1.6, within_s=3600.0, quick_s=60.0, slow_s=1800.0, at_once_ratio=9.0
    ),
    Device.MCB_B: Curve(
        bears_ratio=1.13, trips_ratio=1.45, within_s=3600.0, quick_s=40.0, slow_s=600.0, at_once_ratio=3.0
    ),
    Device.MCB_C: Curve(
        bears_ratio=1.13, trips_ratio=1.45, within_s=3600.0, quick_s=40.0, slow_s=600.0, at_once_ratio=5.0
    ),
})  # fmt: skip
"""IEC 60898-1 table 7 and IEC 60269-1 table 2 for ratings up to 63 A; the time constants are ours, the quick side of
both."""
UNKNOWN_S = 2.0
"""A current that is older tells nothing: for the rest the device is taken to have carried its rating."""


class Budget:
    """How much of what one phase of the device bears beyond its rating is used up."""

    def __init__(self, device: Device, rated_a: float) -> None:
        """Nobody knows what it carried before: its rating."""
        self._curve = CURVES[device]
        self._rated_a = rated_a
        self._quick = self._slow = 1.0

    def heat(self, current_a: float, duration_s: float) -> None:
        """So much has flowed for so long."""
        if duration_s > UNKNOWN_S:
            self._warm(1.0, duration_s - UNKNOWN_S)
            duration_s = UNKNOWN_S
        self._warm((current_a / self._rated_a) ** 2, duration_s)

    def _warm(self, load_ratio: float, duration_s: float) -> None:
        self._quick = load_ratio + (self._quick - load_ratio) * math.exp(-duration_s / self._curve.quick_s)
        self._slow = load_ratio + (self._slow - load_ratio) * math.exp(-duration_s / self._curve.slow_s)

    @property
    def used_ratio(self) -> float:
        """0: no hotter than its rating makes it; 1: it trips."""
        return self._used_ratio(self._quick, self._slow)

    def used_after_ratio(self, current_a: float, duration_s: float) -> float:
        """The same, when so much has flowed for so long."""
        load = (current_a / self._rated_a) ** 2
        return self._used_ratio(
            load + (self._quick - load) * math.exp(-duration_s / self._curve.quick_s),
            load + (self._slow - load) * math.exp(-duration_s / self._curve.slow_s),
        )

    def _used_ratio(self, first: float, second: float) -> float:
        return max(0.0, ((first + second) / 2.0 - 1.0) / (self._curve.bears_ratio**2 - 1.0))

    def holds_s(self, current_a: float) -> float:
        """How long it still bears that current; infinite where it bears it for ever."""
        load_ratio = current_a / self._rated_a
        if load_ratio >= self._curve.at_once_ratio:
            return 0.0
        if load_ratio <= self._curve.bears_ratio and self.used_ratio < 1.0:
            return math.inf
        limit, load = self._curve.bears_ratio**2, load_ratio**2
        low_s, high_s = 0.0, 20.0 * self._curve.slow_s
        for _ in range(40):
            middle_s = (low_s + high_s) / 2.0
            quick = load + (self._quick - load) * math.exp(-middle_s / self._curve.quick_s)
            slow = load + (self._slow - load) * math.exp(-middle_s / self._curve.slow_s)
            low_s, high_s = (middle_s, high_s) if (quick + slow) / 2.0 < limit else (low_s, middle_s)
        return low_s
