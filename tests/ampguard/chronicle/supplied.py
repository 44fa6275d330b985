"""Windows made of phasors, for tests of what is said of a supply."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

from tests.ampguard.journal.made import measurement

from ampguard.phases import LinePairs, Phases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.readings import Measurement

TURN = cmath.exp(2j * math.pi / 3.0)
WINDOW_S = 0.2
DEAD_V = 0.5


def grid(positive_v: float, *, shift: complex = 0j, negative: complex = 0j) -> list[complex]:
    """L1, L2, L3 of their symmetrical components; shift and negative are volts."""
    return [positive_v * TURN ** (-n) + negative * TURN**n + shift for n in range(3)]


def window(
    volts: Sequence[complex], amperes: Sequence[complex] = (0j, 0j, 0j), start_s: float = 0.0, **known: object
) -> Measurement:
    """What is measured of these phasors; a phase of less than half a volt has no angle, as in a noisy one."""
    first, second, third = volts
    first_there = next((one for one in volts if abs(one) > DEAD_V), 1.0)
    angles = [_angle_deg(one / first_there) if abs(one) > DEAD_V else None for one in volts]
    lags = [
        _angle_deg(u / i) if abs(u) > DEAD_V and abs(i) > 0.0 else None for u, i in zip(volts, amperes, strict=True)
    ]
    return measurement(
        start_s=start_s,
        duration_s=WINDOW_S,
        voltage_rms_v=Phases.of(abs(one) for one in volts),
        voltage_fundamental_rms_v=Phases.of(abs(one) if abs(one) > DEAD_V else None for one in volts),
        voltage_angle_deg=Phases.of(angles),
        line_voltage_rms_v=LinePairs(abs(first - second), abs(second - third), abs(third - first)),
        current_rms_a=Phases.of(abs(one) for one in amperes),
        current_fundamental_rms_a=Phases.of(abs(one) if abs(one) > 0.0 else None for one in amperes),
        current_angle_deg=Phases.of(lags),
        **known,
    )


def _angle_deg(ratio: complex) -> float:
    """Not by cmath.phase, which does not like an imaginary part of 1e-308."""
    return math.degrees(math.atan2(ratio.imag, ratio.real))
