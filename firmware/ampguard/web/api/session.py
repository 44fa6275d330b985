"""Signing in with the PIN and out again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from ampguard.web.access.access import cookie_name
from ampguard.web.access.accesslog import Happened
from ampguard.web.access.guard import Owner, access_of, refuse_other_origins, visit_of
from ampguard.web.access.ledger import FailedFrom
from ampguard.web.access.pin import LONGEST_TYPED
from ampguard.web.refusal import Refusal

if TYPE_CHECKING:
    from ampguard.web.access.access import Access
    from ampguard.web.access.sessions import Session
    from ampguard.web.parts import Parts


class SignIn(BaseModel):
    """What somebody types."""

    pin: str = Field(max_length=LONGEST_TYPED)
    """The 8 characters on the unit's label."""


class SessionNow(BaseModel):
    """Who is signed in here, and what happened meanwhile."""

    csrf: str
    """For X-CSRF-Token, with each request that changes something."""
    source: str
    """Where it was begun from: an address, or the /64 of one."""
    sessions: int
    """How many are signed in, this one included."""
    failed_before: list[FailedFrom]
    """Wrong PINs since the sign-in before this one; the latest last."""
    failed_before_count: int
    """All of them, those included that `failed_before` has no room for."""
    locked_sources: list[str]
    """Who is locked out at the moment."""


def router(_parts: Parts) -> APIRouter:
    """Of the session."""
    found = APIRouter(prefix="/api/v1", tags=["access"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}})

    @found.post("/session")
    async def sign_in(request: Request, response: Response, body: SignIn) -> SessionNow:
        """Show the PIN. Wrong ones cost time: 429 with Retry-After before another one is looked at."""
        refuse_other_origins(request)
        access, visit = access_of(request), visit_of(request)
        before = access.session_of(request)
        begun = await access.sign_in(body.pin, visit)
        if before is not None:
            access.sessions.end(before)
        response.set_cookie(
            cookie_name(visit.scheme), begun.name, secure=visit.scheme == "https", httponly=True, samesite="strict"
        )
        return _now(access, begun.session)

    @found.get("/session")
    async def session(request: Request, owner: Owner) -> SessionNow:
        """The session of this browser."""
        return _now(access_of(request), owner)

    @found.delete("/session", status_code=204)
    async def sign_out(request: Request, owner: Owner) -> Response:
        """This browser."""
        access = access_of(request)
        access.sessions.end(owner)
        await asyncio.to_thread(access.note, Happened.SIGNED_OUT, owner.source)
        return _without_cookie(request)

    @found.delete("/sessions", status_code=204)
    async def sign_out_everywhere(request: Request, owner: Owner) -> Response:
        """All browsers, this one included; API tokens stay."""
        access = access_of(request)
        ended = access.sessions.end_all()
        await asyncio.to_thread(access.note, Happened.SIGNED_OUT_EVERYWHERE, owner.source, sessions=ended)
        return _without_cookie(request)

    return found


def _now(access: Access, session: Session) -> SessionNow:
    return SessionNow(
        csrf=session.csrf,
        source=session.source,
        sessions=access.sessions.count,
        failed_before=list(session.failed_before.told),
        failed_before_count=session.failed_before.count,
        locked_sources=list(access.lockout.locked_sources()),
    )


def _without_cookie(request: Request) -> Response:
    response = Response(status_code=204)
    scheme: str = request.scope["scheme"]
    response.delete_cookie(cookie_name(scheme), secure=scheme == "https", httponly=True, samesite="strict")
    return response
