"""The local management interface as one ASGI application."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from ampguard.web.api import balancing as balancing_api
from ampguard.web.api import (
    bundle,
    certificate,
    check,
    energy,
    enrolment,
    events,
    history,
    live,
    logs,
    network,
    report,
    session,
    settings,
    steps,
    tokens,
    wiring,
)
from ampguard.web.api import system as system_api
from ampguard.web.api import update as update_api
from ampguard.web.captive import Captive
from ampguard.web.pages import balancing, first_visit, installation, sign_in, status, system, wifi
from ampguard.web.pages import events as events_page
from ampguard.web.protection import Protection
from ampguard.web.refusal import add_refusals

if TYPE_CHECKING:
    from ampguard.web.parts import Parts


DOCUMENT = "/api/v1/openapi.json"


def application(parts: Parts) -> FastAPI:
    """The pages, the API below them, and what protects both."""
    app = FastAPI(
        title="Amp Guard",
        version="1",
        docs_url=None,  # they would fetch their scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # it would make the document while everybody waits
        redirect_slashes=False,  # it would lead to whatever host the request names
        middleware=[
            Middleware(Protection, https_port=parts.https_port, large=update_api.LARGE),
            Middleware(GZipMiddleware, compresslevel=6),  # it leaves event streams alone
            Middleware(Captive, network=parts.network),
        ],
    )
    app.state.access = parts.access  # where the guard of each request finds it
    add_refusals(app)
    for subject in (session, tokens, certificate, live, history, energy, events, settings, enrolment, steps, wiring):
        app.include_router(subject.router(parts))
    for subject in (check, system_api, update_api, network, balancing_api, logs, report, bundle):
        app.include_router(subject.router(parts))
    for shown in (sign_in, status, events_page, balancing, installation, first_visit, system, wifi):
        app.include_router(shown.router(parts))

    @app.get(DOCUMENT, include_in_schema=False)
    async def document() -> JSONResponse:
        """How the API is asked. For everybody: it says nothing of this unit."""
        return JSONResponse(await asyncio.to_thread(app.openapi))

    app.mount("/static", StaticFiles(directory=str(files("ampguard.web") / "static")), name="static")
    return app
