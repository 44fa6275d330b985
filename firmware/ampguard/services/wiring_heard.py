"""What the running meter says of its wiring, heard on its live feed by the commands that mend it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.settings.assignment import Assignment, assignment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json

FEED_S = 3.0
"""The meter tells it about once a second."""
TAKEN_UP_S = 10.0
"""It takes a change up within some three seconds."""


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


def heard(feed: Path) -> Heard | None:
    """What the meter says now; None where none runs."""
    return asyncio.run(_heard(feed, FEED_S, lambda _: True))


def is_taken_up(feed: Path, wanted: Assignment) -> bool:
    """Waits until the meter has that assignment in force; False where it does not come to that, or no meter runs."""
    return asyncio.run(_heard(feed, TAKEN_UP_S, lambda told: told.in_force == wanted)) is not None


async def _heard(feed: Path, patience_s: float, wanted: Callable[[Heard], bool]) -> Heard | None:
    try:
        async with asyncio.timeout(patience_s):
            async for message in Subscriber(feed).messages():
                if message is None:
                    return None
                if message.kind == "wiring" and (told := read(message.body)) is not None and wanted(told):
                    return told
    except TimeoutError:
        pass
    return None


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
