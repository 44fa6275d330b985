"""What the meter tells of its wiring, as who hears it on the live feed reads it, and what may be accepted of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.phrase import Phrase, phrase
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
    looking_again: str | None
    """Why the verdict began anew (`Anew`), until there is one; None: it did not, or there is."""


def accepted(told: Heard, set_now: Assignment) -> Assignment:
    """What the meter proposes for what is set now. Raises SetupError with the reason why there is nothing to accept."""
    if told.in_force != set_now:
        raise SetupError(phrase("the meter has not looked yet at what is set now: wait some seconds"))
    if (doubled := to_be_moved(told.places)) is not None:
        raise SetupError(doubled)
    if told.proposal is not None:
        return told.proposal
    if told.voltage_verdict != Condition.RIGHT:
        raise SetupError(phrase("first the voltages must be right, then clamps can be accepted"))
    if told.current_verdict != Condition.WRONG:
        raise SetupError(phrase("no clamp is surely wrong: there is nothing to accept"))
    raise SetupError(phrase("which clamp sits where is not known yet: more load is needed"))


def to_be_moved(places: tuple[str | None, ...]) -> Phrase | None:
    """What must be done by hand, as no software can, where several clamps sit on one phase; else None.

    Args:
        places: on which phase each clamp sits, by the phase that it is taken for; None: not known.
    """
    known = {own.value: place for own, place in zip(Phase, places, strict=False) if place is not None}
    taken = list(known.values())
    without = [own for own in known if own not in taken]
    shared = next((place for place in taken if taken.count(place) > 1), None)
    if shared is None:
        return None
    if len(without) == 1:
        return phrase(
            "Two clamps sit on {phase}: one of them must be moved by hand to {other}.", phase=shared, other=without[0]
        )
    return phrase(
        "All clamps sit on {phase}: move one of them by hand to {one} and one to {other}.",
        phase=shared,
        one=without[0],
        other=without[1],
    )


def read(body: Mapping[str, Json]) -> Heard | None:
    """The message; None where it is of another version of the meter."""
    match body:
        case {
            "verdict": str(verdict),
            "voltage_verdict": str(voltage_verdict),
            "current_verdict": str(current_verdict),
            "sentence": str(sentence),
            "assignment": dict(),
            "in_force": dict() as in_force,
        }:
            confidence_ratio, proposal = body.get("confidence_ratio"), body.get("proposal")
            looking_again = body.get("looking_again")
            try:
                return Heard(
                    verdict=verdict,
                    voltage_verdict=voltage_verdict,
                    current_verdict=current_verdict,
                    confidence_ratio=float(confidence_ratio) if isinstance(confidence_ratio, int | float) else None,
                    sentence=sentence,
                    places=places_of(body),
                    in_force=assignment(Path("the meter"), in_force),
                    proposal=None if proposal is None else assignment(Path("the meter"), proposal),
                    looking_again=looking_again if isinstance(looking_again, str) else None,
                )
            except SetupError:
                return None
        case _:
            return None


def places_of(body: Mapping[str, Json]) -> tuple[str | None, ...]:
    """On which phase each clamp sits, by the phase that it is taken for; None: not known."""
    match body.get("assignment"):
        case dict() as places:
            return tuple(_place(one) for one in cast("Mapping[str, Json]", places).values())
        case _:
            return ()


def in_force_of(body: Mapping[str, Json]) -> Assignment | None:
    """What the meter takes its inputs to measure; None where that is not told, or not understood."""
    try:
        return assignment(Path("the meter"), body["in_force"]) if "in_force" in body else None
    except SetupError:
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
