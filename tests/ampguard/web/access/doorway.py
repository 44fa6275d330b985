"""The application with its real access, as browsers and thieves meet it: from where, and at which door."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
from fastapi import FastAPI
from tests.ampguard.web.access.clocks import Clock

from ampguard.identity import Card
from ampguard.web.access.access import Access
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.access.pin import Cost, hashed
from ampguard.web.api import session, tokens
from ampguard.web.protection import Protection
from ampguard.web.refusal import add_refusals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from ampguard.web.parts import Parts

PIN = "abcd1234"
CARD = Card("2611000001G", "home", hashed(PIN, bytes(16), Cost(4, 1, 1)).as_bytes(), None)
LAN, ACCESS_POINT = "https://192.168.1.50", "http://192.168.251.1"


@dataclass
class Doorway:
    """One unit; `again` is the same one after a restart of its web."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    card: Card | None = CARD

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        logger = logging.getLogger("ampguard-web")
        self.access = Access(self.folder / "web", lambda: self.card, self.clock.now_s, self.clock.utc, logger)
        app = FastAPI()
        app.state.access = self.access
        add_refusals(app)
        nothing = cast("Parts", None)  # they take nothing of the parts
        app.include_router(session.router(nothing))
        app.include_router(tokens.router(nothing))

        @app.get("/look")
        async def look(reader: Reader) -> str:
            return reader.name

        @app.post("/change")
        async def change(controller: Controller) -> str:
            return controller.name

        self.application = app
        self.protected = Protection(app, https_port=443, large={})

    @asynccontextmanager
    async def browser(self, base: str = LAN, source: str = "192.168.1.20") -> AsyncIterator[httpx.AsyncClient]:
        """One with a jar of its own, at one of the unit's doors."""
        host = httpx.URL(base).host

        async def at_the_door(scope: Scope, receive: Receive, send: Send) -> None:
            await self.protected({**scope, "server": (host, None)}, receive, send)

        transport = httpx.ASGITransport(at_the_door, client=(source, 50000))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            yield client


async def sign_in(browser: httpx.AsyncClient, pin: str = PIN, **headers: str) -> httpx.Response:
    answer = await browser.post("/api/v1/session", json={"pin": pin}, headers=headers)
    if answer.status_code == 200:
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer
