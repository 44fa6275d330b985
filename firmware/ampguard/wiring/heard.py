"""What the meter tells of its wiring, as who hears it on the live feed reads it, and what may be accepted of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.settings.assignment import Assignment, assignment
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json


@dataclass(frozen=True, slots=True)
class Heard:
    """The feed's message of kind "wiring"."""

    verdict: str
    """Of terminals and clamps together."""
    voltage_verdict: str
    current_verdict: str
    confidence_ratio: float | None
    sentence: str
    places: tuple[str | None, ...]
    """On which phase each clamp sits, by the phase that it is taken for; None: not known."""
    in_force: Assignment
    """What the meter takes the inputs to measure."""
    proposal: Assignment | None
    """What would make the clamps right; None where that is not known, or no assignment does."""

    @property
    def is_doubled(self) -> bool:
        """Whether two clamps are on one phase."""
        known = [one for one in self.places if one is not None]
        return len(set(known)) < len(known)


def accepted(told: Heard, set_now: Assignment) -> Assignment:
    """What the meter proposes for what is set now. Raises SetupError with the reason why there is nothing to accept."""
    if told.in_force != set_now:
        raise SetupError(f"wanted a finding of what is set ({set_now}), met one of what was ({told.in_force}): wait")
    if told.is_doubled:
        raise SetupError(f"cannot be mended in software: move the clamp ({told.sentence})")
    if told.proposal is not None:
        return told.proposal
    if told.voltage_verdict != Condition.RIGHT:
        raise SetupError(f"first the voltages must be right, then clamps can be accepted: {told.sentence}")
    if told.current_verdict != Condition.WRONG:
        why = told.sentence.removeprefix("undecided: ")
        raise SetupError(f"wanted clamps that are surely wrong, met {told.current_verdict}: {why}")
    raise SetupError(f"which clamp sits where is not known yet: {told.sentence}")


def read(body: Mapping[str, Json]) -> Heard | None:
    """The message; None where it is of another version of the meter."""
    match body:
        case {
            "verdict": str(verdict),
            "voltage_verdict": str(voltage_verdict),
            "current_verdict": str(current_verdict),
            "sentence": str(sentence),
            "assignment": dict() as places,
            "in_force": dict() as in_force,
        }:
            confidence_ratio, proposal = body.get("confidence_ratio"), body.get("proposal")
            try:
                return Heard(
                    verdict=verdict,
                    voltage_verdict=voltage_verdict,
                    current_verdict=current_verdict,
                    confidence_ratio=float(confidence_ratio) if isinstance(confidence_ratio, int | float) else None,
                    sentence=sentence,
                    places=tuple(_place(one) for one in cast("Mapping[str, Json]", places).values()),
                    in_force=assignment(Path("the meter"), in_force),
                    proposal=None if proposal is None else assignment(Path("the meter"), proposal),
                )
            except SetupError:
                return None
        case _:
            return None


def _place(content: Json) -> str | None:
    match content:
        case {"phase": str(phase)}:
            return phase
        case _:
            return None


def is_all_reversed(before: Assignment, after: Assignment) -> bool:
    """Whether it turns every clamp and moves none: a building that exports on all phases looks the same."""
    return all(
        one.phase is other.phase and one.reversed != other.reversed
        for one, other in zip(before.clamps, after.clamps, strict=True)
    )
