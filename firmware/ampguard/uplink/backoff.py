"""How long to wait before trying again: full jitter, so that a thousand units do not come back at once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_S = 1.0
LONGEST_S = 30.0
_GROWTH = 1.5


@dataclass
class Backoff:
    """Waits between 0 and a limit that grows with every failure."""

    first_s: float = FIRST_S
    longest_s: float = LONGEST_S
    random: random.Random = field(default_factory=random.SystemRandom)
    failures: int = field(default=0, init=False)

    def next_s(self) -> float:
        """How long to wait after one more failure."""
        limit_s = min(self.longest_s, self.first_s * _GROWTH ** min(self.failures, 32))
        self.failures += 1
        return self.random.uniform(0.0, limit_s)

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0
