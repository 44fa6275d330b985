"""Somebody who asks an application, without a socket; cookies are kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from fastapi import FastAPI


class Browser:
    """One who asks and waits for the answer."""

    def __init__(
        self, app: FastAPI, headers: dict[str, str] | None = None, cookies: httpx.Cookies | None = None
    ) -> None:
        self._app = app
        self.headers = dict(headers or {})
        self.cookies = httpx.Cookies(cookies)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, **more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **more))

    def put(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("PUT", path, **more))

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        everything = self.headers | (headers or {})
        async with httpx.AsyncClient(transport=transport, base_url="http://here", cookies=self.cookies) as client:
            answer = await client.request(method, path, headers=everything, **more)
            self.cookies.update(client.cookies)
            return answer
