"""How likely each of the 48 ways to put three clamps on three phases is, given the angles of the currents.

A single-phase building has one clamp and two ways.

A clamp that belongs to phase k and sits on phase p, perhaps the wrong way round, shows the load of p turned by the
angle between the two phases (and by half a turn). What ordinary loads do to the angle is known well enough: they lag or
lead a little. So each connection explains three angles better or worse (Bayes), and faults are rarer than right clamps.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phases import PhaseOrder, Phases

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULT_PROBABILITY = 0.05
"""Of a clamp the wrong way round, or of two interchanged."""
_USUAL_LAG_DEG, _SPREAD_DEG = 8.0, 22.0
"""Loads of a building: mostly motors and heating, some electronics that leads. A normal distribution."""
_REACTIVE_PROBABILITY = 0.1
"""Any angle of an importing load is as likely as the others: filters of converters lead by up to 90 deg when idle."""
_FLOOR = 2e-6
"""Density, per degree, of angles that no ordinary load has: nothing is impossible, but a fault is likelier."""
_EXPORT_PROBABILITY, _EXPORT_LAG_DEG, _EXPORT_SPREAD_DEG = 0.45, 180.0, 12.0
_QUARTER_TURN_DEG = 90.0
_BALANCED_PROBABILITY = 0.1
"""Where something in the building generates: import, export, or both nearly equal, when the rest has any angle."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to clamp."""

    phase: Phases[int]
    """For each clamp the number of the phase it sits on: 0 = L1."""
    reversed: Phases[bool]

    @property
    def faults(self) -> int:
        """How many mistakes lead there: interchanged pairs and reversed clamps."""
        displaced = sum(place != own for own, place in enumerate(self.phase))
        return max(displaced - 1, 0) + sum(self.reversed)


def connections() -> Iterator[Connection]:
    """All 48."""
    for places in itertools.permutations(range(3)):
        for turned in itertools.product((False, True), repeat=3):
            yield Connection(Phases.of(places), Phases.of(turned))


CONNECTIONS = tuple(connections())
RIGHT = Connection(Phases(0, 1, 2), Phases.all_of(value=False))


def posterior(lag_deg: Phases[float | None], order: PhaseOrder, *, generation_on_site: bool) -> dict[Connection, float]:
    """The probability of each connection.

    Args:
        lag_deg: of each clamp's current behind the voltage of the phase it belongs to; None where there is no clamp.
        order: in which the voltages run.
        generation_on_site: whether the building may export.
    """
    turn_deg = 120.0 if order is PhaseOrder.L1_L2_L3 else -120.0
    weights: dict[Connection, float] = {}
    for connection in CONNECTIONS:
        weight = FAULT_PROBABILITY**connection.faults
        for own, (lag, place, turned) in enumerate(zip(lag_deg, connection.phase, connection.reversed, strict=True)):
            if lag is None:
                weight *= float(place == own and not turned)
                continue
            # the voltage of phase k stands at -k turns: seen from its own phase the load lags by that much less
            load_deg = lag - (place - own) * turn_deg + (180.0 if turned else 0.0)
            weight *= _density(load_deg, generation_on_site=generation_on_site)
        weights[connection] = weight
    total = math.fsum(weights.values())
    return {connection: weight / total for connection, weight in weights.items()}


def _density(lag_deg: float, *, generation_on_site: bool) -> float:
    """How usual a load of that angle is."""
    load = (1.0 - _REACTIVE_PROBABILITY) * _normal(lag_deg - _USUAL_LAG_DEG, _SPREAD_DEG)
    if abs(_folded_deg(lag_deg)) <= _QUARTER_TURN_DEG:
        load += _REACTIVE_PROBABILITY / (2.0 * _QUARTER_TURN_DEG)
    if generation_on_site:
        export = _normal(lag_deg - _EXPORT_LAG_DEG, _EXPORT_SPREAD_DEG)
        load *= 1.0 - _EXPORT_PROBABILITY - _BALANCED_PROBABILITY
        load += _EXPORT_PROBABILITY * export + _BALANCED_PROBABILITY / 360.0
    return load + _FLOOR


def _normal(distance_deg: float, spread_deg: float) -> float:
    return math.exp(-0.5 * (_folded_deg(distance_deg) / spread_deg) ** 2) / (spread_deg * math.sqrt(2.0 * math.pi))


def _folded_deg(angle_deg: float) -> float:
    return (angle_deg + 180.0) % 360.0 - 180.0
