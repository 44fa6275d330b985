"""The support bundle: one file with all that helps whoever looks for a fault."""

from __future__ import annotations

import asyncio
import tempfile
from typing import IO, TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from ampguard.web.access.guard import Owner
from ampguard.web.api.logs import as_text, last
from ampguard.web.bundle import Absence, Piece, packed, pieces
from ampguard.web.downloads import safe
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.system import Level

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ampguard.web.parts import Parts

MOST_LINES = 1000
"""Of each log."""
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


def router(parts: Parts) -> APIRouter:
    """Of the bundle. For the owner in person."""
    found = APIRouter(prefix="/api/v1", tags=["system"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}})
    turn = asyncio.Lock()

    @found.get(
        "/support-bundle", response_class=StreamingResponse, responses={200: {"content": {"application/zip": {}}}}
    )
    async def bundle(_owner: Owner) -> StreamingResponse:
        """A ZIP file with a README that says what is in it; no secrets are."""
        if turn.locked():
            raise RefusedError(409, "busy", "wanted a support bundle, met one that is being made", 5.0)
        async with turn:
            logs = [await _log(parts, process) for process in parts.system.logs.processes]
            file = await asyncio.to_thread(_made, parts, logs)
        name = f"ampguard-support-{safe(parts.serial)}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)

    return found


async def _log(parts: Parts, process: str) -> Piece | Absence:
    try:
        told = await last(parts, process, Level.DEBUG, MOST_LINES)
    except RefusedError as why:
        return Absence(f"log-{process}.txt", str(why))
    return Piece(f"log-{process}.txt", f"what {process} has written of itself", as_text(told))


def _made(parts: Parts, logs: list[Piece | Absence]) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    packed(parts, pieces(parts, logs), parts.system.utc(), file)
    file.seek(0)
    return file


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
