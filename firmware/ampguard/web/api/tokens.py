"""API tokens and the access log: for the owner in person, never for a token."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ampguard.web.access.accesslog import Happened
from ampguard.web.access.guard import Owner, access_of
from ampguard.web.access.tokens import LONGEST_NAME, Scope, Token
from ampguard.web.refusal import Refusal, RefusedError

if TYPE_CHECKING:
    from ampguard.web.parts import Parts


Number = Annotated[str, Path(pattern=r"^[0-9a-f]{8}$")]


class Wanted(BaseModel):
    """A token to be made."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    """By which its owner knows it again."""
    scope: Scope


class Made(BaseModel):
    """The only time that a token is shown."""

    token: Token
    secret: str
    """The whole of it, for `Authorization: Bearer`."""


class Line(BaseModel):
    """Of the access log."""

    model_config = ConfigDict(extra="allow")

    utc: str | None
    """None where the clock was not set."""
    what: str
    source: str


def router(_parts: Parts) -> APIRouter:
    """Of tokens and log."""
    found = APIRouter(prefix="/api/v1", tags=["access"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}})

    @found.get("/tokens")
    async def tokens(request: Request, _owner: Owner) -> list[Token]:
        """All that are good, in the order they were made."""
        return list(access_of(request).tokens.all())

    @found.post("/tokens", status_code=201)
    async def make(request: Request, owner: Owner, body: Wanted) -> Made:
        """A new one; whoever has it comes in until it is revoked."""
        access = access_of(request)
        try:
            token, secret = await asyncio.to_thread(access.tokens.make, body.name, body.scope)
        except OSError as why:
            raise _not_kept(why) from why
        await asyncio.to_thread(
            access.note, Happened.TOKEN_MADE, owner.source, id=token.id, name=token.name, scope=token.scope
        )
        return Made(token=token, secret=secret)

    @found.delete("/tokens/{number}", status_code=204)
    async def revoke(request: Request, owner: Owner, number: Number) -> Response:
        """It is good for nothing any more."""
        access = access_of(request)
        try:
            gone = await asyncio.to_thread(access.tokens.revoke, number)
        except OSError as why:
            raise _not_kept(why) from why
        if gone is None:
            raise RefusedError(404, "not-there", "wanted a token to revoke, met none of that id")
        await asyncio.to_thread(access.note, Happened.TOKEN_REVOKED, owner.source, id=gone.id, name=gone.name)
        return Response(status_code=204)

    @found.get("/access-log")
    async def access_log(request: Request, _owner: Owner) -> list[Line]:
        """Who came in and who did not; the newest first."""
        lines = await asyncio.to_thread(access_of(request).log.latest)
        return [Line.model_validate(line) for line in lines]

    return found


def _not_kept(why: OSError) -> RefusedError:
    return RefusedError(503, "busy", f"wanted to write it down, met: {why.strerror or why}")
