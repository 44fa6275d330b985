"""The watchdog is fed as long as every door is answered at; a server that has died or hangs ends its process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from starlette.responses import PlainTextResponse

from ampguard.services import serving
from ampguard.services.serving import Serving, Unanswered
from ampguard.services.web_certificate import own
from ampguard.web.access import certificate

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

LOG = logging.getLogger("ampguard-web")


class Application:
    """Answers, until it hangs."""

    def __init__(self) -> None:
        self.hangs = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        await PlainTextResponse("here")(scope, receive, send)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BEAT_S", 0.02)
    monkeypatch.setattr(serving, "ANSWER_S", 1.0)
    monkeypatch.setattr(serving, "GRACE_S", 0.2)


@pytest.fixture
def watchdog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def fed(watchdog: socket.socket) -> int:
    """How often, since it was asked last."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while watchdog.recv(100) == b"WATCHDOG=1":
            count += 1
    return count


async def until_fed(watchdog: socket.socket) -> None:
    fed(watchdog)
    async with asyncio.timeout(20.0):
        while not fed(watchdog):  # noqa: ASYNC110 - it is another's socket
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def served(
    application: Application, context: ssl.SSLContext | None, address: str = "127.0.0.1"
) -> AsyncIterator[tuple[Serving, asyncio.Task[None]]]:
    """While it is served, and asked."""
    found = Serving(cast("FastAPI", application), LOG)
    with socket.create_server((address, 0)) as door:
        found.begin(door, context)
        proving = asyncio.create_task(found.prove())
        try:
            yield found, proving
        finally:
            proving.cancel()
            await asyncio.gather(proving, return_exceptions=True)
            await found.end()


@pytest.fixture(params=["http", "https"])
def context(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext | None:
    if request.param == "http":
        return None
    (tmp_path / "web.pem").write_bytes(own("2611000001G", datetime(2026, 1, 1, tzinfo=UTC)))
    return certificate.context(tmp_path / "web.pem")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_who_answers_is_proven(watchdog: socket.socket, context: ssl.SSLContext | None, address: str) -> None:
    async def scenario() -> None:
        async with served(Application(), context, address) as (_, proving):
            await until_fed(watchdog)
            await until_fed(watchdog)
            assert not proving.done()

    asyncio.run(scenario())


def test_one_that_hangs_ends_the_process(watchdog: socket.socket, context: ssl.SSLContext | None) -> None:
    async def scenario() -> None:
        application = Application()
        async with served(application, context) as (_, proving):
            await until_fed(watchdog)
            application.hangs = True
            with pytest.raises(Unanswered, match="nobody answers there"):
                await proving

    asyncio.run(scenario())


def test_nothing_is_fed_while_one_door_hangs(watchdog: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST_UNANSWERED", 10**6)
    monkeypatch.setattr(serving, "ANSWER_S", 0.1)

    async def scenario() -> None:
        application = Application()
        async with served(application, None) as (_, proving):
            await until_fed(watchdog)
            application.hangs = True
            await asyncio.sleep(0.3)
            fed(watchdog)
            await asyncio.sleep(0.3)
            assert fed(watchdog) == 0
            application.hangs = False
            await until_fed(watchdog)
            assert not proving.done()

    asyncio.run(scenario())


def test_a_door_that_was_closed_ends_the_process(watchdog: socket.socket) -> None:
    async def scenario() -> None:
        async with served(Application(), None) as (found, proving):
            await until_fed(watchdog)
            found._served[0].server.servers[0].close()
            with pytest.raises(Unanswered, match="nobody answers there"):
                await proving

    asyncio.run(scenario())


def test_a_server_that_ended_by_itself_ends_the_process(watchdog: socket.socket) -> None:
    async def scenario() -> None:
        async with served(Application(), None) as (found, proving):
            await until_fed(watchdog)
            found._served[0].server.should_exit = True
            with pytest.raises(Unanswered, match=r"has ended|nobody answers"):
                await proving

    asyncio.run(scenario())


def test_the_address_of_an_access_point_that_is_closed_is_asked_by_nobody() -> None:
    assert asyncio.run(serving.answers("192.0.2.1", 1, is_secured=False))
    assert not asyncio.run(serving.answers("127.0.0.1", 1, is_secured=False))
