"""Readings as a box would send them, and what they are judged by."""

from __future__ import annotations

from typing import Any

from ampguard_hil.accuracy.points import Point
from ampguard_hil.instruments.protocols import Function
from ampguard_hil.instruments.truth import EXACT, PHASES, truth

NAMES = {
    "voltage_rms_v": Function.VOLTAGE,
    "current_rms_a": Function.CURRENT,
    "active_power_w": Function.ACTIVE_POWER,
    "reactive_power_var": Function.REACTIVE_POWER,
    "apparent_power_va": Function.APPARENT_POWER,
    "power_factor_ratio": Function.POWER_FACTOR,
    "voltage_thd_percent": Function.VOLTAGE_THD,
    "current_thd_percent": Function.CURRENT_THD,
}


def reading(point: Point, sequence: int = 1, **gain: float) -> dict[str, Any]:
    """Of a box that is right, but for fields that are multiplied."""
    known = {(spot.function, spot.phase): each.value for spot, each in truth(point.state, EXACT).items()}
    fields = {
        name: {
            phase: None if (value := known.get((function, phase))) is None else value * gain.get(name, 1.0)
            for phase in PHASES
        }
        for name, function in NAMES.items()
    }
    hours = sequence / 3600.0
    return {
        "sequence": sequence,
        "quality": [],
        "duration_s": 1.0,
        "frequency_hz": known[Function.FREQUENCY, ""],
        "voltage_unbalance_percent": known[Function.VOLTAGE_UNBALANCE, ""],
        "energy": {"import_wh": {phase: known[Function.ACTIVE_POWER, phase] * hours for phase in PHASES}},
        **fields,
    }
