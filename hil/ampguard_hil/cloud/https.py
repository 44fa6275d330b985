"""`python -m ampguard_hil.cloud.https`: takes units' blocks over HTTPS, commits them, and only then answers 200.

POST /v1/units/<serial>/records: 200 `{"committed": {"boot", "first_sequence", "last_sequence"}}` after the commit; 400
no block of readings, 413 above 1 MiB, 503 with `Retry-After`: the store takes nothing.
GET /v1/units/<serial>/completeness: 200 `{"serial", "boots": [...]}`, what is there and what is missing.

401 where a token is wanted and another one came. A certificate of the client's (`--client-ca`) is checked by the server
under this; whose it is does not reach an ASGI application, so any unit of that authority may speak for any other one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import logging
import sqlite3
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ampguard_hil.cloud.store import BootReport, RefusedBlockError, Store, received

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from starlette.requests import Request

    from ampguard_hil.cloud.store import Received

_T = TypeVar("_T")
LARGEST_BYTES = 1 << 20
RETRY_AFTER_S = 5
_LOG = logging.getLogger("ampguard-cloud-https")


class Entrance:
    """The store, and the one thread that may touch it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def commit(self, serial: str, block: bytes) -> Received:
        """Open a block and store it for good. Raises RefusedBlockError, sqlite3.Error."""
        return await self._in_thread(lambda: self._commit(serial, block))

    async def completeness(self, serial: str) -> Sequence[BootReport]:
        """What is there of a unit. Raises sqlite3.Error."""
        return await self._in_thread(lambda: self._opened().completeness(serial))

    async def close(self) -> None:
        """Finish what is being stored, and close."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _commit(self, serial: str, block: bytes) -> Received:
        found = received(serial, block)
        self._opened().commit([found])
        return found

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store(self._path)
        return self._store

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


def application(store: Path, token: str | None) -> Starlette:
    """The ASGI application; without a token everybody is admitted who gets as far."""
    entrance = Entrance(store)

    async def records(request: Request) -> Response:
        _admit(request, token)
        serial = request.path_params["serial"]
        try:
            found = await entrance.commit(serial, await _body(request))
        except RefusedBlockError as why:
            # an operator must look at that unit
            _LOG.error("%s: %s", serial, why)
            return JSONResponse({"refused": str(why)}, 400)
        committed = {"boot": found.boot, "first_sequence": found.first_sequence, "last_sequence": found.last_sequence}
        return JSONResponse({"committed": committed})

    async def completeness(request: Request) -> Response:
        _admit(request, token)
        serial = request.path_params["serial"]
        return JSONResponse({"serial": serial, "boots": [asdict(one) for one in await entrance.completeness(serial)]})

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncGenerator[None]:
        yield
        await entrance.close()

    return Starlette(
        routes=[
            Route("/v1/units/{serial}/records", records, methods=["POST"]),
            Route("/v1/units/{serial}/completeness", completeness, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _said, sqlite3.Error: _stored_nothing, ClientDisconnect: _hung_up},
        lifespan=lifespan,
    )


def _admit(request: Request, token: str | None) -> None:
    """Raises HTTPException."""
    given = request.headers.get("authorization", "")
    if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise HTTPException(401, "wanted a token, met none or another one", {"WWW-Authenticate": "Bearer"})


async def _body(request: Request) -> bytes:
    """Raises HTTPException: it is too large, whatever its header says."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BYTES:
            raise HTTPException(413, f"wanted at most {LARGEST_BYTES} bytes, met more")
    return bytes(body)


async def _said(_request: Request, why: Exception) -> Response:
    status, headers = (why.status_code, why.headers) if isinstance(why, HTTPException) else (500, None)
    detail = why.detail if isinstance(why, HTTPException) else str(why)
    return JSONResponse({"refused": detail}, status, headers)


async def _stored_nothing(_request: Request, why: Exception) -> Response:
    _LOG.error("the store takes nothing: %s", why)
    return JSONResponse({"refused": "the store takes nothing now"}, 503, {"Retry-After": str(RETRY_AFTER_S)})


async def _hung_up(_request: Request, _why: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


def main(words: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was asked to stop."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-https", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", help="what units must bring")
    parser.add_argument("--certificate", type=Path, help="the server's; without it plain HTTP")
    parser.add_argument("--key", type=Path, help="of the certificate")
    parser.add_argument("--client-ca", type=Path, help="units must bring a certificate of this authority")
    asked = parser.parse_args(words)
    if asked.certificate is None and (asked.key is not None or asked.client_ca is not None):
        parser.error("--key and --client-ca want --certificate")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    configuration = uvicorn.Config(
        application(asked.store, asked.token),
        host=asked.host,
        port=asked.port,
        log_config=None,
        access_log=False,
        ws="none",
        ssl_certfile=asked.certificate,
        ssl_keyfile=asked.key,
        ssl_ca_certs=None if asked.client_ca is None else str(asked.client_ca),
        ssl_cert_reqs=ssl.CERT_NONE if asked.client_ca is None else ssl.CERT_REQUIRED,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(configuration)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    raise SystemExit(main())
