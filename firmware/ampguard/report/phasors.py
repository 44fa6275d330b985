"""The phasor diagram on paper: voltages long and thin, currents short and thick, each phase in its conductor's colour.

U1 points upwards, angles grow against the clock. Without colours the phases are told by their lines and names.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.catalogue import ABSENT
from ampguard.phases import Phase
from ampguard.report.ink import Pen, Points, Spot, Style
from ampguard.report.sheet import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.report.facts import Phasors
    from ampguard.report.ink import Ink

COLOURS = {Phase.L1: "#8a4b1c", Phase.L2: "#111111", Phase.L3: "#6f7984"}
"""Brown, black and grey: the conductors' colours in Europe (HD 308)."""
DASHES: dict[Phase, tuple[Points, ...]] = {Phase.L1: (), Phase.L2: (7.0, 2.5), Phase.L3: (1.6, 2.0)}
_VOLTAGE_RATIO, _CURRENT_RATIO = 0.8, 0.55
"""Of the radius, for the longest of its kind."""
_VOLTAGE_PEN: Points = 0.9
_CURRENT_PEN: Points = 2.6
_SHOWN_RATIO = 0.01
"""Of the longest: below it a phasor has no direction that means anything."""
_SPREAD: Points = 11.0
_BEYOND: Points = 9.5
_CLEAR: Points = 7.0
"""Between names; from a tip to its name; from a name to an arrow."""


def draw(ink: Ink, phasors: Phasors, middle: Spot, radius: Points) -> None:
    """Around that middle."""
    x, y = middle
    for size in (radius, radius / 2):
        ink.circle(middle, size, Pen(thickness=0.5))
    ink.line((x - radius, y), (x + radius, y), Pen(thickness=0.5))
    ink.line((x, y - radius), (x, y + radius), Pen(thickness=0.5))
    named = [
        (name, phase, _arrow(ink, middle, radius * length_ratio, angle_deg, pen))
        for name, phase, length_ratio, angle_deg, pen in _arrows(phasors)
    ]
    taken: list[Spot] = []
    for name, phase, tip in named:
        place = _free(middle, tip, taken, [other for _, _, other in named])
        taken.append(place)
        ink.write((place[0], place[1] - 3), name, Style(8.4, "Roboto-Bold", COLOURS[phase]), align="middle")
    if not named:
        ink.write((x, y - 3), ABSENT, SMALL, align="middle")


def pen_of(phase: Phase, thickness: Points) -> Pen:
    """A phase's line."""
    return Pen(COLOURS[phase], thickness, DASHES[phase])


def _arrows(phasors: Phasors) -> Iterator[tuple[str, Phase, float, float, Pen]]:
    """Name, phase, length of the radius, angle, pen."""
    voltages_v, currents_a = phasors.voltage_rms_v, phasors.current_fundamental_rms_a
    longest_v, longest_a = (max((one for one in each if one), default=1.0) for each in (voltages_v, currents_a))
    for phase in Phase:
        own_deg, lag_deg = phasors.voltage_angle_deg[phase], phasors.current_angle_deg[phase]
        if own_deg is None:
            continue
        voltage_ratio = (voltages_v[phase] or 0.0) / longest_v
        if voltage_ratio > _SHOWN_RATIO:
            yield f"U{phase[1]}", phase, _VOLTAGE_RATIO * voltage_ratio, own_deg, pen_of(phase, _VOLTAGE_PEN)
        current_ratio = (currents_a[phase] or 0.0) / longest_a
        if lag_deg is not None and current_ratio > _SHOWN_RATIO:
            yield f"I{phase[1]}", phase, _CURRENT_RATIO * current_ratio, own_deg - lag_deg, pen_of(phase, _CURRENT_PEN)


def _arrow(ink: Ink, middle: Spot, length: Points, angle_deg: float, pen: Pen) -> Spot:
    """Its tip."""
    angle_rad = math.radians(90.0 + angle_deg)
    across, up = math.cos(angle_rad), math.sin(angle_rad)
    head = min(3.2 + 1.7 * pen.thickness, length)
    tip = middle[0] + length * across, middle[1] + length * up
    base = tip[0] - head * across, tip[1] - head * up
    ink.line(middle, base, pen)
    side = 0.42 * head
    ink.area(
        (tip, (base[0] - side * up, base[1] + side * across), (base[0] + side * up, base[1] - side * across)),
        pen.colour,
    )
    return tip


def _free(middle: Spot, tip: Spot, taken: Sequence[Spot], tips: Sequence[Spot]) -> Spot:
    """Where a name stands: beyond its tip or beside it, clear of other names and, if it can be, of all arrows."""
    angle_rad = math.atan2(tip[1] - middle[1], tip[0] - middle[0])
    places: list[Spot] = []
    for turn in (0, 1, -1, 2, -2, 3, -3):
        turned_rad = angle_rad + 0.6 * turn
        places.append((tip[0] + _BEYOND * math.cos(turned_rad), tip[1] + _BEYOND * math.sin(turned_rad)))
    unnamed = [place for place in places if all(math.dist(place, other) >= _SPREAD for other in taken)]
    if not unnamed:
        return tip
    # the first that is clear enough, else the clearest
    return max(unnamed, key=lambda place: min(_CLEAR, *(_distance(place, middle, other) for other in tips)))


def _distance(spot: Spot, start: Spot, end: Spot) -> Points:
    """Of a spot from a line between two others."""
    across, up = end[0] - start[0], end[1] - start[1]
    along = (spot[0] - start[0]) * across + (spot[1] - start[1]) * up
    share_ratio = min(1.0, max(0.0, along / ((across**2 + up**2) or 1.0)))
    return math.dist(spot, (start[0] + share_ratio * across, start[1] + share_ratio * up))
