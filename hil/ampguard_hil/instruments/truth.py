"""What a meter must find where a supply carries a known state, and how well a reference knows it."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.supply import Supply
from ampguard_hil.instruments.protocols import Function, Known, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_drivers.simulated.supply import Harmonic, State
    from ampguard_hil.instruments.protocols import Truth

PHASES = ("l1", "l2", "l3")
THD_ORDERS = range(2, 41)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of a reference, all expanded (k = 2)."""

    voltage_ratio: float
    current_ratio: float
    power_ratio: float
    """Of the apparent power, so that a low power factor costs what it costs."""
    frequency_ratio: float
    thd_percent: float
    unbalance_percent: float


EXACT = Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Of whoever makes the state itself: arithmetic."""
LABORATORY = Accuracy(0.0002, 0.0002, 0.0003, 0.00001, 0.02, 0.02)
"""Of a good power standard with its certificate, rounded up: what a laboratory's verdict must leave room for."""


def truth(state: State, accuracy: Accuracy) -> Truth:
    """Of each spot that a state has; a power factor has none without a current, a THD none without a fundamental."""
    return dict(_spots(state, accuracy))


def _spots(state: State, accuracy: Accuracy) -> Iterator[tuple[Spot, Known]]:
    told = Supply([(0.0, state)]).told(0.0)
    yield Spot(Function.FREQUENCY), Known(told.frequency_hz, told.frequency_hz * accuracy.frequency_ratio)
    for index, phase in enumerate(PHASES):
        voltage, current = told.voltage_rms_v[index], told.current_rms_a[index]
        active, reactive, apparent = told.active_power_w[index], told.reactive_power_var[index], voltage * current
        power = apparent * accuracy.power_ratio
        yield Spot(Function.VOLTAGE, phase), Known(voltage, voltage * accuracy.voltage_ratio)
        yield Spot(Function.CURRENT, phase), Known(current, current * accuracy.current_ratio)
        yield Spot(Function.ACTIVE_POWER, phase), Known(active, power)
        yield Spot(Function.REACTIVE_POWER, phase), Known(reactive, power)
        both = math.hypot(accuracy.voltage_ratio, accuracy.current_ratio)
        yield Spot(Function.APPARENT_POWER, phase), Known(apparent, apparent * both)
        if apparent > 0.0:
            yield Spot(Function.POWER_FACTOR, phase), Known(active / apparent, accuracy.power_ratio)
        if voltage > 0.0:
            yield Spot(Function.VOLTAGE_THD, phase), Known(_thd_percent(state.voltage_harmonics), accuracy.thd_percent)
        load = state.loads[index]
        if load.current_a > 0.0:
            yield Spot(Function.CURRENT_THD, phase), Known(_thd_percent(load.harmonics), accuracy.thd_percent)
    yield Spot(Function.VOLTAGE_UNBALANCE), Known(unbalance_percent(state), accuracy.unbalance_percent)


def unbalance_percent(state: State) -> float:
    """Negative over positive sequence of the voltages (IEC 61000-4-30), the smaller over the larger."""
    phasors = [cmath.rect(u, math.radians(a)) for u, a in zip(state.voltage_v, state.angle_deg, strict=True)]
    turn = cmath.exp(2j * math.pi / 3.0)
    one = abs(phasors[0] + turn * phasors[1] + turn**2 * phasors[2])
    other = abs(phasors[0] + turn**2 * phasors[1] + turn * phasors[2])
    return 100.0 * min(one, other) / max(one, other)


def _thd_percent(harmonics: tuple[Harmonic, ...]) -> float:
    return 100.0 * math.sqrt(sum(each.amplitude_ratio**2 for each in harmonics if each.order in THD_ORDERS))
