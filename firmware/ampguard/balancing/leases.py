"""Every limit is a lease: it holds for 30 s and is renewed every 10. When it runs out the charger falls back by itself.

state of a lease   what the charger may draw           what the balancer reckons with
RUNNING            its limit                           its limit
UNHEARD            its limit, until the lease ends     its limit: nothing can be changed
ENDED              its offline current                 its offline current
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEASE_S = 30.0
RENEWED_S = 10.0
GRACE_S = 5.0
"""Until a charger has acted on a lease that ended."""
AGAIN_S = 5.0
"""A charger that says it obeys another limit is told again after so long."""


class LeaseState(StrEnum):
    """Of one charger's lease."""

    RUNNING = "running"
    UNHEARD = "unheard"
    ENDED = "ended"


@dataclass(slots=True)
class Lease:
    """The last one that a charger was given."""

    limit_a: float
    given_s: float
    """When it was given or renewed while the charger was in reach."""

    @property
    def until_s(self) -> float:
        """When it runs out."""
        return self.given_s + LEASE_S

    def is_due(self, now_s: float) -> bool:
        """It should be renewed."""
        return now_s - self.given_s >= RENEWED_S

    def state(self, now_s: float, *, is_heard: bool) -> LeaseState:
        """Where it stands, given whether the charger gives signs of life."""
        if is_heard:
            return LeaseState.RUNNING
        return LeaseState.UNHEARD if now_s < self.until_s + GRACE_S else LeaseState.ENDED
