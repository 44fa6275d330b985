"""What is asked for besides the main fuse: the grid operator's limit, surplus only, balance between the phases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.balancing.decision import Rule
from ampguard.balancing.excess import SMALL_A
from ampguard.balancing.shares import Scarce
from ampguard.settings.grid import GridType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.observation import Observation
    from ampguard.balancing.place import Place
    from ampguard.balancing.site import Group
    from ampguard.balancing.supply import Supply

FLOOR_W = 4200.0
"""What 14a EnWG leaves the first controllable device (BNetzA BK6-22-300, annex 1)."""
TOGETHER_RATIO = (0.80, 0.75, 0.70, 0.65, 0.60, 0.55, 0.50, 0.45)
"""For 2, 3, ... 9 and more devices behind one energy management system: of each further device's floor."""


def floor_w(devices: int) -> float:
    """What remains for so many controllable devices together while the grid operator dims."""
    if devices <= 0:
        return 0.0
    part = TOGETHER_RATIO[min(devices - 2, len(TOGETHER_RATIO) - 1)] if devices > 1 else 0.0
    return FLOOR_W * (1.0 + (devices - 1) * part)


SURPLUS_S = 60.0
"""Surplus is smoothed by this time constant: a cloud stops nobody."""
KEEPS_RATIO = 0.8
"""A car that charges with surplus stays on until so little is left of what it needs at its least."""
ALL = 3


@dataclass(slots=True)
class Row:
    """One more thing that is shared."""

    rule: Rule
    scarce: Scarce
    drawn_a: float
    """What is drawn of it by those who share."""

    @property
    def is_over(self) -> bool:
        """More is drawn than there is."""
        return self.drawn_a > self.scarce.total_a + SMALL_A

    def excess_a(self, sharing: Sequence[Place], part_ratio: float = 1.0) -> float:
        """By how much even that part of everybody's least is too much."""
        leasts_a = sum(use * place.least_a for use, place in zip(self.scarce.uses_ratio, sharing, strict=True))
        return part_ratio * leasts_a - self.scarce.total_a


class Besides:
    """For one group."""

    def __init__(self, group: Group) -> None:
        """As its rules say."""
        self._group = group
        self._surplus_a: float | None = None
        self._surplus_s = 0.0

    def measured(self, supply: Supply, at_s: float) -> None:
        """The supply was measured."""
        if not self._group.rules.is_surplus_only:
            return
        surplus_a = -sum(base.current_a or 0.0 for base in supply.bases)
        if self._surplus_a is None:
            self._surplus_a = surplus_a
        else:
            part = 1.0 - math.exp(-max(0.0, at_s - self._surplus_s) / SURPLUS_S)
            self._surplus_a += part * (surplus_a - self._surplus_a)
        self._surplus_s = at_s

    def rows(self, seen: Observation, places: Sequence[Place], sharing: Sequence[Place]) -> list[Row]:
        """What is to be shared besides the phases; often nothing."""
        rules, found = self._group.rules, list[Row]()
        if rules.is_dimmable and seen.dimmed_w is not None:
            watts = max(seen.dimmed_w, floor_w(len(self._group.chargers)))
            found.append(self._together(Rule.DIMMED, watts / self._group.nominal_v, places, sharing, seen.now_s))
        if rules.is_surplus_only:
            found.append(self._together(Rule.SURPLUS, max(0.0, self._surplus_a or 0.0), places, sharing, seen.now_s))
        if rules.unbalance_a is not None and self._group.grid is GridType.THREE_PHASE:
            found += self._unbalance(rules.unbalance_a, sharing)
        return found

    def has_room(self, rows: Sequence[Row], sharing: Sequence[Place], one: Place) -> bool:
        """Whether one more could have his least, with all others at theirs."""
        return all(
            row.excess_a(sharing) + self._group.min_a * self._phases(one) <= 0.0
            for row in rows
            if row.rule is not Rule.UNBALANCE
        )

    def _phases(self, place: Place) -> float:
        return 1.0 if self._group.grid is GridType.IT else float(len(place.drawing.used))

    def _together(
        self, rule: Rule, total_a: float, places: Sequence[Place], sharing: Sequence[Place], now_s: float
    ) -> Row:
        """Amperes of all phases together: power."""
        for place in places:
            if not place.shares:
                total_a -= place.reserved(now_s)[0] * self._phases(place)
        uses = [self._phases(place) for place in sharing]
        drawn_a = sum(use * place.drawn_a for use, place in zip(uses, sharing, strict=True))
        return Row(rule, Scarce(total_a, uses), drawn_a)

    def _unbalance(self, allowed_a: float, sharing: Sequence[Place]) -> list[Row]:
        """Who charges on all phases alike unbalances nothing."""
        uneven = [[float(p in one.drawing.used and len(one.drawing.used) < ALL) for one in sharing] for p in range(ALL)]
        drawn_a = [sum(use * one.drawn_a for use, one in zip(uses, sharing, strict=True)) for uses in uneven]
        return [
            Row(Rule.UNBALANCE, Scarce(allowed_a + min(drawn_a), uses), drawn)
            for uses, drawn in zip(uneven, drawn_a, strict=True)
        ]
