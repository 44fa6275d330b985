"""Whether the chargers are balanced as the owner wants it, and how the logo says that they are not: it winks.

what the balancer tells                                 the logo
no group, or none that is active                        on
balanced; a meter that is late for less than 4 s        on
meter gone for 4 s and more (stale, lost)               winks
a group that cannot be balanced: what it says is wrong  winks
nothing any more, after it has balanced                 winks
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

BLIND = frozenset({"stale", "lost"})
SILENT_S = 5.0
"""The balancer tells its state once a second."""
WINK_S, EACH_S = 0.4, 3.0
WORDS = "the chargers are not balanced as they should be: the page says why"


class Charging:
    """What is known of it."""

    def __init__(self) -> None:
        """Nobody balances."""
        self._is_wanted = self._is_wrong = False
        self._heard_s = 0.0

    def hear(self, body: Mapping[str, Json], now_s: float) -> None:
        """What the balancer tells."""
        self._heard_s = now_s
        is_faulty = body.get("fault") is not None
        self._is_wanted = body.get("active") is True or is_faulty
        self._is_wrong = is_faulty or body.get("rung") in BLIND

    def is_unguarded(self, now_s: float) -> bool:
        """The chargers are left to themselves, or the balancer is blind."""
        return self._is_wanted and (self._is_wrong or now_s - self._heard_s > SILENT_S)


def winks(now_s: float) -> bool:
    """Whether the logo is out at this moment, while it winks."""
    return now_s % EACH_S < WINK_S
