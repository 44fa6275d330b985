"""Where the PIN is asked for."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ampguard.web.access.access import cookie_name
from ampguard.web.pages.frame import open_page
from ampguard.web.protection import policy_with

if TYPE_CHECKING:
    from starlette.responses import Response

    from ampguard.web.parts import Parts

_STATIC = files("ampguard.web") / "static"


def router(parts: Parts) -> APIRouter:
    """Of the page before all others."""
    found = APIRouter(include_in_schema=False)
    # in the page's own text: on a slow phone each file more is a trip more until it can be used
    script, style = (_STATIC.joinpath(name).read_text(encoding="utf-8") for name in ("sign_in.js", "page.css"))
    policy = policy_with(script=script, style=style)

    @found.get("/sign-in", response_class=HTMLResponse)
    async def sign_in(request: Request) -> Response:
        if parts.access.session_of(request) is not None:
            return RedirectResponse("/", 303)
        # one that a restart, a pause or somebody else has ended: whoever signs out himself loses the cookie
        was_signed_in = cookie_name(request.scope["scheme"]) in request.cookies
        facts = {"fingerprint": parts.certificate.fingerprint, "was_signed_in": was_signed_in}
        found = await open_page(request, parts, "sign_in.html", {**facts, "script": script, "style": style})
        found.headers.update(policy)
        return found

    return found
