"""Where the PIN is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ampguard.web.pages.frame import open_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from ampguard.web.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Of the page before all others."""
    found = APIRouter(include_in_schema=False)

    @found.get("/sign-in", response_class=HTMLResponse)
    async def sign_in(request: Request) -> Response:
        if parts.access.session_of(request) is not None:
            return RedirectResponse("/", 303)
        return open_page(request, parts, "sign_in.html", {"fingerprint": parts.certificate.fingerprint})

    return found
