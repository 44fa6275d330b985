"""Whoever connects and does not ask keeps nobody out."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from ampguard.services import patience
from ampguard.services.patience import Patience
from ampguard.web.api.update import BUNDLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

MOST = 5
HEAD = b"POST / HTTP/1.1\r\nHost: unit\r\nContent-Length: 2\r\n\r\n"


def large(size: int, query: str = "") -> bytes:
    return f"PUT {BUNDLE}{query} HTTP/1.1\r\nHost: unit\r\nContent-Length: {size}\r\n\r\n".encode()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["query_string"] == b"slow":
        await asyncio.sleep(2.5)
    while scope["query_string"] != b"stranger" and (await receive()).get("more_body"):
        pass
    await PlainTextResponse("here")(scope, receive, send)


def served(scenario: Callable[[int], Awaitable[None]]) -> None:
    """While a server is there, at a port of this machine."""

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            config = uvicorn.Config(
                application, http=Patience, ws="none", lifespan="off", log_config=None, limit_concurrency=MOST
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([door]))
            async with asyncio.timeout(20.0):
                await scenario(door.getsockname()[1])
            server.should_exit = server.force_exit = True
            await serving

    asyncio.run(run())


async def asked(port: int, *pieces: bytes) -> bytes:
    """What comes back, until the other side hangs up, or enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read(12)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", HEAD + b"x"])
def test_many_who_ask_nothing_keep_nobody_out(begun: bytes) -> None:
    async def scenario(port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * MOST)]
        for _, writer in idle:
            writer.write(begun)
        for _ in range(3):
            assert await asked(port, HEAD + b"ok") == b"HTTP/1.1 200"
        for _, writer in idle:
            writer.close()

    served(scenario)


@pytest.mark.parametrize("begun", [b"", b"GET / HT", HEAD + b"x"])
def test_what_is_not_asked_in_time_is_not_waited_for(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_S", 0.2)

    async def scenario(port: int) -> None:
        assert await asked(port, begun) == b""

    served(scenario)


def test_a_second_request_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_S", 0.6)

    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(HEAD)
            await asyncio.sleep(0.3)
            writer.write(b"ok")
            assert b"here" in await reader.readuntil(b"here")
        writer.write(HEAD)
        assert await reader.read() == b""
        writer.close()

    served(scenario)


async def spoken(port: int, head: bytes, pieces: int, every_s: float) -> bytes:
    """What comes back in the end of a body that comes byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    try:
        for _ in range(pieces):
            await asyncio.sleep(every_s)
            writer.write(b"x")
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_a_large_request_has_its_time_for_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_S", 1.0)

    async def scenario(port: int) -> None:
        assert b"here" in await spoken(port, large(5), 5, 0.5)
        assert await spoken(port, large(5), 4, 0.1) == b"", "the rest never came"
        assert await spoken(port, HEAD.replace(b": 2", b": 5"), 5, 0.5) == b"", "a small one has it for all of it"

    served(scenario)


def test_who_is_refused_cannot_go_on_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_S", 1.0)

    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(large(1000, "?stranger"))
        assert b"here" in await reader.readuntil(b"here")
        for _ in range(40):
            await asyncio.sleep(0.1)
            if reader.at_eof() or reader.exception() is not None:
                break
            writer.write(b"x")
        else:
            pytest.fail("it is still listened to")
        writer.close()

    served(scenario)


def test_what_the_medium_is_too_slow_for_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_S", 1.0)
    body = bytes(8 << 20)

    async def scenario(port: int) -> None:
        assert await asked(port, large(len(body), "?slow"), body) == b"HTTP/1.1 200"

    served(scenario)


def test_an_upload_keeps_its_place() -> None:
    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(large(2) + b"x")
        await asyncio.sleep(0.2)
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * MOST)]
        assert await asked(port, HEAD + b"ok") == b"HTTP/1.1 200"
        writer.write(b"x")
        assert await reader.read(12) == b"HTTP/1.1 200"
        for _, one in (*idle, (reader, writer)):
            one.close()

    served(scenario)
