"""The control pilot between charger and car: IEC 61851-1 (2017), annex A; duty cycles as in its table A.7."""

from __future__ import annotations

from enum import StrEnum

MINIMUM_A = 6.0
"""Less cannot be said on the pilot: a charger that may not give it pauses."""
NO_PERMIT_RATIO = 1.0
"""A steady pilot: the car must not draw (states x1)."""
_LINEAR_A_PER_RATIO = 60.0
_STEEP_FROM_A, _STEEP_A_PER_RATIO, _STEEP_OFFSET_RATIO = 52.5, 250.0, 0.64
_LEAST_RATIO, _SIX_TO_RATIO, _STEEP_FROM_RATIO, _STEEP_TO_RATIO, _MOST_RATIO = 0.08, 0.10, 0.85, 0.96, 0.97
MOST_A = 80.0


class PilotState(StrEnum):
    """What the car makes of the pilot's positive voltage, or the charger of the whole of it."""

    A = "A"
    """12 V: no car."""
    B = "B"
    """9 V: a car that does not ask for power."""
    C = "C"
    """6 V: it asks for power."""
    D = "D"
    """3 V: it asks for power and for ventilation."""
    E = "E"
    """0 V: the pilot is shorted, or the charger is dark."""
    F = "F"
    """-12 V: the charger is not available."""


def duty_ratio(offered_a: float) -> float:
    """What says that current; a steady pilot for what cannot be said. Raises ValueError above 80 A."""
    if offered_a > MOST_A:
        raise ValueError(f"wanted at most {MOST_A:g} A for the pilot, met {offered_a:g} A")
    if offered_a < MINIMUM_A:
        return NO_PERMIT_RATIO
    if offered_a < _STEEP_FROM_A:  # the table leaps from 51 to 52.5 A at 85 %: what lies between is not passed
        return min(offered_a / _LINEAR_A_PER_RATIO, _STEEP_FROM_RATIO)
    return offered_a / _STEEP_A_PER_RATIO + _STEEP_OFFSET_RATIO


def permitted_a(told_ratio: float | None) -> float:
    """What a car may draw by that duty cycle (0 to 1); 0: nothing. `None`: no pilot."""
    if told_ratio is None or not _LEAST_RATIO <= told_ratio <= _MOST_RATIO:
        return 0.0
    if told_ratio <= _SIX_TO_RATIO:
        return MINIMUM_A
    if told_ratio <= _STEEP_FROM_RATIO:
        return told_ratio * _LINEAR_A_PER_RATIO
    if told_ratio <= _STEEP_TO_RATIO:
        return (told_ratio - _STEEP_OFFSET_RATIO) * _STEEP_A_PER_RATIO
    return MOST_A
