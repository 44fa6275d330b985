"""What a fleet did and what became of it, counted; tallies of several processes add up."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace


def _nothing_s() -> array[float]:
    return array("d")


_COUNTS = (
    "units", "connected", "connects", "losses", "made", "acknowledged", "committed", "refused", "sent_again", "live",
    "processor_s",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """Of one process's units, from its beginning."""

    units: int = 0
    connected: int = 0
    """Now."""
    connects: int = 0
    """Sessions that the broker accepted."""
    losses: int = 0
    """Of them, those that ended without being asked to."""
    failures: Counter[str] = field(default_factory=Counter[str])
    """Tries that did not become a session, by reason."""
    made: int = 0
    """Blocks that came due: each of them is acknowledged, refused or outstanding."""
    acknowledged: int = 0
    """By the broker; each block counts once."""
    committed: int = 0
    """By the cloud, where that is waited for; each block counts once."""
    refused: int = 0
    """By the broker, for good."""
    sent_again: int = 0
    """Blocks that were on their way when a connection was lost: the other side may have them twice."""
    live: int = 0
    """Readings on the live lane, which nobody counts on arrival."""
    acknowledged_after_s: array[float] = field(default_factory=_nothing_s)
    """From the moment a block was due; only those that had a connection then and were made while it was measured."""
    committed_after_s: array[float] = field(default_factory=_nothing_s)
    """Likewise, to the cloud's word."""
    processor_s: float = 0.0

    @property
    def outstanding(self) -> int:
        """Blocks of which the broker has said nothing."""
        return self.made - self.acknowledged - self.refused

    def brief(self) -> Tally:
        """Without the latencies: what is said on the way."""
        return replace(
            self, failures=Counter(self.failures), acknowledged_after_s=_nothing_s(), committed_after_s=_nothing_s()
        )

    def add(self, other: Tally) -> None:
        """Take another process's in."""
        self.failures.update(other.failures)
        self.acknowledged_after_s.extend(other.acknowledged_after_s)
        self.committed_after_s.extend(other.committed_after_s)
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Latency:
    """Half of them, ninety-nine of a hundred, and all of them were no later."""

    count: int
    p50_s: float | None
    p99_s: float | None
    max_s: float | None

    @classmethod
    def of(cls, latencies_s: array[float]) -> Latency:
        """Of these; all absent where there are none."""
        ordered_s = sorted(latencies_s)
        if not ordered_s:
            return cls(0, None, None, None)
        return cls(len(ordered_s), _ranked(ordered_s, 0.5), _ranked(ordered_s, 0.99), ordered_s[-1])

    def __str__(self) -> str:
        if self.p50_s is None or self.p99_s is None or self.max_s is None:
            return "none"
        return f"p50 {1e3 * self.p50_s:.2f} ms, p99 {1e3 * self.p99_s:.2f} ms, max {1e3 * self.max_s:.1f} ms"


def _ranked(ordered_s: list[float], share_ratio: float) -> float:
    """The nearest rank: that share of them is no later."""
    return ordered_s[math.ceil(share_ratio * len(ordered_s)) - 1]
