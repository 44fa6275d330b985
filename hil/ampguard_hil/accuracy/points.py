"""The points at which a meter is judged: those of IEC 61557-12 for structure SD, with its influence quantities.

Which currents, power factors and influences are from the same source as the limits, see `limits`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ampguard_drivers.simulated.supply import BALANCED_DEG, Harmonic, Load, State
from ampguard_hil.accuracy.limits import Conditions, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOMINAL_V = 230.0
NOMINAL_HZ = 50.0
REFERENCE_DEGC = 23.0


@dataclass(frozen=True, slots=True)
class Point:
    """What is applied, and under which name a report speaks of it."""

    name: str
    conditions: Conditions
    state: State
    influence: str = ""
    """Of `limits.INFLUENCES`; empty at reference conditions."""
    compared_with: str = ""
    """Name of the point at reference conditions, for an influence."""
    temperature_degc: float = REFERENCE_DEGC
    """Only a model can be at another one on a bench."""

    def __str__(self) -> str:
        """Its name."""
        return self.name


def at_reference(rated_a: float, current_ratio: float, kind: Kind) -> Point:
    """Three phases alike, sinusoidal, nominal voltage and frequency."""
    load = Load(current_ratio * rated_a, kind.lag_deg)
    return Point(
        f"{100.0 * current_ratio:g} % In, {kind.words}",
        Conditions(current_ratio, kind),
        State(voltage_v=(NOMINAL_V, NOMINAL_V, NOMINAL_V), frequency_hz=NOMINAL_HZ, loads=(load, load, load)),
    )


Ratios: TypeAlias = tuple[float, ...]
"""Currents over In."""
CURVES: tuple[tuple[Kind, Ratios], ...] = (
    (Kind.UNITY, (0.01, 0.02, 0.05, 0.10, 0.20, 0.50, 1.00, 1.20)),
    (Kind.HALF, (0.02, 0.05, 0.10, 0.20, 0.50, 1.00, 1.20)),
    (Kind.LEADING, (0.02, 0.05, 0.10, 0.20, 0.50, 1.00, 1.20)),
    (Kind.REACTIVE, (0.02, 0.05, 0.20, 1.00, 1.20)),
    (Kind.REACTIVE_LEADING, (0.05, 1.20)),
    (Kind.HALF_SINE, (0.05, 0.10, 1.00)),
    (Kind.LOW, (0.10, 1.00)),
)
SHORT: tuple[tuple[Kind, Ratios], ...] = (
    (Kind.UNITY, (0.10,)),
    (Kind.HALF, (0.20,)),
    (Kind.LEADING, (1.20,)),
)
"""For those who wait: the ends of the range, and three power factors."""


def intrinsic(rated_a: float) -> Iterator[Point]:
    """All at reference conditions."""
    for kind, ratios in CURVES:
        yield from (at_reference(rated_a, ratio, kind) for ratio in ratios)


def short(rated_a: float) -> Iterator[Point]:
    """A few of them."""
    for kind, ratios in SHORT:
        yield from (at_reference(rated_a, ratio, kind) for ratio in ratios)


INFLUENCED_RATIO = 0.5
FIFTH_VOLTAGE, FIFTH_CURRENT = Harmonic(5, 0.10), Harmonic(5, 0.40)
"""As IEC 62053-21 has them; in phase, so that their power adds: 4 % of the fundamental's."""


def _states() -> Iterator[tuple[str, Callable[[State], State]]]:
    yield "49 Hz", lambda state: replace(state, frequency_hz=49.0)
    yield "51 Hz", lambda state: replace(state, frequency_hz=51.0)
    yield "80 % Un", lambda state: _voltages(state, 0.8, 0.8, 0.8)
    yield "120 % Un", lambda state: _voltages(state, 1.2, 1.2, 1.2)
    yield "unbalance", lambda state: _voltages(state, 0.9, 1.0, 1.1)
    yield "harmonics", _distorted
    yield "phase loss", _without_l3
    yield "reversed order", _reversed_order


def influenced(rated_a: float) -> Iterator[Point]:
    """One thing at a time away from reference conditions, at power factor 1 and at 0.5."""
    for kind in (Kind.UNITY, Kind.HALF):
        base = at_reference(rated_a, INFLUENCED_RATIO, kind)
        for name, change in _states():
            yield _moved(base, name, change(base.state))


def by_temperature(rated_a: float) -> Iterator[Point]:
    """The ends of K55."""
    base = at_reference(rated_a, INFLUENCED_RATIO, Kind.UNITY)
    for name, temperature_degc in (("-5 degC", -5.0), ("+55 degC", 55.0)):
        yield replace(_moved(base, name, base.state), temperature_degc=temperature_degc)


def _moved(base: Point, influence: str, state: State) -> Point:
    return replace(base, name=f"{base.name}, {influence}", state=state, influence=influence, compared_with=base.name)


def _voltages(state: State, *un_ratio: float) -> State:
    one, two, three = (NOMINAL_V * ratio for ratio in un_ratio)
    return replace(state, voltage_v=(one, two, three))


def _distorted(state: State) -> State:
    # the fifth of the current stands on its own phase's fundamental: in phase with that of the voltage
    in_phase = (replace(FIFTH_CURRENT, angle_deg=_folded_deg(5.0 * load.lag_deg)) for load in state.loads)
    loads = (replace(load, harmonics=(own,)) for load, own in zip(state.loads, in_phase, strict=True))
    first, second, third = loads
    return replace(state, voltage_harmonics=(FIFTH_VOLTAGE,), loads=(first, second, third))


def _without_l3(state: State) -> State:
    one, two, _ = state.voltage_v
    return replace(state, voltage_v=(one, two, 0.0), loads=(state.loads[0], state.loads[1], Load()))


def _reversed_order(state: State) -> State:
    one, two, three = BALANCED_DEG
    return replace(state, angle_deg=(one, three, two))


def _folded_deg(angle_deg: float) -> float:
    return 180.0 - (180.0 - angle_deg) % 360.0
