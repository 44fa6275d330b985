"""What a campaign kills and when: chance with a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MEAN_WAIT_S, LONGEST_WAIT_S = 3.4, 12.0
LONGEST_AWAY_S = 4.0
SILENCE_S = (3.0, 6.0)
"""How long the cloud has been away when the broker is killed that holds its messages."""
AIMED_WITHIN_S = 0.06
SEVERAL_PROBABILITY, SILENT_BROKER_PROBABILITY, AIMED_PROBABILITY = 0.15, 0.1, 0.5
INGESTS = ("ingest-1", "ingest-2")
ENTRANCE, DATABASE = "https", "postgresql"
_WEIGHTS = {
    "meter": 6,
    "uplink": 5,
    "board": 3,
    "broker": 3,
    **dict.fromkeys(INGESTS, 3),
    ENTRANCE: 3,
    DATABASE: 4,
}
FIRST_READING = "first reading"
"""No lane: the instant at which a meter that was killed has kept a reading again, and perhaps not told the gap."""
CLOSE_S = 0.005
_AIMS = {"meter": ("live", "event", FIRST_READING), "uplink": ("acknowledged",)}
"""The lanes after whose message a kill is likeliest to hurt; of all others it is `records`."""
KINDS = tuple(_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Target:
    """A process that is to be killed."""

    kind: str
    unit: int | None
    """Of which unit; None of those that all share."""
    away_s: float
    """Until it is started again."""

    @property
    def name(self) -> str:
        """For people."""
        return self.kind if self.unit is None else f"{self.kind} of unit {self.unit + 1}"


@dataclass(frozen=True, slots=True)
class Strike:
    """Some kills at one instant."""

    wait_s: float
    """Since the strike before."""
    aim: str | None
    """The lane whose next message is waited for, or `FIRST_READING`; None: whenever it is."""
    after_s: float
    """And then so long."""
    silence_s: float
    """More than 0: both ingests are killed so long before."""
    targets: tuple[Target, ...]


class Plan:
    """Strike after strike."""

    def __init__(self, seed: int, units: int, kinds: Collection[str] = KINDS) -> None:
        """`kinds`: of those of `KINDS` that are there."""
        self._kinds = tuple(kind for kind in KINDS if kind in kinds)
        self._random = Random(seed)  # noqa: S311 - chance for a test, to be repeated
        self._units = units

    def next_strike(self) -> Strike:
        """The next one."""
        wait_s = min(self._random.expovariate(1.0 / MEAN_WAIT_S), LONGEST_WAIT_S)
        chance = self._random.random()
        silence_s, targets = 0.0, self._targets(1)
        if chance < SEVERAL_PROBABILITY:
            targets = self._targets(self._random.randint(2, 4))
        elif chance < SEVERAL_PROBABILITY + SILENT_BROKER_PROBABILITY:
            silence_s, targets = self._random.uniform(*SILENCE_S), (self._target("broker"),)
        aim = None
        if self._random.random() < AIMED_PROBABILITY and silence_s == 0.0:
            aim = self._random.choice(_AIMS.get(targets[0].kind, ("records",)))
        within_s = CLOSE_S if aim == FIRST_READING else AIMED_WITHIN_S
        return Strike(wait_s, aim, self._random.uniform(0.0, within_s), silence_s, targets)

    def _targets(self, count: int) -> tuple[Target, ...]:
        found: dict[tuple[str, int | None], Target] = {}
        while len(found) < count:
            (kind,) = self._random.choices(self._kinds, [_WEIGHTS[kind] for kind in self._kinds])
            target = self._target(kind)
            found[target.kind, target.unit] = target
        return tuple(found.values())

    def _target(self, kind: str) -> Target:
        shared = kind in {"broker", ENTRANCE, DATABASE, *INGESTS}
        unit = None if shared else self._random.randrange(self._units)
        return Target(kind, unit, self._away_s())

    def _away_s(self) -> float:
        """Often at once, as a service manager would; sometimes it takes a while."""
        return self._random.choice((self._random.uniform(0.0, 0.5), self._random.uniform(0.5, LONGEST_AWAY_S)))


def kinds_of(names: Sequence[str]) -> dict[str, int]:
    """How often each kind is among these, in the order of `KINDS`; without those that are not."""
    return {kind: names.count(kind) for kind in KINDS if kind in names}
