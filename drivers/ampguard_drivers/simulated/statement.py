"""What a bench tells a simulated board of its supply, its wiring and its inputs, as JSON: read strictly, both ways.

The keys are the names of the fields of `supply.State`, `front_end.Wiring` and `front_end.Tolerances`; a field that is
not told has its default. What is wrong is refused with a sentence that says what was wanted and what was met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, cast

from ampguard_drivers.simulated.front_end import Clamp, Tolerances, Wiring
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Three

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    _Part = TypeVar("_Part")
    _Kind = type[State | Load | Harmonic | Wiring | Clamp | Tolerances]

MOST_V, MOST_A, MOST_HARMONICS = 1000.0, 10_000.0, 50
INPUTS = 7
_WHOLE_TURN_DEG = 360.0
MOST_LAG_DEG = 2.0
"""An input can be late by less than a sample, which is 2.25 degrees at 50 Hz."""


def as_json(value: State | Wiring | Tolerances) -> dict[str, object]:
    """What `state`, `wiring` and `tolerances` read."""
    return asdict(value)


def state(told: object) -> State:
    """Raises ValueError with a sentence."""
    asked = _object(told, "a state", State)
    values: dict[str, object] = {}
    for name, low, high in (
        ("frequency_hz", 10.0, 400.0), ("frequency_ramp_hz_per_s", -10.0, 10.0), ("voltage_dc_v", -MOST_V, MOST_V),
        ("noise_v", 0.0, MOST_V), ("noise_a", 0.0, MOST_A),
    ):  # fmt: skip
        if name in asked:
            values[name] = _number(asked[name], name, low, high)
    for name, low, high in (("voltage_v", 0.0, MOST_V), ("angle_deg", -_WHOLE_TURN_DEG, _WHOLE_TURN_DEG)):
        if name in asked:
            values[name] = _numbers(asked[name], name, low, high, 3)
    if "voltage_harmonics" in asked:
        values["voltage_harmonics"] = _harmonics(asked["voltage_harmonics"], "voltage_harmonics")
    if "loads" in asked:
        values["loads"] = _each(asked["loads"], "loads", _load, 3)
    return State(**values)  # type: ignore[arg-type]  # each of its own kind, as read above


def wiring(told: object) -> Wiring:
    """Raises ValueError with a sentence."""
    asked = _object(told, "a wiring", Wiring)
    values: dict[str, object] = {}
    if "clamps" in asked:
        values["clamps"] = _each(asked["clamps"], "clamps", _clamp, 3)
    if "terminals" in asked:
        values["terminals"] = _each(asked["terminals"], "terminals", _phase, 3)
    if "neutral" in asked:
        values["neutral"] = _flag(asked["neutral"], "neutral")
    return Wiring(**values)  # type: ignore[arg-type]  # likewise


def tolerances(told: object) -> Tolerances:
    """Raises ValueError with a sentence."""
    asked = _object(told, "tolerances", Tolerances)
    values = {
        name: _numbers(asked[name], name, low, high, INPUTS)
        for name, low, high in (("gain_ratio", 0.0, 10.0), ("lead_deg", -MOST_LAG_DEG, 45.0))
        if name in asked
    }
    return Tolerances(**values)


def three(told: object, name: str) -> Three:
    """Currents on L1, L2 and L3. Raises ValueError with a sentence."""
    one, two, last = _numbers(told, name, 0.0, MOST_A, 3)
    return one, two, last


def _load(told: object, name: str) -> Load:
    asked = _object(told, name, Load)
    values: dict[str, object] = {}
    for key, low, high in (
        ("current_a", 0.0, MOST_A),
        ("lag_deg", -_WHOLE_TURN_DEG, _WHOLE_TURN_DEG),
        ("dc_a", -MOST_A, MOST_A),
    ):
        if key in asked:
            values[key] = _number(asked[key], f"{name}.{key}", low, high)
    if "harmonics" in asked:
        values["harmonics"] = _harmonics(asked["harmonics"], f"{name}.harmonics")
    return Load(**values)  # type: ignore[arg-type]  # likewise


def _harmonics(told: object, name: str) -> tuple[Harmonic, ...]:
    found = _each(told, name, _harmonic, None)
    if len(found) > MOST_HARMONICS:
        raise ValueError(f"{name}: wanted at most {MOST_HARMONICS}, met {len(found)}")
    return found


def _harmonic(told: object, name: str) -> Harmonic:
    asked = _object(told, name, Harmonic)
    missing = {"order", "amplitude_ratio"} - set(asked)
    if missing:
        raise ValueError(f"{name}: wanted {' and '.join(sorted(missing))} as well")
    return Harmonic(
        order=_number(asked["order"], f"{name}.order", 0.0, 80.0),
        amplitude_ratio=_number(asked["amplitude_ratio"], f"{name}.amplitude_ratio", 0.0, 10.0),
        angle_deg=_number(asked.get("angle_deg", 0.0), f"{name}.angle_deg", -_WHOLE_TURN_DEG, _WHOLE_TURN_DEG),
    )


def _clamp(told: object, name: str) -> Clamp:
    asked = _object(told, name, Clamp)
    if "phase" not in asked:
        raise ValueError(f"{name}: wanted phase as well: 0, 1, 2, or null for none")
    turned = _flag(asked.get("reversed", False), f"{name}.reversed")
    coupling = _number(asked.get("coupling_ratio", 1.0), f"{name}.coupling_ratio", 0.0, 1.0)
    return Clamp(_phase(asked["phase"], f"{name}.phase"), reversed=turned, coupling_ratio=coupling)


def _flag(told: object, name: str) -> bool:
    if not isinstance(told, bool):
        raise ValueError(f"{name}: wanted true or false, met {told!r}")  # noqa: TRY004 - refused as the rest
    return told


def _phase(told: object, name: str) -> int | None:
    if told is not None and (not isinstance(told, int) or isinstance(told, bool) or told not in {0, 1, 2}):
        raise ValueError(f"{name}: wanted phase 0, 1, 2, or null for none, met {told!r}")
    return told


def _object(told: object, name: str, kind: _Kind) -> Mapping[str, object]:
    if not isinstance(told, Mapping):
        raise ValueError(f"{name}: wanted a JSON object, met {told!r}")  # noqa: TRY004 - refused as the rest
    asked = cast("Mapping[str, object]", told)
    known = [field.name for field in fields(kind)]
    if unknown := sorted(set(asked) - set(known)):
        raise ValueError(f"{name}: wanted of {', '.join(known)}, met {', '.join(unknown)}")
    return asked


def _number(told: object, name: str, least: float, most: float) -> float:
    if not isinstance(told, int | float) or isinstance(told, bool) or not least <= told <= most:
        raise ValueError(f"{name}: wanted a number from {least:g} to {most:g}, met {told!r}")
    return float(told)


def _numbers(told: object, name: str, least: float, most: float, count: int) -> tuple[float, ...]:
    return _each(told, name, lambda each, own: _number(each, own, least, most), count)


def _each(told: object, name: str, read: Callable[[object, str], _Part], count: int | None) -> tuple[_Part, ...]:
    if not isinstance(told, list | tuple) or (count is not None and len(cast("Sequence[object]", told)) != count):
        raise ValueError(f"{name}: wanted a list{'' if count is None else f' of {count}'}, met {told!r}")
    return tuple(read(each, f"{name}[{index}]") for index, each in enumerate(cast("Sequence[object]", told)))
