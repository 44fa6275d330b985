"""The access point's captive portal: a phone that asks there whether it is in the internet is led to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from ampguard.web.access.guard import visit_of
from ampguard.web.network import Phone

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ampguard.web.network import Network


class Captive:
    """ASGI middleware; what does not come over the access point passes."""

    def __init__(self, application: ASGIApp, *, network: Network) -> None:
        self._application = application
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        answer = self._answer(Request(scope)) if scope["type"] == "http" else None
        await (answer or self._application)(scope, receive, send)

    def _answer(self, request: Request) -> RedirectResponse | HTMLResponse | None:
        visit = visit_of(request)
        if not visit.is_over_access_point:
            return None
        found = self._network.to_phone(request.headers.get("host", ""), request.url.path, visit.source)
        match found:
            case None:
                return None
            case _ if found.what is Phone.LED:
                # found, not moved: no browser remembers it for other networks
                return RedirectResponse(found.text, 302)
            case _:
                return HTMLResponse(found.text)
