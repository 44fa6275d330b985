"""What the unit says now, as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from ampguard.web.access.guard import Reader
from ampguard.web.live import MOST_EACH, MOST_LISTENERS
from ampguard.web.refusal import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ampguard.web.live import Listener
    from ampguard.web.parts import Parts

SILENCE_S = 15.0


def router(parts: Parts) -> APIRouter:
    """Of the live values."""
    found = APIRouter(prefix="/api/v1", tags=["live"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}})

    @found.get("/live", response_class=StreamingResponse)
    async def live(reader: Reader) -> StreamingResponse:
        """Five times a second what the last window says, each second's reading, and each change of anything else.

        Events are named by what they tell: measurement, reading, condition, wiring, status, chip, event, uplink,
        lights, network, balance (the load-balancing group, its sentences in English); "gone" where somebody has
        nothing to say any more; "over" at the end, where whoever looks may no longer. Each has one JSON object. A
        session or a token has 8 of these streams at once.
        """
        listener = parts.hub.listen(reader.key)
        if listener is None:
            sentence = f"wanted {MOST_EACH} looks at the live values at once by one session or token, and "
            raise RefusedError(503, "too-many", f"{sentence}{MOST_LISTENERS} by all together, met another one", 10.0)
        return StreamingResponse(_events(listener, reader), media_type="text/event-stream")

    return found


async def _events(listener: Listener, reader: Reader) -> AsyncIterator[bytes]:
    """Until nobody looks, or whoever does may no longer."""
    try:
        async for packet in listener.packets(SILENCE_S):
            if reader.is_over():
                yield b"event: over\ndata: {}\n\n"
                return
            yield packet
    finally:
        listener.close()
