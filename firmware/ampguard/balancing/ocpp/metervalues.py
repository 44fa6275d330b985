"""What a charger measures, out of its MeterValues, whatever units and phases it has them in. No I/O.

A value that cannot be is passed over and counted, never taken for 0. A current that was not told but follows from power
and voltage of the same phase is marked as inferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ampguard.balancing.ocpp import taken
from ampguard.phases import Phase, Phases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.balancing.ocpp.frame import Payload

MOST_A, MOST_V, MOST_W, MOST_WH = 500.0, 1000.0, 500e3, 1e12
LEAST_VOLTAGE_V = 80.0
"""Below it no current is inferred from a power."""
_DEFAULT = "Energy.Active.Import.Register"
_SI_PER_UNIT = MappingProxyType[str, "Mapping[str | None, float]"]({
    "Current.Import": {"A": 1.0, None: 1.0, "mA": 1e-3, "kA": 1e3},
    "Current.Export": {"A": -1.0, None: -1.0, "mA": -1e-3},
    "Current.Offered": {"A": 1.0, None: 1.0, "mA": 1e-3},
    "Voltage": {"V": 1.0, None: 1.0, "mV": 1e-3, "kV": 1e3},
    "Power.Active.Import": {"W": 1.0, None: 1.0, "kW": 1e3},
    _DEFAULT: {"Wh": 1.0, None: 1.0, "kWh": 1e3},
})  # fmt: skip
_MOST = MappingProxyType({
    "Current.Import": MOST_A,
    "Current.Export": MOST_A,
    "Current.Offered": MOST_A,
    "Voltage": MOST_V,
    "Power.Active.Import": MOST_W,
    _DEFAULT: MOST_WH,
})  # fmt: skip
_SIGNED = frozenset({"Current.Import", "Current.Export", "Power.Active.Import"})
_PHASE = {"L1": Phase.L1, "L1-N": Phase.L1, "L2": Phase.L2, "L2-N": Phase.L2, "L3": Phase.L3, "L3-N": Phase.L3}
_PLACES = {None, "Outlet", "Inlet"}
_Key: TypeAlias = "tuple[str, Phase | None]"


@dataclass(frozen=True, slots=True)
class Metered:
    """Of one connector at one moment, at the charger's terminals; absent is what it did not tell."""

    current_a: Phases[float | None]
    """RMS; negative where it feeds back."""
    unphased_a: float | None
    """A current of which it does not say the phase: it flows in each phase that is used, or in the one."""
    voltage_v: Phases[float | None]
    power_w: float | None
    offered_a: float | None
    energy_wh: float | None
    stamped_utc: datetime | None
    is_inferred: bool
    """The currents follow from power and voltage."""
    passed_over: int
    """Values that were told and cannot be."""


def metered(payload: Payload) -> Metered | None:
    """The latest of what a MeterValues.req holds; None where it holds nothing that is of use."""
    found = [one for one in map(_one, taken.several(payload, "meterValue")) if one is not None]
    if not found:
        return None
    dated = [one for one in found if one.stamped_utc is not None]
    return max(dated, key=_stamp) if len(dated) == len(found) else found[-1]


def _one(meter_value: Mapping[str, object]) -> Metered | None:
    values: dict[_Key, float] = {}
    told = passed_over = 0
    for sampled in taken.several(meter_value, "sampledValue"):
        key = _key(sampled)
        if key is None:
            continue
        told += 1
        value = _value(sampled, key[0])
        if value is None:
            passed_over += 1
        elif key not in values or sampled.get("location") != "Inlet":
            values[key] = value
    if not told:
        return None
    return _made(values, taken.moment(meter_value, "timestamp"), passed_over)


def _made(values: Mapping[_Key, float], stamped_utc: datetime | None, passed_over: int) -> Metered:
    imported, voltage_v = _phases(values, "Current.Import"), _phases(values, "Voltage")
    exported = _phases(values, "Current.Export")
    current_a = Phases.of(_net(one_a, other_a) for one_a, other_a in zip(imported, exported, strict=True))
    unphased_a = values.get(("Current.Import", None), values.get(("Current.Export", None)))
    power = _phases(values, "Power.Active.Import")
    is_inferred = unphased_a is None and all(one is None for one in current_a)
    if is_inferred:
        current_a = Phases.of(_inferred(of_w, at_v) for of_w, at_v in zip(power, voltage_v, strict=True))
        is_inferred = any(one is not None for one in current_a)
    each_w = [one for one in power if one is not None]
    return Metered(
        current_a=current_a,
        unphased_a=unphased_a,
        voltage_v=voltage_v,
        power_w=values.get(("Power.Active.Import", None), sum(each_w) if each_w else None),
        offered_a=values.get(("Current.Offered", None), _largest(_phases(values, "Current.Offered"))),
        energy_wh=values.get((_DEFAULT, None)),
        stamped_utc=stamped_utc,
        is_inferred=is_inferred,
        passed_over=passed_over,
    )


def _key(sampled: Mapping[str, object]) -> _Key | None:
    """What a value is of; None where it is of nothing that counts here."""
    measurand = sampled.get("measurand", _DEFAULT)
    phase = sampled.get("phase")
    if not isinstance(measurand, str) or measurand not in _SI_PER_UNIT:
        return None
    if sampled.get("location") not in _PLACES or sampled.get("format", "Raw") != "Raw":
        return None
    if phase is None:
        return measurand, None
    known = _PHASE.get(phase) if isinstance(phase, str) else None
    return None if known is None else (measurand, known)  # N, or between two phases


def _value(sampled: Mapping[str, object], measurand: str) -> float | None:
    value = taken.number(sampled.get("value"))
    unit = sampled.get("unit")
    scale = _SI_PER_UNIT[measurand].get(unit if isinstance(unit, str) else None)
    if value is None or scale is None:
        return None
    least = -_MOST[measurand] if measurand in _SIGNED else 0.0
    return value * scale if least <= value * scale <= _MOST[measurand] else None


def _phases(values: Mapping[_Key, float], measurand: str) -> Phases[float | None]:
    return Phases.of(values.get((measurand, phase)) for phase in Phase)


def _net(imported_a: float | None, exported_a: float | None) -> float | None:
    return exported_a if imported_a is None else imported_a + (exported_a or 0.0)


def _inferred(power_w: float | None, voltage_v: float | None) -> float | None:
    if power_w is None or voltage_v is None or voltage_v < LEAST_VOLTAGE_V:
        return None
    return power_w / voltage_v


def _largest(values: Phases[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return max(known) if known else None


def _stamp(one: Metered) -> float:
    return 0.0 if one.stamped_utc is None else one.stamped_utc.timestamp()
