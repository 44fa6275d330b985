"""Which assignment of the inputs makes right what is wrong: no I/O, nothing is applied here.

What is found of the clamps is relative to what they are taken for. So what is set and what is found are put together:
the input that is taken for L1, whose clamp is found on L2 the wrong way round, measures L2 reversed; and a clamp that
is set as reversed and found reversed is the right way round.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.phases import Phase
from ampguard.settings.assignment import Assignment, Clamp
from ampguard.wiring.finding import NAMES

if TYPE_CHECKING:
    from ampguard.wiring.hypotheses import Connection


def proposal(in_force: Assignment, found: Connection) -> Assignment | None:
    """What makes the clamps right; None where two are on one phase, so that one must be moved.

    Args:
        in_force: what the inputs were taken to measure while the connection was found.
        found: for each phase where the clamp sits that is taken for its own.
    """
    if is_doubled(found):
        return None
    places, turned = list(found.phase), list(found.reversed)

    def really(taken: Clamp) -> Clamp:
        number = NAMES.index(taken.phase)
        return Clamp(NAMES[places[number]], reversed=taken.reversed != turned[number])

    return Assignment(in_force.clamps.map(really), in_force.voltages)


def in_order(wanted: Assignment) -> Assignment:
    """The same for voltages that run L3-L2-L1: two phases change their names, for terminals and clamps alike.

    Which two changes nothing that is measured. Those do after which most clamps bear the names of their inputs: a
    building whose clamps are right and whose voltage wires are interchanged gets its voltages mended and nothing else.
    """

    def renamed(one: Phase, other: Phase) -> Assignment:
        names = {one: other, other: one}
        return Assignment(
            wanted.clamps.map(lambda clamp: replace(clamp, phase=names.get(clamp.phase, clamp.phase))),
            wanted.voltages.map(lambda phase: names.get(phase, phase)),
        )

    def labelled(candidate: Assignment) -> int:
        return sum(clamp.phase is own for clamp, own in zip(candidate.clamps, NAMES, strict=True))

    # the first voltage keeps its name where there is a choice
    pairs = ((Phase.L2, Phase.L3), (Phase.L1, Phase.L3), (Phase.L1, Phase.L2))
    return max((renamed(one, other) for one, other in pairs), key=labelled)


def is_doubled(found: Connection) -> bool:
    """Whether two clamps are on one phase, and another phase has none: no software knows its current."""
    return len(set(found.phase)) < len(NAMES)
