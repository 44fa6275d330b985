"""What is known of the wiring, on every page that shows it from the first moment on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.web.api.wiring import now

if TYPE_CHECKING:
    from starlette.requests import Request

    from ampguard.web.api.wiring import WiringState
    from ampguard.web.parts import Parts


async def wiring_now(parts: Parts, request: Request) -> WiringState | None:
    """None where the settings cannot be read: the page says so elsewhere."""
    try:
        return await now(parts, request)
    except SetupError:
        return None
