"""The reading end of the live feed: it comes back by itself, and garbage does not stop it."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Message, Subscriber, _decoded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "live.sock"


@pytest.fixture
def publisher(path: Path) -> Iterator[Publisher]:
    publisher = Publisher(path)
    yield publisher
    publisher.close()


async def heard(
    messages: AsyncIterator[Message | None], enough: Callable[[Message | None], bool]
) -> list[Message | None]:
    found: list[Message | None] = []
    async with asyncio.timeout(4.0):
        async for message in messages:
            found.append(message)
            if enough(message):
                break
    return found


async def publishing(publisher: Publisher, body: dict[str, int]) -> None:
    while True:
        publisher.publish("reading", dict(body))
        await asyncio.sleep(0.01)


def test_a_subscriber_hears_messages(path: Path, publisher: Publisher) -> None:
    async def scenario() -> list[Message | None]:
        task = asyncio.create_task(publishing(publisher, {"n": 5}))
        try:
            return await heard(Subscriber(path).messages(), lambda message: message is not None)
        finally:
            task.cancel()

    assert asyncio.run(scenario())[-1] == Message("reading", {"n": 5})


def test_no_writer_is_said_again_and_again(path: Path) -> None:
    async def scenario() -> tuple[int, float]:
        began_s, count = time.monotonic(), 0
        async for message in Subscriber(path).messages():
            assert message is None
            count += 1
            if count == 4:
                break
        return count, time.monotonic() - began_s

    count, took_s = asyncio.run(scenario())
    assert count == 4
    assert 0.5 < took_s < 2.0


@pytest.mark.parametrize("tidily", [True, False])
def test_a_subscriber_comes_back_with_the_writer(path: Path, *, tidily: bool) -> None:
    async def scenario() -> list[int]:
        found: list[int] = []
        messages = Subscriber(path).messages()
        for number in range(3):
            publisher = Publisher(path)
            task = asyncio.create_task(publishing(publisher, {"n": number}))
            await heard(messages_until(messages, number, found), lambda message: message is not None)
            task.cancel()
            if tidily:
                publisher.close()
            else:  # as the kernel does it for a killed process
                publisher._listener.close()
                for reader in publisher._readers:
                    reader.close()
        return found

    async def messages_until(
        messages: AsyncIterator[Message | None], number: int, found: list[int]
    ) -> AsyncIterator[Message | None]:
        async for message in messages:
            if message is not None and message.body["n"] == number:
                found.append(number)
                yield message
                return

    assert asyncio.run(scenario()) == [0, 1, 2]


GARBAGE = [b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b'{"kind": 1, "body": {}}', b'{"kind": "a"}']
GARBAGE += [b'{"kind": "a", "body": []}', b"[" * 60_000, b"9" * 60_000, b'{"a":' * 10_000, b" "]


def test_garbage_packets_are_ignored(path: Path) -> None:
    async def scenario() -> list[Message | None]:
        path.parent.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as writer:
            writer.bind(os.fspath(path))
            writer.listen()
            loop = asyncio.get_running_loop()
            writer.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            task = asyncio.create_task(heard(Subscriber(path).messages(), lambda message: message is not None))
            connection, _ = await loop.sock_accept(writer)
            with connection:
                for packet in (*GARBAGE, b'{"kind": "reading", "body": {"n": 1}}'):
                    await loop.sock_sendall(connection, packet)
                return await task

    assert asyncio.run(scenario()) == [Message("reading", {"n": 1})]


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_packet_is_an_exception(packet: bytes) -> None:
    assert _decoded(packet) is None or isinstance(_decoded(packet), Message)


def test_a_writer_that_hangs_counts_as_gone_until_it_goes_on(path: Path, publisher: Publisher) -> None:
    async def scenario() -> list[Message | None]:
        messages = Subscriber(path, 0.1).messages()
        found = await heard(messages, lambda message: message is None)
        publisher.publish("reading", {"n": 1})
        return found + await heard(messages, lambda message: message is not None)

    found = asyncio.run(scenario())
    assert found[0] is None
    assert found[-1] == Message("reading", {"n": 1})


def test_a_process_that_may_open_no_more_files_waits(path: Path, publisher: Publisher) -> None:
    async def scenario() -> Message | None:
        messages = Subscriber(path).messages()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            assert await heard(messages, lambda _: True) == [None]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        task = asyncio.create_task(publishing(publisher, {"n": 5}))
        found = await heard(messages, lambda message: message is not None)
        task.cancel()
        return found[-1]

    assert asyncio.run(scenario()) == Message("reading", {"n": 5})
