"""What a decision is made of: everything that the balancer is told at one moment. Times are of one monotonic clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

Triple: TypeAlias = "tuple[float, float, float]"


@dataclass(frozen=True, slots=True)
class Heard:
    """The last that is known of one charger."""

    heard_s: float
    """When it last gave a sign of life."""
    drawn_s: float
    """When its currents were measured; where it has told none, when it first came."""
    drawn_a: Triple | None
    """At its terminals; None: it charges, and has not told yet what it draws."""
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
class TogetherLimit:
    """What a cloud allows all chargers together, and until when."""

    limit_a: tuple[float | None, float | None, float | None]
    """On L1 to L3; None: no limit there."""
    until_s: float


@dataclass(frozen=True, slots=True)
class UnderTest:
    """A charger that is being tested, and the most that it is to be given meanwhile."""

    charger: int
    """Its place in the group."""
    most_a: float


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
    together: TogetherLimit | None = None
    """None: no cloud limits all of them."""
    tested: UnderTest | None = None
    slow: tuple[Heard | None, ...] = ()
    """Of those that are reached over their makers' cloud, in the group's order."""

    def is_tested(self, number: int) -> bool:
        """That one is."""
        return self.tested is not None and self.tested.charger == number

    def allowed_a(self, number: int) -> float:
        """What a cloud, and a test that is under way, leave one charger."""
        told = self.cloud[number] if number < len(self.cloud) else None
        cloud_a = told.limit_a if told is not None and told.until_s > self.now_s else math.inf
        return cloud_a if self.tested is None or not self.is_tested(number) else min(cloud_a, self.tested.most_a)
