"""What a reading says against what the supply was told: where they differ by more than they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ampguard_drivers.simulated.supply import Told

PHASES = ("l1", "l2", "l3")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a box that works may be off; the accuracy itself is judged elsewhere, at the points of IEC 61557-12."""

    frequency_hz: float = 0.005
    voltage_ratio: float = 0.002
    current_ratio: float = 0.005
    power_ratio: float = 0.01
    angle_deg: float = 0.2
    voltage_v: float = 0.1
    """Of each of these three at least so much, where there is next to nothing."""
    current_a: float = 0.01
    power_w: float = 2.0


HAS_ANGLE_V, HAS_ANGLE_A = 23.0, 0.1
"""Below one of these an angle may be absent, or be anything."""


_Spot: TypeAlias = tuple[str, float, float]
"""Name, value and how far off it may be; each in the unit that its name ends in."""


def disagreements(reading: Mapping[str, Any], told: Told, most: Tolerance) -> Iterator[str]:
    """A sentence for each."""
    yield from _apart(reading, ("frequency_hz", told.frequency_hz, most.frequency_hz), reading["frequency_hz"])
    for index, phase in enumerate(PHASES):
        for name, value, limit in _of_phase(told, index, most):
            yield from _apart(reading, (f"{name} {phase}", value, limit), reading[name][phase])


def _of_phase(told: Told, index: int, most: Tolerance) -> Iterator[_Spot]:
    voltage_v, current_a = told.voltage_rms_v[index], told.current_rms_a[index]
    power_w = told.active_power_w[index]
    yield "voltage_rms_v", voltage_v, max(most.voltage_v, most.voltage_ratio * voltage_v)
    yield "current_rms_a", current_a, max(most.current_a, most.current_ratio * current_a)
    yield "active_power_w", power_w, max(most.power_w, most.power_ratio * abs(power_w))
    if voltage_v > HAS_ANGLE_V:
        yield "voltage_angle_deg", told.voltage_angle_deg[index], most.angle_deg
        if current_a > HAS_ANGLE_A:
            yield "current_angle_deg", told.current_lag_deg[index], most.angle_deg


def _apart(reading: Mapping[str, Any], spot: _Spot, met: Any) -> Iterator[str]:
    name, value, limit = spot
    if met is None or abs(met - value) > limit:
        yield f"reading {reading['sequence']}, {name}: wanted {value:.4f} within {limit:.4f}, met {met}"
