"""What is wrong with the supply itself, out of what the meter tells of the wiring: it comes before all else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase
from ampguard.phrase import as_heard
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.catalogue import Words
    from ampguard.readings import Json

ABSENT_V = 20.0
"""A terminal that has less has no voltage (`voltages`)."""


class FaultKind(StrEnum):
    """What it is."""

    LOST_PHASE = "lost-phase"
    """A wired terminal has no voltage, and another one has."""
    SUPPLY = "supply"
    """The neutral is broken or loose, or the voltages are not those of the grid that is set."""


@dataclass(frozen=True, slots=True)
class Fault:
    """For a reader in his language."""

    kind: FaultKind
    sentence: str


def kind_of(told: Mapping[str, Json]) -> FaultKind | None:
    """What stands now; None: nothing. `told`: the message of kind "wiring"."""
    if as_heard(told.get("alarm")) is not None:
        return FaultKind.SUPPLY
    return FaultKind.LOST_PHASE if _lost(told) else None


def fault(words: Words, told: Mapping[str, Json]) -> Fault | None:
    """The same, with its sentence."""
    match kind_of(told):
        case FaultKind.SUPPLY:
            sentence = words.tell(as_heard(told.get("alarm")) or "")
            return Fault(FaultKind.SUPPLY, sentence[:1].upper() + sentence[1:])
        case FaultKind.LOST_PHASE:
            return Fault(FaultKind.LOST_PHASE, _without(words, _lost(told)))
        case None:
            return None


def _without(words: Words, lost: list[str]) -> str:
    if len(lost) > 1:
        return words.say(
            "{phases} carry no voltage: look at the main fuses and those of the grid operator, and at the wires to the "
            "terminals.",
            phases=words.say("{one} and {other}", one=lost[0], other=lost[1]),
        )
    return words.say(
        "{phase} carries no voltage: look at the main fuse and that of the grid operator, and at the wire to the "
        "terminal.",
        phase=lost[0],
    )


def _lost(told: Mapping[str, Json]) -> list[str]:
    """The phases whose terminals have no voltage, where others have."""
    phasors = told.get("phasors")
    if told.get("voltage_verdict") != Condition.ABSENT or not isinstance(phasors, dict):
        return []
    values = cast("Mapping[str, Json]", phasors).get("voltage_rms_v")
    known: Mapping[str, Json] = cast("Mapping[str, Json]", values) if isinstance(values, dict) else {}
    wired_v = {one.value: value for one in Phase if isinstance(value := known.get(one.lower()), int | float)}
    lost = [phase for phase, value_v in wired_v.items() if value_v < ABSENT_V]
    return lost if len(lost) < len(wired_v) else []
