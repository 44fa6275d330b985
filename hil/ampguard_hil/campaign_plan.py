"""What a campaign kills and when: chance with a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MEAN_WAIT_S, LONGEST_WAIT_S = 4.2, 12.0
LONGEST_AWAY_S = 4.0
SILENCE_S = (3.0, 6.0)
"""How long the cloud has been away when the broker is killed that holds its messages."""
AIMED_WITHIN_S = 0.06
SEVERAL_PROBABILITY, SILENT_BROKER_PROBABILITY, AIMED_PROBABILITY = 0.15, 0.1, 0.5
_WEIGHTS = {"meter": 3, "uplink": 3, "board": 2, "broker": 2, "ingest-1": 2, "ingest-2": 2}
_AIMS = {"meter": "live", "uplink": "acknowledged"}
"""The lane after whose message a kill is likeliest to hurt; of all others it is `records`."""
INGESTS = ("ingest-1", "ingest-2")
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
    """The lane whose next message is waited for; None: whenever it is."""
    after_s: float
    """And then so long."""
    silence_s: float
    """More than 0: both ingests are killed so long before."""
    targets: tuple[Target, ...]


class Plan:
    """Strike after strike."""

    def __init__(self, seed: int, units: int) -> None:
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
            aim = _AIMS.get(targets[0].kind, "records")
        return Strike(wait_s, aim, self._random.uniform(0.0, AIMED_WITHIN_S), silence_s, targets)

    def _targets(self, count: int) -> tuple[Target, ...]:
        found: dict[tuple[str, int | None], Target] = {}
        while len(found) < count:
            (kind,) = self._random.choices(KINDS, tuple(_WEIGHTS.values()))
            target = self._target(kind)
            found[target.kind, target.unit] = target
        return tuple(found.values())

    def _target(self, kind: str) -> Target:
        shared = kind == "broker" or kind in INGESTS
        unit = None if shared else self._random.randrange(self._units)
        return Target(kind, unit, self._away_s())

    def _away_s(self) -> float:
        """Often at once, as a service manager would; sometimes it takes a while."""
        return self._random.choice((self._random.uniform(0.0, 0.5), self._random.uniform(0.5, LONGEST_AWAY_S)))


def kinds_of(names: Sequence[str]) -> dict[str, int]:
    """How often each kind is among these, in the order of `KINDS`."""
    return {kind: names.count(kind) for kind in KINDS}
