"""Which fault comes when, and for how long: chance with a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from ampguard_hil.torture import faults_outside as outside
from ampguard_hil.torture import faults_power as power
from ampguard_hil.torture.memory import is_possible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ampguard_hil.torture.fault import Fault

FAULTS: tuple[type[Fault], ...] = (
    power.KillMeter,
    power.KillUplink,
    power.KillLights,
    power.KillBoard,
    power.KillBroker,
    power.KillIngest,
    power.KillSeveral,
    power.PowerCut,
    power.TornTail,
    power.DiskFull,
    power.DiskReadOnly,
    power.CpuLoad,
    power.MemoryPressure,
    outside.BrokerDown,
    outside.HalfOpen,
    outside.Expired,
    outside.DnsLies,
    outside.ClockAhead,
    outside.ClockBehind,
    outside.ChipReset,
    outside.ChipAbsent,
    outside.CrcStorm,
    outside.InterruptLoss,
    outside.InterruptStuck,
)
_OFTENER: dict[type[Fault], int] = {power.PowerCut: 4, power.KillSeveral: 4}
MEAN_WAIT_S, LONGEST_WAIT_S = 1.0, 4.0


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, when it comes after the one before is over, and how long it lasts."""

    fault: Fault
    wait_s: float
    hold_s: float


class Plan:
    """Fault after fault; each kind once in a round of all, in an order by chance, so that a short storm has many."""

    def __init__(self, seed: int, only: Collection[str] = ()) -> None:
        """`only`: kinds or groups of them; none: all that are possible here. Raises ValueError for an unknown one."""
        self._random = Random(seed)  # noqa: S311 - chance for a test, to be repeated
        self._kinds = [kind for kind in chosen(only) for _ in range(_OFTENER.get(kind, 1))]
        self._round: list[type[Fault]] = []

    def next(self) -> Planned:
        """The next one."""
        if not self._round:
            self._round = self._random.sample(self._kinds, len(self._kinds))
        kind = self._round.pop()
        wait_s = min(self._random.expovariate(1.0 / MEAN_WAIT_S), LONGEST_WAIT_S)
        return Planned(kind(self._random), wait_s, self._random.uniform(*kind.terms.hold_s))


def chosen(only: Collection[str]) -> Sequence[type[Fault]]:
    """The kinds of these names or groups, or all; without what this machine cannot do. Raises ValueError."""
    known = {kind.kind for kind in FAULTS} | {kind.kind.partition(" ")[0] for kind in FAULTS}
    if unknown := sorted(set(only) - known):
        raise ValueError(f"no fault {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    possible = [kind for kind in FAULTS if kind is not power.MemoryPressure or is_possible()]
    return [kind for kind in possible if not only or {kind.kind, kind.kind.partition(" ")[0]} & set(only)]
