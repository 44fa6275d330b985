"""What anybody on the network can have the log say is told once in a while, with how often it came."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn

from ampguard.services.patience import Patience
from ampguard.services.seldom import WINDOW_S, Seldom

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

NAME = "uvicorn.error"
LOG = logging.getLogger("ampguard-web")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seldom(clock: Clock) -> Iterator[Seldom]:
    found = Seldom(NAME, LOG, clock)
    yield found
    found.end()


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError(f"nobody asks: {scope} {receive} {send}")


async def nonsense(times: int) -> None:
    """As somebody sends it who wants to fill a log."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(nothing, http=Patience, ws="none", lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([door]))
        for _ in range(times):
            reader, writer = await asyncio.open_connection(*door.getsockname()[:2])
            writer.write(b"no HTTP\r\n\r\n")
            assert b" 400 " in await reader.read()
            writer.close()
        server.should_exit = server.force_exit = True
        await serving


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_a_flood_of_nonsense_is_told_once_and_then_counted(
    seldom: Seldom, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(nonsense(20))
    assert warnings(caplog) == ["Invalid HTTP request received."]
    seldom.settle()
    clock.now_s += WINDOW_S
    seldom.settle()
    assert warnings(caplog)[1:] == [f"19 more within {WINDOW_S:.0f} s: Invalid HTTP request received."]
    asyncio.run(nonsense(1))
    assert len(warnings(caplog)) == 3
    clock.now_s += WINDOW_S
    seldom.settle()
    assert len(warnings(caplog)) == 3


def test_what_was_left_out_is_told_at_the_end(seldom: Seldom, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(nonsense(3))
    seldom.end()
    assert warnings(caplog)[1:] == ["2 more within 0 s: Invalid HTTP request received."]
    logging.getLogger(NAME).warning("as before")
    logging.getLogger(NAME).warning("as before")
    assert warnings(caplog)[2:] == ["as before"] * 2


def test_errors_and_other_warnings_pass(seldom: Seldom, caplog: pytest.LogCaptureFixture) -> None:
    library = logging.getLogger(NAME)
    for _ in range(3):
        library.error("a defect")
    library.warning("one")
    library.warning("another")
    assert [one.getMessage() for one in caplog.records] == ["a defect"] * 3 + ["one", "another"]
    assert seldom in library.filters
