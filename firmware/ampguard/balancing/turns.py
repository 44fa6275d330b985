"""Who may charge where not all can: who got least starts first, and who has had his time gives way to him."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.place import Place

SLOT_S = 1500.0
"""So long a car charges before another may take its turn."""
BETTER_RATIO = 0.05
"""And it must have been served so much better."""
REST_S = 120.0
"""A car that was paused stays so for that long at least."""


def next_to_start(places: Sequence[Place], room_a: Sequence[float], now_s: float, least_a: float) -> Place | None:
    """The car that waits, got least and fits with everybody at his least."""
    waiting = [one for one in places if one.waits and one.cloud_a >= least_a and now_s - one.since_s >= REST_S]
    if not waiting:
        return None
    left_a = left_at_least(places, room_a, now_s, least_a)
    for one in sorted(waiting, key=lambda place: (place.served_ratio / place.charger.priority, place.since_s)):
        if all(left_a[phase] >= least_a for phase in one.drawing.used):
            return one
    return None


def next_to_rest(places: Sequence[Place], room_a: Sequence[float], now_s: float, least_a: float) -> Place | None:
    """The car whose turn ends: long on, served better than one that waits and would fit without it."""
    waiting = [one for one in places if one.waits and one.cloud_a >= least_a and now_s - one.since_s >= REST_S]
    if not waiting:
        return None
    left_a = left_at_least(places, room_a, now_s, least_a)
    first = min(waiting, key=lambda place: place.served_ratio / place.charger.priority)
    lacks = [phase for phase in first.drawing.used if left_a[phase] < least_a]
    rested = [
        one
        for one in places
        if one.shares
        and now_s - one.since_s >= SLOT_S
        and one.served_ratio > first.served_ratio + BETTER_RATIO
        and all(phase in one.drawing.used and left_a[phase] + one.least_a >= least_a for phase in lacks)
    ]
    return max(rested, key=lambda place: place.served_ratio, default=None)


def best_served(places: Sequence[Place], phase: int) -> Place | None:
    """Who is paused first when one phase carries too much."""
    on = [one for one in places if one.shares and phase in one.drawing.used]
    return max(on, key=lambda place: (place.served_ratio / place.charger.priority, place.number), default=None)


def left_at_least(places: Sequence[Place], room_a: Sequence[float], now_s: float, least_a: float) -> list[float]:
    """What is left on each phase when all who charge have their least."""
    left_a = list(room_a)
    for one in places:
        current_a, phases = (least_a, one.drawing.used) if one.shares else one.reserved(now_s)
        for phase in phases:
            left_a[phase] -= current_a
    return left_a
