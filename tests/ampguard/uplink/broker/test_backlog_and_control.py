"""A backlog on its way over a slow link does not hold back what is urgent: told by order, not by time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto
from tests.ampguard.uplink.side import PATIENCE_S, Heard, Side, filled, unit

from ampguard import block
from ampguard.live.subscriber import Message
from ampguard.uplink import message
from ampguard.uplink.broker import tobroker
from ampguard.uplink.broker.client import IN_FLIGHT
from ampguard.uplink.broker.gate import FEWEST, MOST, Gate
from ampguard.uplink.lanes.lane import WINDOW
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    import pytest
    from paho.mqtt.client import Client, MQTTMessage

BYTES_A_SECOND = 12_000
SIP = 400
BLOCKS = 120
FEW = 8
"""Blocks that may come before an answer: well below what the lane keeps under way."""


@contextlib.asynccontextmanager
async def slow_link(port: int) -> AsyncIterator[int]:
    """A way to the broker that carries little from the unit and holds nothing in between; back it is quick."""
    loop = asyncio.get_running_loop()
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    server.bind((HOST, 0))
    server.listen()
    server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    tasks: set[asyncio.Task[None]] = set()
    ends: list[socket.socket] = [server]

    async def carry(source: socket.socket, sink: socket.socket, sip: int, bytes_a_second: float) -> None:
        with contextlib.suppress(OSError):
            while sipped := await loop.sock_recv(source, sip):
                await asyncio.sleep(len(sipped) / bytes_a_second)
                await loop.sock_sendall(sink, sipped)
            sink.shutdown(socket.SHUT_WR)

    async def serve() -> None:
        while True:
            near, _ = await loop.sock_accept(server)
            far = socket.create_connection((HOST, port))
            ends.extend((near, far))
            for one in (near, far):
                one.setblocking(False)  # noqa: FBT003 - the socket module's own signature
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tasks.add(asyncio.create_task(carry(near, far, SIP, BYTES_A_SECOND)))
            tasks.add(asyncio.create_task(carry(far, near, 65536, 1e9)))

    serving = asyncio.create_task(serve())
    try:
        yield server.getsockname()[1]
    finally:
        for task in (serving, *tasks):
            task.cancel()
        await asyncio.gather(serving, *tasks, return_exceptions=True)
        for one in ends:
            one.close()


def commits(side: Side) -> None:
    """Every block is committed as soon as it comes."""

    def take(client: Client, _data: object, one: MQTTMessage) -> None:
        side.heard.append(Heard(one.topic.removeprefix("ampguard/AG1/"), bytes(one.payload), one.retain, None))
        if one.topic.endswith("/records"):
            numbers = [int(str(body["sequence"])) for body in block.decoded(bytes(one.payload))]
            payload = message.acknowledged("boot", numbers[0], numbers[-1])
            client.publish("ampguard/AG1/acknowledged", payload, 1)

    side.client.on_message = take


def blocks_before(side: Side, lane: str, since: int) -> int:
    """How many blocks the other side got from a place on before something else."""
    found = list(side.heard[since:])
    at = next(index for index, one in enumerate(found) if one.topic == lane)
    return len([one for one in found[:at] if one.topic == "records"])


@needs_mosquitto
def test_answers_overtake_a_backlog_on_a_slow_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tobroker, "LAST_WORDS_S", 0.1)
    asked = ["response/ping", "response/explode", "live"]

    async def scenario(port: int) -> list[int]:
        side = Side(port)
        commits(side)
        found: list[int] = []
        try:
            async with slow_link(port) as near, unit(filled(tmp_path, BLOCKS), near) as going:
                for number, lane in enumerate(asked):
                    await side.until("records", 20 + 15 * number)
                    since = len(side.heard)
                    match lane:
                        case "live":
                            going.hear(Message("reading", {"interval": "1s"}))
                        case _:
                            side.ask(lane.partition("/")[2], f"c{number}")
                    await side.until(lane)
                    found.append(blocks_before(side, lane, since))
                assert len(side.of("records")) < BLOCKS, "the backlog is not through yet"
        finally:
            side.close()
        return found

    port = free_port()
    with broker(tmp_path, port):
        found = asyncio.run(scenario(port))
    print(f"blocks before an answer: {found}; the lane keeps {WINDOW} under way")  # noqa: T201 - the figure
    assert max(found) <= FEW < WINDOW


# ---------------------------------------------------------------- the gate alone


def went(gate: Gate, took_s: float, count: int) -> None:
    """So many blocks, one after the other, each acknowledged after a time."""

    async def run() -> None:
        for _ in range(count):
            ticket = await gate.enter()
            gate.leave(ticket, ticket.sent_s + took_s)

    asyncio.run(run())


def test_a_quick_way_is_filled_and_a_queue_makes_it_narrow_again() -> None:
    gate = Gate(IN_FLIGHT)
    assert gate.width == FEWEST
    went(gate, 0.02, MOST)
    assert gate.width == MOST
    went(gate, 0.5, 1)
    assert gate.width == MOST // 2
    went(gate, 0.5, 10)
    assert gate.width == FEWEST
    went(gate, 0.02, 3)
    assert gate.width == FEWEST + 3


def test_blocks_that_queued_up_together_make_it_narrow_once() -> None:
    async def run() -> None:
        gate = Gate(IN_FLIGHT)
        for _ in range(MOST):
            ticket = await gate.enter()
            gate.leave(ticket, ticket.sent_s + 0.02)
        together = [await gate.enter() for _ in range(MOST)]
        for ticket in together:
            gate.leave(ticket, ticket.sent_s + 1.0)
        assert gate.width == MOST // 2

    asyncio.run(run())


def test_who_waits_goes_on_when_one_leaves_also_without_an_acknowledgement() -> None:
    async def run() -> None:
        gate = Gate(IN_FLIGHT)
        first, _second = [await gate.enter() for _ in range(FEWEST)]
        waiting = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        assert not waiting.done()
        gate.leave(first, None)
        async with asyncio.timeout(PATIENCE_S):
            await waiting
        assert gate.width == FEWEST, "nothing was learnt"

    asyncio.run(run())


def test_the_gate_leaves_room_for_what_is_no_block() -> None:
    assert MOST < IN_FLIGHT
    gate = Gate(10)
    went(gate, 0.01, 30)
    assert gate.width == 6
    gate = Gate(1)
    went(gate, 0.01, 30)
    went(gate, 5.0, 2)
    assert gate.width == 1, "there is none to spare"
