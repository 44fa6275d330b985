"""Where the PIN is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ampguard.web.access.access import cookie_name
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
        # one that a restart, a pause or somebody else has ended: whoever signs out himself loses the cookie
        was_signed_in = cookie_name(request.scope["scheme"]) in request.cookies
        facts = {"fingerprint": parts.certificate.fingerprint, "was_signed_in": was_signed_in}
        return await open_page(request, parts, "sign_in.html", facts)

    return found
