"""All that happened to the unit, as far as its journal still has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.errors import JournalFault
from ampguard.web.happened import MOST, happened
from ampguard.web.pages.frame import page
from ampguard.web.refusal import RefusedError
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from ampguard.web.happened import Happened
    from ampguard.web.parts import Parts


async def events_now(parts: Parts, request: Request, most: int) -> list[Happened] | None:
    """The newest first; none where there is no journal to read at the moment; None: too many others read it."""
    if parts.access.session_of(request) is None:
        return []  # a stranger, who is sent away
    try:
        async with parts.event_turns.one():
            return await asyncio.to_thread(happened, parts.places.journal, most, words_of(request))
    except JournalFault:
        return []
    except RefusedError:
        return None


def router(parts: Parts) -> APIRouter:
    """Of the page."""
    found = APIRouter(include_in_schema=False)

    @found.get("/events", response_class=HTMLResponse)
    async def events(request: Request) -> Response:
        return await page(request, parts, "events.html", events=await events_now(parts, request, MOST), most=MOST)

    return found
