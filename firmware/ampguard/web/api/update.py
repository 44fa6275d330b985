"""Updates: a bundle sent or fetched, and how it goes. What it is worth is decided by its signature, not here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from ampguard.web.access.guard import Controller, Reader
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.update import LARGEST

if TYPE_CHECKING:
    from ampguard.web.parts import Parts

PREFIX = "/api/v1/update"
BUNDLE = f"{PREFIX}/bundle"
LARGE = {BUNDLE: LARGEST}
"""What may bring more than other requests."""
PIECE = 1 << 20


class UpdateNow(BaseModel):
    """How it goes."""

    runs: str | None
    """The version that runs; null: the unit has no second slot, its software is replaced with its card."""
    state: Literal[
        "none",
        "receiving",
        "asked",
        "fetching",
        "checking",
        "installing",
        "installed",
        "on-trial",
        "kept",
        "refused",
        "returned",
    ]
    """installed: the unit is about to restart with it; returned: it did not measure as the one before, which runs."""
    version: str | None
    """Of the last update."""
    percent: int | None
    """How far receiving, fetching or installing is."""
    kind: str | None
    """What is wrong with it, where it is refused: forged, damaged, older, other-board, no-room, medium ..."""
    sentence: str | None
    who: str | None
    """Who asked for it."""
    utc: str | None
    """Since when it is so, where the unit's clock was set then."""


class WantedUpdate(BaseModel):
    """Where it is."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=500, pattern=r"^https?://[^\s]+$")
    """Of a bundle."""


def router(parts: Parts) -> APIRouter:
    """Of updates."""
    found = APIRouter(
        prefix=PREFIX,
        tags=["update"],
        responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}, 507: {"model": Refusal}},
    )
    updates = parts.updates

    async def now() -> UpdateNow:
        told = await asyncio.to_thread(updates.now)
        return UpdateNow.model_validate(told, from_attributes=True)

    @found.get("")
    async def look(_reader: Reader) -> UpdateNow:
        """How the last update went, or how far it is."""
        return await now()

    @found.post("", status_code=202)
    async def fetch(who: Controller, wanted: WantedUpdate) -> UpdateNow:
        """Have the unit fetch a bundle and install it."""
        await asyncio.to_thread(updates.fetch, wanted.url, who.name)
        return await now()

    @found.put(
        "/bundle",
        status_code=202,
        openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
    )
    async def send(who: Controller, request: Request) -> UpdateNow:
        """Send a bundle, which is installed then. It is written to the medium as it comes."""
        length = request.headers.get("content-length", "")
        held = bytearray()
        try:
            with updates.taking(int(length) if length.isdigit() else None, who.name) as taking:
                async for piece in request.stream():
                    held += piece
                    if len(held) >= PIECE:
                        await taking.take(bytes(held))
                        held.clear()
                await taking.take(bytes(held))
                await taking.whole()
        except ClientDisconnect as why:
            raise RefusedError(400, "malformed", "wanted the whole bundle, met an end of the connection") from why
        return await now()

    return found
