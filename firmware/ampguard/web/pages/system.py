"""The unit itself: what it is, its logs and settings, who may come in, restarting it and giving it back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.web.api.system import now
from ampguard.web.pages.frame import page
from ampguard.web.pages.labels import LABELS, name_of, words_of_values

if TYPE_CHECKING:
    from starlette.responses import Response

    from ampguard.web.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Of the page."""
    found = APIRouter(include_in_schema=False)
    system = parts.system

    @found.get("/system", response_class=HTMLResponse)
    async def show(request: Request) -> Response:
        return await page(
            request,
            parts,
            "system.html",
            now=await asyncio.to_thread(now, parts),
            settings=LABELS,
            name_of=name_of,
            words_of_values=words_of_values,
            processes=system.logs.processes,
            wiped=[one for one in system.reset_rows if not one.is_kept],
            kept=[one for one in system.reset_rows if one.is_kept],
        )

    return found
