"""What happened to the unit: a sentence for each event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from ampguard.web.access.guard import Reader
from ampguard.web.happened import MOST, happened
from ampguard.web.refusal import Refusal
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from ampguard.web.parts import Parts


class EventTold(BaseModel):
    """One event."""

    utc: str | None
    """When it began; null: no clock was ever set."""
    kind: str
    """start, voltage, gap, clock, wiring, phase_loss, neutral_fault, wrong_voltage, overload, configuration, ..."""
    sentence: str
    """In the language of the request."""


def router(parts: Parts) -> APIRouter:
    """Of the events."""
    found = APIRouter(
        prefix="/api/v1", tags=["history"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    @found.get("/events")
    async def events(
        request: Request, _reader: Reader, most: Annotated[int, Query(ge=1, le=MOST)] = 50
    ) -> list[EventTold]:
        """The last of them, the newest first."""
        async with parts.event_turns.one():
            told = await asyncio.to_thread(happened, parts.places.journal, most, words_of(request))
        return [EventTold(utc=one.utc, kind=one.kind, sentence=one.sentence) for one in told]

    return found
