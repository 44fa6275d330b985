"""Where the neutral stands between the phases, as one window sees it.

The unit measures each phase against the neutral. If the neutral leaves the middle of the phases by D, each star voltage
is its grid voltage less D: all of D is zero sequence. The voltages between phases, and with them positive and negative
sequence, do not know of D (Fortescue). So two numbers are told over the positive sequence, both without an angle of
reference: the *shift* (zero sequence) and the *negative* sequence. The angle of either is that against the positive
sequence, whichever way round the phases run.

With the currents: a whole neutral of R ohms moves by R times their sum. Nobody knows here whether the clamps are
right, so the sum is told as the largest and the least that it can be, whichever way round each clamp is; on which
phase it sits makes no difference to a sum.
"""

from __future__ import annotations

import cmath
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampguard.phases import Phases
    from ampguard.readings import Measurement

_TURN = cmath.exp(2j * math.pi / 3.0)
_SIGNS = tuple(itertools.product((1.0, -1.0), repeat=2))
IDLE_A = 0.05
"""A clamp that shows less may be none at all."""
_NEEDED = 2
"""Phasors: of the third one no more is known than that it is too small to have an angle."""


@dataclass(frozen=True, slots=True)
class Star:
    """Three phases and the neutral among them."""

    positive_v: float
    """Positive sequence: what each phase would have in a symmetrical grid."""
    shift: complex
    """Zero over positive sequence."""
    negative: complex
    """Negative over positive sequence."""
    sum_a: complex | None
    """Of the currents as the clamps show them, its angle against the positive sequence; None: not all are told."""
    highest_sum_a: float | None
    """The sum of the currents is not larger, whichever way round the clamps are; None: not every clamp shows some."""
    least_sum_a: float | None
    """Nor smaller."""

    @property
    def shift_v(self) -> float:
        """How far the neutral is from the middle."""
        return abs(self.shift) * self.positive_v


def seen(measurement: Measurement, terminals: Phases[bool]) -> Star | None:
    """The star; None unless all three voltages are measured.

    Args:
        measurement: of one window.
        terminals: on which phases the voltage is wired; an inferred one is no evidence.
    """
    if not all(terminals):
        return None
    pairs = list(zip(measurement.voltage_fundamental_rms_v, measurement.voltage_angle_deg, strict=True))
    phasors = [_phasor(size_v, angle_deg) for size_v, angle_deg in pairs]
    known = [phasor or 0j for phasor in phasors]
    if sum(phasor is not None for phasor in phasors) < _NEEDED:
        return None
    zero = sum(known) / 3.0
    one_way = (known[0] + _TURN * known[1] + _TURN**2 * known[2]) / 3.0
    other_way = (known[0] + _TURN**2 * known[1] + _TURN * known[2]) / 3.0
    negative, positive = sorted((one_way, other_way), key=abs)
    if not abs(positive) > 0.0:
        return None
    shown, highest_a, least_a = _sums(measurement, phasors)
    sum_a = None if shown is None else shown * abs(positive) / positive
    return Star(abs(positive), zero / positive, negative / positive, sum_a, highest_a, least_a)


def _phasor(size_v: float | None, angle_deg: float | None) -> complex | None:
    return None if size_v is None or angle_deg is None else cmath.rect(size_v, math.radians(angle_deg))


def _sums(
    measurement: Measurement, voltages: list[complex | None]
) -> tuple[complex | None, float | None, float | None]:
    """The sum of the currents as the clamps are, and the largest and the least that it can be."""
    flowing: list[complex] = []
    loose_a = 0.0
    for voltage, size_a, lag_deg, rms_a in zip(
        voltages,
        measurement.current_fundamental_rms_a,
        measurement.current_angle_deg,
        measurement.current_rms_a,
        strict=True,
    ):
        if rms_a is None:
            return None, None, None
        if size_a is None:  # too small to have an angle
            continue
        if not voltage or lag_deg is None:  # its angle is told against a voltage that is not there
            loose_a += size_a
        else:
            flowing.append(voltage / abs(voltage) * cmath.rect(size_a, -math.radians(lag_deg)))
    first, second, third = [*flowing, 0j, 0j, 0j][:3]
    sums_a = [abs(first + one * second + other * third) for one, other in _SIGNS]
    shown = None if loose_a > 0.0 else first + second + third
    if any(one is not None and one < IDLE_A for one in measurement.current_rms_a):
        return shown, None, None
    return shown, max(sums_a) + loose_a, max(0.0, min(sums_a) - loose_a)
