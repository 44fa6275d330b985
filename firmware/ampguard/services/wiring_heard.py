"""What the running meter says of its wiring, heard on its live feed by the commands that mend it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ampguard.live.subscriber import Subscriber
from ampguard.wiring.heard import Heard, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ampguard.settings.assignment import Assignment

FEED_S = 3.0
"""The meter tells it about once a second."""
TAKEN_UP_S = 10.0
"""It takes a change up within some three seconds."""


def heard(feed: Path) -> Heard | None:
    """What the meter says now; None where none runs."""
    return asyncio.run(_heard(feed, FEED_S, lambda _: True))


def is_taken_up(feed: Path, wanted: Assignment) -> bool:
    """Waits until the meter has that assignment in force; False where it does not come to that, or no meter runs."""
    return asyncio.run(_heard(feed, TAKEN_UP_S, lambda told: told.in_force == wanted)) is not None


async def _heard(feed: Path, patience_s: float, wanted: Callable[[Heard], bool]) -> Heard | None:
    try:
        async with asyncio.timeout(patience_s):
            async for message in Subscriber(feed).messages():
                if message is None:
                    return None
                if message.kind == "wiring" and (told := read(message.body)) is not None and wanted(told):
                    return told
    except TimeoutError:
        pass
    return None
