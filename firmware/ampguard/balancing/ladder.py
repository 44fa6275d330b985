"""Who may say what at each loss: the meter's rungs, and the cloud's, as tables with hysteresis.

rung of the meter   comes with age   chargers get
FRESH               up to 1 s        what the base load leaves
LATE                beyond 1 s       what they have; less where it was too much; never more
STALE               beyond 4 s       what the base load of the last five minutes leaves, at its 90 % quantile
LOST                beyond 15 s      together what the group allows while the meter is offline

Down as soon as the age is there; up again from LOST only after three samples in a row that came in time, over two
seconds.

leader   changes                          chargers get
UNIT     to CLOUD after 3 renewals in time   the unit's limits
CLOUD    to UNIT when its limits run out     the lower of the cloud's and the unit's
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.observation import CloudLimit, TogetherLimit


class Rung(IntEnum):
    """How well the supply is known."""

    FRESH = 0
    LATE = 1
    STALE = 2
    LOST = 3


FROM_S: Final = ((15.0, Rung.LOST), (4.0, Rung.STALE), (1.0, Rung.LATE))
"""The age of the meter's last sample beyond which each rung holds."""
EDGE_S = 0.01
"""Beyond it: a window that comes twice a second and was missed once is just a second old."""
RETURNS, RETURN_S = 3, 2.0
"""So many samples over so long in time before LOST is left."""
SILENT_S = 8.0
"""A charger that gave no sign of life for so long: its limit cannot be changed, what it was told last is reserved."""


class MeterLadder:
    """On which rung the meter is."""

    def __init__(self) -> None:
        """Before the first sample nothing is known."""
        self.rung = Rung.LOST
        self.since_s = 0.0
        self._back_s: list[float] = []
        self._is_new = True

    def step(self, sample_s: float | None, now_s: float) -> Rung:
        """The rung now, after the newest sample."""
        if self._is_new:
            self._is_new, self.since_s = False, now_s
            if sample_s is not None:  # a start is no return
                self._move(_by_age(now_s - sample_s), now_s)
                return self.rung
        wanted = Rung.LOST if sample_s is None else _by_age(now_s - sample_s)
        if self.rung is Rung.LOST and wanted is not Rung.LOST:
            if wanted is not Rung.FRESH or sample_s is None:
                self._back_s.clear()
            elif not self._back_s or sample_s > self._back_s[-1]:
                self._back_s.append(sample_s)
            if len(self._back_s) < RETURNS or self._back_s[-1] - self._back_s[0] < RETURN_S:
                return self.rung
        self._move(wanted, now_s)
        return self.rung

    def _move(self, wanted: Rung, now_s: float) -> None:
        if wanted is not self.rung:
            self.rung, self.since_s = wanted, now_s
        self._back_s.clear()


def _by_age(age_s: float) -> Rung:
    return next((rung for from_s, rung in FROM_S if age_s > from_s + EDGE_S), Rung.FRESH)


class Leader(StrEnum):
    """Who says how much a charger gets, below what is safe."""

    UNIT = "unit"
    CLOUD = "cloud"


RENEWALS = 3
"""Of the cloud's limits, each before the one before ran out, until it leads again."""


class CloudLadder:
    """Whether a cloud leads."""

    def __init__(self) -> None:
        """Nobody but the unit, until a cloud has shown that it is there."""
        self.leader = Leader.UNIT
        self.since_s = 0.0
        self._until_s = -1e9
        self._renewals = 0

    def step(self, limits: Sequence[CloudLimit | TogetherLimit | None], now_s: float) -> Leader:
        """Who leads now."""
        until_s = max((one.until_s for one in limits if one is not None), default=-1e9)
        if until_s <= now_s:
            self._renewals = 0
            self._move(Leader.UNIT, now_s)
        elif until_s > self._until_s:
            self._renewals += 1
            if self._renewals >= RENEWALS:
                self._move(Leader.CLOUD, now_s)
        self._until_s = max(self._until_s, until_s)
        return self.leader

    def _move(self, wanted: Leader, now_s: float) -> None:
        if wanted is not self.leader:
            self.leader, self.since_s = wanted, now_s
