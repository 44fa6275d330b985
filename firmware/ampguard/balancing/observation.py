"""What a decision is made of: everything that the balancer is told at one moment. Times are of one monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Triple: TypeAlias = "tuple[float, float, float]"


@dataclass(frozen=True, slots=True)
class Heard:
    """The last that is known of one charger."""

    heard_s: float
    """When it last gave a sign of life."""
    drawn_s: float
    """When its currents were measured."""
    drawn_a: Triple
    """At its terminals."""
    is_connected: bool
    """A car is plugged in."""
    wants: bool
    """The car would charge if it were allowed to."""
    limit_a: float | None
    """What it says it obeys; None: it does not say."""


@dataclass(frozen=True, slots=True)
class CloudLimit:
    """What a cloud allows one charger, and until when."""

    limit_a: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known now. An absent value is None; nothing in here is NaN."""

    now_s: float
    meter_s: float | None
    """When the currents were measured."""
    meter_a: Triple | None
    """Of the supply, L1 to L3; positive = import."""
    heard: tuple[Heard | None, ...]
    """In the group's order; None: nothing was ever heard of it."""
    cloud: tuple[CloudLimit | None, ...] = ()
    """In the group's order; empty: no cloud takes part."""
    dimmed_w: float | None = None
    """What the grid operator allows all chargers together at the moment."""
