"""The reference cloud as one ASGI application: what units, people and programs speak."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ampguard_hil.cloud import api_readings, api_registry
from ampguard_hil.cloud.bounded import Bounded
from ampguard_hil.cloud.certificate import speaks_for_itself
from ampguard_hil.cloud.dating import DATE_EVERY_S, UNFORESEEN
from ampguard_hil.cloud.entrance import RETRY_AFTER_S, Entrance, units_router
from ampguard_hil.cloud.pages import add_pages
from ampguard_hil.cloud.pages_frame import refused_page
from ampguard_hil.cloud.registry_database import NewerStoreError
from ampguard_hil.cloud.registry_refusals import LockedOut, NotThere, Refused, SignInWanted, Unfit
from ampguard_hil.cloud.site import Site
from ampguard_hil.cloud.store import RefusedBlockError, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from starlette.requests import Request

_LOG = logging.getLogger("ampguard-cloud-https")
NOT_FOUND = 404
_IDS = {
    400: "malformed",
    401: "sign-in-wanted",
    403: "not-allowed",
    NOT_FOUND: "not-there",
    405: "no-such-method",
    413: "too-large",
}


def application(
    store: str | Path, token: str | None, enrolment: APIRouter | None = None, *, certificates: bool = False
) -> FastAPI:
    """The ASGI application; without a token every unit is admitted that gets as far.

    `enrolment`: its router, where units can enrol; `certificates`: a unit must show one of its serial.
    """
    entrance, site = Entrance(store), Site.at(store)

    @contextlib.asynccontextmanager
    async def lifespan(_application: FastAPI) -> AsyncGenerator[None]:
        dating = asyncio.create_task(_date(entrance))
        yield
        dating.cancel()
        await asyncio.gather(dating, return_exceptions=True)
        await entrance.close()
        await site.close()

    app = FastAPI(
        title="The open Amp Guard: reference cloud",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        exception_handlers={
            HTTPException: _said,
            Refused: _refused,
            RequestValidationError: _malformed,
            StoreError: _stored_nothing,
            RefusedBlockError: _asked_in_vain,
            DataError: _unstorable,
            SQLAlchemyError: _stored_nothing,
            NewerStoreError: _stored_nothing,
            ClientDisconnect: _hung_up,
        },
    )
    app.add_middleware(Bounded)
    app.state.site = site
    app.include_router(api_registry.router)
    app.include_router(api_readings.router)
    add_pages(app)
    units = units_router(entrance, site.told, token)
    app.include_router(units, dependencies=[Depends(speaks_for_itself(wanted=certificates))])
    if enrolment is not None:
        app.include_router(enrolment)
    return app


async def _date(entrance: Entrance) -> None:
    """Now and then: what came without a time of day gets one, some at a time, and what units bring in between."""
    while True:
        try:
            while await entrance.date() is not None:
                pass
        except StoreError as why:
            _LOG.error("nothing can be dated now: %s", why)
        except UNFORESEEN:
            _LOG.exception("nothing can be dated now")
        await asyncio.sleep(DATE_EVERY_S)


async def _said(request: Request, why: Exception) -> Response:
    status, headers = (why.status_code, why.headers) if isinstance(why, HTTPException) else (500, None)
    detail = why.detail if isinstance(why, HTTPException) else str(why)
    if status == NOT_FOUND and not request.url.path.startswith("/v1/"):
        return refused_page(request, NotThere("page", request.url.path))
    return JSONResponse({"id": _IDS.get(status, "refused"), "refused": detail}, status, headers)


async def _refused(request: Request, why: Exception) -> Response:
    if not isinstance(why, Refused):
        raise why
    if not request.url.path.startswith("/v1/"):
        return refused_page(request, why)
    headers: dict[str, str] = {}
    if isinstance(why, LockedOut):
        headers["Retry-After"] = str(math.ceil(why.retry_after_s))
    if isinstance(why, SignInWanted):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"id": why.word, "refused": why.sentence}, why.status, headers)


async def _malformed(_request: Request, why: Exception) -> Response:
    first = why.errors()[0] if isinstance(why, RequestValidationError) else {"loc": (), "msg": str(why)}
    where = ".".join(str(one) for one in first["loc"])
    return JSONResponse({"id": "malformed", "refused": f"{where}: {first['msg']}"}, 422)


async def _stored_nothing(_request: Request, why: Exception) -> Response:
    _LOG.error("the store takes nothing: %s", why)
    body = {"id": "store-takes-nothing", "refused": "the store takes nothing now"}
    return JSONResponse(body, 503, {"Retry-After": str(RETRY_AFTER_S)})


async def _asked_in_vain(request: Request, why: Exception) -> Response:
    """A question with a name that no store can hold."""
    return await _refused(request, Unfit("malformed", str(why)))


async def _unstorable(request: Request, why: Exception) -> Response:
    if not isinstance(why, DataError) or "NUL (0x00)" not in str(why.orig):
        return await _stored_nothing(request, why)
    # PostgreSQL takes no text that holds one, and waiting would not help
    return await _refused(request, Unfit("malformed", "a text holds a NUL, which this store does not take"))


async def _hung_up(_request: Request, _why: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it
