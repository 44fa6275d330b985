"""Whether the main fuse bears the worst step until chargers have answered: a measured delay as a protection statement.

The worst step that balancing can answer: the fuse carries its rating, all chargers draw what they may, and as much as
that comes on besides at once. More than they draw they cannot give back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.balancing.breaker import Budget
from ampguard.balancing.site import ORDER
from ampguard.phrase import Number, phrase

if TYPE_CHECKING:
    from ampguard.balancing.site import Group
    from ampguard.phrase import Phrase

SEES_S = 1.0
"""From a step of the load to the order that follows: two windows of the meter, some of the two before, a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Of one group, if all its chargers answer as one did."""

    device: str
    rated_a: float
    worst_a: float
    """What the main fuse would have to carry."""
    bears_s: float
    """How long it does; infinite: for ever."""
    needs_s: float
    """Until less flows again."""

    @property
    def spare_s(self) -> float:
        """What is left of it; negative: it is too slow."""
        return self.bears_s - self.needs_s

    @property
    def is_protected(self) -> bool:
        """The fuse outlasts the step."""
        return self.spare_s > 0.0

    @property
    def sentence(self) -> Phrase:
        """For people."""
        bears, needs = Number(self.bears_s, ".1f"), Number(self.needs_s, ".1f")
        spare = Number(self.spare_s, ".1f")
        step = phrase(
            "in the worst step the main fuse ({device} {rated} A) carries {worst} A",
            device=self.device, rated=Number(self.rated_a, "g"), worst=Number(self.worst_a, ".0f"),
        )  # fmt: skip
        if math.isinf(self.bears_s):
            return phrase(
                "protected: {step}, which it bears for ever; after {needs} s less flows again", step=step, needs=needs
            )
        if self.is_protected:
            return phrase(
                "protected with {spare} s to spare: {step}, which it bears for {bears} s; after {needs} s less flows "
                "again",
                spare=spare, step=step, bears=bears, needs=needs,
            )  # fmt: skip
        return phrase(
            "not protected: {step}, which it bears for {bears} s; only after {needs} s less flows again",
            step=step, bears=bears, needs=needs,
        )  # fmt: skip


def protection(group: Group, answers_s: float) -> Protection:
    """`answers_s`: from an order until a charger and its car have obeyed, as measured."""
    drawn_a = max(sum(one.max_a for one in group.chargers if phase in one.phases) for phase in ORDER)
    worst_a = group.supply_max_a + min(drawn_a, group.max_online_a)
    return Protection(
        device=group.device.value,
        rated_a=group.supply_max_a,
        worst_a=worst_a,
        bears_s=Budget(group.device, group.supply_max_a).holds_s(worst_a),
        needs_s=SEES_S + answers_s,
    )
