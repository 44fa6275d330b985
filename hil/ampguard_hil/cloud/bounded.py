"""No request may be larger than this, whatever its header says and whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 1 << 20


class Bounded:
    """Around an application: a body that goes on and on is answered with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        met = 0

        async def counted() -> Message:
            nonlocal met
            message = await receive()
            met += len(message.get("body", b""))
            if met > LARGEST_BYTES:
                raise HTTPException(413, f"wanted at most {LARGEST_BYTES} bytes, met more")
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)
