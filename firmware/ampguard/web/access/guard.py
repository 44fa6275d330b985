"""Who may do what: the dependencies that each route of the API names, and by which it is closed to everybody else.

A token (`Authorization: Bearer`) comes before a cookie. A cookie alone changes nothing: whatever is not a mere look
needs the session's own word in `X-CSRF-Token` too, which no page of another origin can know.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from ampguard.web.access.sessions import Session, is_same
from ampguard.web.access.visit import Visit, source
from ampguard.web.protection import ACCESS_POINT, own_address
from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ampguard.web.access.access import Access
    from ampguard.web.access.tokens import Token

_SAFE = {"GET", "HEAD", "OPTIONS"}
_TOLD = Depends(HTTPBearer(auto_error=False, scheme_name="token", description="An API token of this unit."))
_WORN = Depends(APIKeyCookie(name="__Host-ampguard", auto_error=False, scheme_name="session"))
"""Both for the OpenAPI document only."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    """For whoever notes who changed something: "session 192.0.2.7", or "token evcc"."""
    may_control: bool
    is_over: Callable[[], bool]
    """Whether it has ended meanwhile: asked by whatever answers for long."""
    key: Hashable = None
    """The same for all that one session or one token asks: of some things each has a few at once."""


async def may_read(request: Request, _told: Annotated[object, _TOLD], _worn: Annotated[object, _WORN]) -> Caller:
    """A session or any token. Raises RefusedError."""
    access = access_of(request)
    if (text := request.headers.get("authorization")) is not None:
        return await _by_token(access, text)
    session = _by_cookie(request)
    is_over = partial(access.sessions.is_over, session)
    return Caller(f"session {session.source}", may_control=True, is_over=is_over, key=session)


async def may_control(caller: Annotated[Caller, Depends(may_read)]) -> Caller:
    """A session, or a token with the scope control. Raises RefusedError."""
    if not caller.may_control:
        raise RefusedError(403, "not-allowed", "wanted a token with the scope control, met one with the scope read")
    return caller


async def owner(request: Request, _worn: Annotated[object, _WORN]) -> Session:
    """Somebody who has shown the PIN, by a page of this unit: for what no token may do. Raises RefusedError."""
    return _by_cookie(request)


Reader = Annotated[Caller, Depends(may_read)]
Controller = Annotated[Caller, Depends(may_control)]
Owner = Annotated[Session, Depends(owner)]


def _by_cookie(request: Request) -> Session:
    session = access_of(request).session_of(request)
    if session is None:
        raise RefusedError(401, "sign-in-wanted", "wanted a session or a token, met none that is good")
    if request.method not in _SAFE:
        refuse_other_origins(request)
        if not is_same(request.headers.get("x-csrf-token", ""), session.csrf):
            raise RefusedError(403, "not-allowed", "wanted the session's word in X-CSRF-Token, met another or none")
    return session


def access_of(request: Request) -> Access:
    """What the application was made with."""
    return cast("Access", request.app.state.access)


def visit_of(request: Request) -> Visit:
    """Where a request comes from."""
    scheme: str = request.scope["scheme"]
    over_access_point = scheme == "http" and own_address(request.scope) == ACCESS_POINT
    return Visit(source(None if request.client is None else request.client.host), over_access_point, scheme)


def refuse_other_origins(request: Request) -> None:
    """What a page of another origin makes a browser send. Raises RefusedError."""
    site = request.headers.get("sec-fetch-site")  # only where the link is secure, and then no page can forge it
    here = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
    is_ours = request.headers.get("origin", here) == here if site is None else site in {"same-origin", "none"}
    if not is_ours:
        raise RefusedError(403, "not-allowed", "wanted a page of this unit, met one of another origin")


async def _by_token(access: Access, text: str) -> Caller:
    kind, _, secret = text.partition(" ")
    token = access.tokens.find(secret.strip()) if kind.lower() == "bearer" else None
    if token is None:
        raise RefusedError(401, "sign-in-wanted", "wanted a token of this unit, met none, or one that was revoked")
    if access.tokens.is_used_first_today(token):
        await asyncio.to_thread(access.note_used, token)
    return Caller(f"token {token.name}", token.may_control(), _revoked(access, token), token.id)


def _revoked(access: Access, token: Token) -> Callable[[], bool]:
    return lambda: not access.tokens.is_there(token)
