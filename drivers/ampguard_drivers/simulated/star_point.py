"""What a bad neutral conductor does to the voltages: the star point of the loads leaves the neutral of the grid.

Each load is taken for the admittance that draws its current at the healthy voltage of its phase, and the star point
moves to where the currents add up (Millman's theorem):

    displacement = sum(Y E) / (sum(Y) + 1 / Z)     E: healthy voltages, Y: admittances, Z: impedance of the neutral

All of it at the fundamental. Ratios of harmonics to their fundamental stay, which is an approximation.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

from ampguard_drivers.simulated.supply import Load, State

_RESONANCE_RATIO = 1e-9
"""Admittances that cancel each other to this part of their sizes leave no star point."""


def with_broken_neutral(state: State) -> State:
    """A healthy state as it is without its neutral conductor.

    Harmonics and direct parts of the currents are left out: they would return through the neutral. Raises ValueError
    as `with_neutral` does.
    """
    broken = with_neutral(state, math.inf)
    first, second, third = (replace(load, harmonics=(), dc_a=0.0) for load in broken.loads)
    return replace(broken, loads=(first, second, third))


def with_neutral(state: State, neutral_ohm: float) -> State:
    """A healthy state as it is with so much resistance in the neutral; infinity is a broken one.

    Voltages and currents are those of the building's side; angles keep the reference they had. Raises ValueError for
    a current without a voltage, and for loads that resonate with each other.
    """
    voltages = _voltages(state)
    admittances = [_admittance(load, voltage) for load, voltage in zip(state.loads, voltages, strict=True)]
    displacement = _displacement(voltages, admittances, neutral_ohm)
    moved = [voltage - displacement for voltage in voltages]
    first, second, third = (
        _load(before, admittance, voltage)
        for before, admittance, voltage in zip(state.loads, admittances, moved, strict=True)
    )
    a, b, c = moved
    return replace(
        state,
        voltage_v=(abs(a), abs(b), abs(c)),
        angle_deg=(_angle_deg(a), _angle_deg(b), _angle_deg(c)),
        loads=(first, second, third),
    )


def _voltages(state: State) -> list[complex]:
    """RMS phasors against N."""
    pairs = zip(state.voltage_v, state.angle_deg, strict=True)
    return [cmath.rect(voltage_v, math.radians(angle_deg)) for voltage_v, angle_deg in pairs]


def _admittance(load: Load, voltage: complex) -> complex:
    if load.current_a == 0.0:
        return 0j
    if not voltage:
        raise ValueError(f"{load.current_a:g} A at 0 V are the current of no admittance")
    return cmath.rect(load.current_a / abs(voltage), -math.radians(load.lag_deg))


def _displacement(voltages: list[complex], admittances: list[complex], neutral_ohm: float) -> complex:
    """Of the star point, against the neutral of the grid. Without any load a broken neutral moves nothing."""
    if neutral_ohm == 0.0 or not any(admittances):
        return 0j
    of_neutral = 1.0 / neutral_ohm
    together = sum(admittances) + of_neutral
    if abs(together) < _RESONANCE_RATIO * (sum(map(abs, admittances)) + of_neutral):
        raise ValueError("the loads resonate with each other: no star point balances their currents")
    driven = (admittance * voltage for admittance, voltage in zip(admittances, voltages, strict=True))
    return sum(driven) / together


def _load(before: Load, admittance: complex, voltage: complex) -> Load:
    """What the admittance draws now: more or less, as far behind its voltage as before."""
    return replace(before, current_a=abs(admittance * voltage))


def _angle_deg(phasor: complex) -> float:
    """In (-180, 180]."""
    return 180.0 - (180.0 - math.degrees(cmath.phase(phasor))) % 360.0
