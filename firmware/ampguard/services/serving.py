"""The web's servers, one for each door, and the proof that each still answers: a question of our own, as anybody asks.

A server that has ended, or whose door is open and where nobody answers, ends the process: whoever started it starts it
again. Until then no watchdog is fed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from ampguard.services.notify import notify
from ampguard.services.patience import Patience
from ampguard.services.seldom import Seldom

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator

    from fastapi import FastAPI

BEAT_S = 5.0
"""Between two rounds of questions."""
ANSWER_S = 10.0
"""A small Pi that makes a report at the same time answers within a second."""
MOST_UNANSWERED = 3
"""In a row, of one door."""
GRACE_S = 2
"""For requests that are under way when it is asked to stop."""
MOST_CONNECTIONS = 200
_QUESTION = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""Nobody is signed in: refused, wherever it comes from, and without a look at any medium."""
_ANSWER = b"HTTP/1.1 "


class Unanswered(Exception):
    """A door of ours where nobody answers."""


class Server(uvicorn.Server):
    """One of several in a process: signals are the process's affair."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """None."""
        yield


@dataclass(slots=True, eq=False)
class _Served:
    """One door, and who serves there."""

    address: str
    port: int
    is_secured: bool
    server: Server
    serving: asyncio.Task[None]
    unanswered: int = 0
    """In a row."""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class Serving:
    """All servers of the process."""

    def __init__(self, application: FastAPI, logger: logging.Logger) -> None:
        self._application = application
        self._log = logger
        self._served: list[_Served] = []
        self._seldom = Seldom("uvicorn.error", logger)

    def begin(self, door: socket.socket, secured: ssl.SSLContext | None) -> None:
        """Serve at this door, too."""
        config = _config(self._application)
        config.load()
        config.ssl = secured
        server = Server(config)
        address, port = door.getsockname()[:2]
        served = _Served(address, port, secured is not None, server, asyncio.create_task(server.serve([door])))
        self._served.append(served)
        self._log.info("listening on %s", served)

    async def prove(self) -> None:
        """For ever, as long as all answer. Raises Unanswered."""
        while True:
            if await self._all_answer():
                notify("WATCHDOG=1")
            self._seldom.settle()
            await asyncio.sleep(BEAT_S)

    async def end(self) -> None:
        """In order; what hangs is cancelled."""
        serving = [one.serving for one in self._served]
        for one in self._served:
            one.server.should_exit = True
        if serving:
            _, hanging = await asyncio.wait(serving, timeout=2 * GRACE_S)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
        self._seldom.end()

    async def _all_answer(self) -> bool:
        for one in tuple(self._served):
            if one.serving.done():
                raise Unanswered(f"{one}: its server has ended: {one.serving.exception()}")
            if await answers(one.address, one.port, is_secured=one.is_secured):
                one.unanswered = 0
                continue
            one.unanswered += 1
            self._log.warning("%s: no answer, %d of %d", one, one.unanswered, MOST_UNANSWERED)
            if one.unanswered >= MOST_UNANSWERED:
                raise Unanswered(f"{one}: open, and nobody answers there")
        return not any(one.unanswered for one in self._served)


async def answers(address: str, port: int, *, is_secured: bool) -> bool:
    """Whether somebody answers there in time; also where the unit does not have its address now: nobody can ask."""
    where = _own(address)
    if where is None:
        return True
    secured = _trusting() if is_secured else None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(where, port, ssl=secured)
            try:
                writer.write(_QUESTION)
                return await reader.readexactly(len(_ANSWER)) == _ANSWER
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):  # TLS's faults are OSErrors
        return False


def _own(address: str) -> str | None:
    """Where a door is asked from inside; None: its address is not the unit's now, as that of a closed access point."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.is_unspecified:
        return "127.0.0.1" if found.version == 4 else "::1"  # noqa: PLR2004 - of the Internet Protocol
    family = socket.AF_INET if found.version == 4 else socket.AF_INET6  # noqa: PLR2004 - likewise
    with socket.socket(family, socket.SOCK_DGRAM) as asker:
        try:
            asker.connect((address, 9))  # nothing is sent: it says only from where it would be
        except OSError:
            return None
        return address if asker.getsockname()[0] == address else None


def _trusting() -> ssl.SSLContext:
    """It is asked whether it answers, not who it is."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def _config(application: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Patience,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
    )
