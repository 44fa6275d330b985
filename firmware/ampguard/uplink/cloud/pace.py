"""How long to wait after what went wrong: by who must act, and always a little by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ampguard.uplink.backoff import Backoff
from ampguard.uplink.faults import BlockRefused, BlockTooLarge, Busy, NotAdmitted

if TYPE_CHECKING:
    from ampguard.errors import UplinkFault

NOT_ADMITTED_S, LONGEST_NOT_ADMITTED_S = 60.0, 900.0
REFUSED_S, LONGEST_REFUSED_S = 60.0, 3600.0
_SPREAD = 0.2
"""Of a growing interval: two in a row never shrink by it while they double."""


@dataclass
class Pace:
    """Remembers what went wrong since the last success."""

    random: random.Random = field(default_factory=random.SystemRandom)
    _trouble: Backoff = field(init=False)
    _admission: Backoff = field(init=False)
    _refusals: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._trouble = Backoff(random=self.random)
        self._admission = Backoff(NOT_ADMITTED_S, LONGEST_NOT_ADMITTED_S - NOT_ADMITTED_S, self.random)

    def wait_s(self, fault: UplinkFault) -> float:
        """How long to wait after one more fault."""
        match fault:
            case NotAdmitted():
                return NOT_ADMITTED_S + self._admission.next_s()
            case BlockRefused() | BlockTooLarge():
                interval_s = min(LONGEST_REFUSED_S, REFUSED_S * 2.0 ** min(self._refusals, 32))
                self._refusals += 1
                return interval_s * self.random.uniform(1.0, 1.0 + _SPREAD)
            case Busy(retry_after_s=float(asked_s)):
                return asked_s + self._trouble.next_s()
            case _:
                return self._trouble.next_s()

    def succeeded(self) -> None:
        """Begin anew."""
        self._trouble.succeeded()
        self._admission.succeeded()
        self._refusals = 0
