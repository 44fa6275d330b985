"""One window as the guided check looks at it: phasors of all clamps and all voltages in one frame."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Quality

if TYPE_CHECKING:
    from ampguard.readings import Measurement

Phasors: TypeAlias = tuple[complex, complex, complex]
UNSEEN_A = 0.2
"""A current without an angle is none as long as it is smaller: nothing that is asked for is."""
_TORN = frozenset({Quality.OVERRUN, Quality.NO_FREQUENCY, Quality.SHORT_WINDOW})
_ROUGH = frozenset({Quality.CLIPPED, Quality.EVENT})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """RMS phasors of the fundamental."""

    start_s: float
    """Of the stream."""
    duration_s: float
    current_a: Phasors
    """What each clamp shows; 0 where there is none."""
    voltage_v: Phasors
    """Of each phase against the neutral. Where it is not wired only the angle is known, and the magnitude is 1."""
    is_rough: bool
    """Saturated, or in the middle of a dip: something happens, and by how much is not known."""

    @property
    def end_s(self) -> float:
        """Of the window."""
        return self.start_s + self.duration_s

    def lag_deg(self, clamp: int) -> float:
        """Of what a clamp shows, behind the voltage of its own phase."""
        return lag_deg(self.current_a[clamp], self.voltage_v[clamp])


def lag_deg(current_a: complex, voltage_v: complex) -> float:
    """How far a current is behind a voltage, in (-180, 180]."""
    return math.degrees(cmath.phase(voltage_v * current_a.conjugate()))


def snapshot(measurement: Measurement, order: PhaseOrder, clamps: Phases[bool]) -> Snapshot | None:
    """Of one window; None where it is torn, or where a clamp has no angle because its voltage is missing.

    Args:
        measurement: of the window.
        order: of the voltages; it stands in for angles of voltages that are not wired.
        clamps: on which phases there is a current transformer.
    """
    if measurement.quality & _TORN:
        return None
    turn_deg = -120.0 if order is PhaseOrder.L1_L2_L3 else 120.0
    angles_deg = list(measurement.voltage_angle_deg)
    sizes_v = list(measurement.voltage_fundamental_rms_v)
    lags_deg, sizes_a = list(measurement.current_angle_deg), list(measurement.current_fundamental_rms_a)
    wired, wired_deg = next(((n, one) for n, one in enumerate(angles_deg) if one is not None), (0, 0.0))
    current_a: list[complex] = []
    voltage_v: list[complex] = []
    for number, there in enumerate(clamps):
        angle_deg, size_v = angles_deg[number], sizes_v[number]
        if angle_deg is None:
            angle_deg, size_v = wired_deg + (number - wired) * turn_deg, None
        voltage_v.append(cmath.rect(size_v or 1.0, math.radians(angle_deg)))
        lag, size_a = lags_deg[number], sizes_a[number] or 0.0
        if not there or (lag is None and size_a < UNSEEN_A):
            current_a.append(0j)
        elif lag is None:
            return None
        else:
            current_a.append(cmath.rect(size_a, math.radians(angle_deg - lag)))
    return Snapshot(
        start_s=measurement.start_s,
        duration_s=measurement.duration_s,
        current_a=(current_a[0], current_a[1], current_a[2]),
        voltage_v=(voltage_v[0], voltage_v[1], voltage_v[2]),
        is_rough=bool(measurement.quality & _ROUGH),
    )
