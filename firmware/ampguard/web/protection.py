"""What protects every answer: headers that a browser obeys, and a limit to what a request may bring.

Plain HTTP is for the access point, whose link is encrypted already, and for the machine itself; whoever comes over
another way is sent to HTTPS. No browser is told to remember that (Strict-Transport-Security): whoever goes back from
a certificate of his to the unit's own could not wave its warning away any more (decision 0011).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse

from ampguard.web.refusal import Refusal, answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1 << 16
"""Bytes; but for what names a limit of its own."""
ACCESS_POINT = ipaddress.ip_address("192.168.251.1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_POLICY_NAME = "Content-Security-Policy"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Protection:
    """ASGI middleware around the whole application."""

    def __init__(self, application: ASGIApp, *, https_port: int | None, large: dict[str, int]) -> None:
        """`https_port`: where others are sent to; `large`: paths that may bring more, with their limits in bytes."""
        self._application = application
        self._https_port = https_port
        self._large = large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        protected = _with_headers(scope, send)
        limit = self._large.get(scope["path"], LARGEST_BODY)
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if scope["scheme"] == "http" and not may_be_plain(scope):
            await self._elsewhere(scope)(scope, receive, protected)
        elif not length.isdigit() or int(length[:20]) > limit:
            await too_large(limit)(scope, receive, protected)
        else:
            await self._limited(scope, receive, protected, limit)

    async def _limited(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """A body without a length, or with a wrong one, is counted as it comes."""
        brought, begun, refused = 0, False, False

        async def counted() -> Message:
            nonlocal brought
            message = await receive()
            brought += len(message.get("body", b""))
            if brought > limit:
                raise _TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal begun, refused
            refused = refused or (brought > limit and not begun)
            begun = True
            if not refused:  # else it is what the framework makes of it: a body that it cannot read
                await send(message)

        with contextlib.suppress(_TooLargeError):
            await self._application(scope, counted, watched)
        if brought > limit and (refused or not begun):
            await too_large(limit)(scope, receive, send)

    def _elsewhere(self, scope: Scope) -> RedirectResponse | JSONResponse:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if self._https_port is None or scope["method"] not in {"GET", "HEAD"} or not _is_name(name):
            return answer(403, Refusal(id="not-allowed", sentence="wanted HTTPS, met plain HTTP on a network"))
        port = "" if self._https_port == 443 else f":{self._https_port}"  # noqa: PLR2004 - HTTPS's own
        return RedirectResponse(f"https://{name}{port}/", 307)


def _with_headers(scope: Scope, send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # assets are asked for again, and sent only where they have changed
            headers.setdefault(_POLICY_NAME, POLICY)
            headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
        await send(message)

    return protected


def policy_with(*, script: str, style: str) -> dict[str, str]:
    """The header of a page in whose text these two stand: by their hashes, so that nothing else there counts as one."""
    policy = POLICY
    for kind, text in (("script-src", script), ("style-src", style)):
        found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        policy = policy.replace(f"{kind} 'self'", f"{kind} 'self' 'sha256-{found}'")
    return {_POLICY_NAME: policy}


class _TooLargeError(Exception):
    """More came than was announced."""


def too_large(limit: int) -> JSONResponse:
    """The refusal."""
    return answer(413, Refusal(id="too-large", sentence=f"wanted at most {limit} bytes"))


def may_be_plain(scope: Scope) -> bool:
    """Whether a request has come over the access point, or from this machine."""
    address = own_address(scope)
    if address is None:  # a Unix socket, or the test client
        return scope.get("server") is None
    return address == ACCESS_POINT or address.is_loopback


def own_address(scope: Scope) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The unit's own address that a request came to; a socket for both kinds has IPv4's within IPv6's."""
    server = scope.get("server")
    try:
        found = ipaddress.ip_address(server[0] if server else "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 255 and all(one.isalnum() or one in "-.:[]" for one in text)  # noqa: PLR2004 - DNS
