"""Whatever goes wrong is said in one shape."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI

from ampguard.web.refusal import add_refusals


def test_a_defect_is_said_like_all_else_and_tells_nothing_of_the_unit() -> None:
    app = FastAPI()
    add_refusals(app)

    @app.get("/")
    async def broken() -> None:
        raise KeyError("a secret place")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://unit") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["id"]) == (500, "defect")
    assert "secret" not in answer.text
