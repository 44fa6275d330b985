"""The live feed: to everybody who keeps up, never slowed by who does not, and back when the writer is back."""

from __future__ import annotations

import json
import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.live.publisher import Publisher


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "live.sock"


@pytest.fixture
def publisher(path: Path) -> Iterator[Publisher]:
    publisher = Publisher(path)
    yield publisher
    publisher.close()


def listener(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(2.0)
    connection.connect(os.fspath(path))
    return connection


def numbers(connection: socket.socket, count: int) -> list[int]:
    return [json.loads(connection.recv(1 << 16))["body"]["n"] for _ in range(count)]


def test_everybody_hears_everything_in_order(path: Path, publisher: Publisher) -> None:
    listeners = [listener(path) for _ in range(12)]
    for number in range(20):
        publisher.publish("reading", {"n": number})
    assert [numbers(one, 20) for one in listeners] == [list(range(20))] * 12
    assert publisher.dropped == 0
    for one in listeners:
        one.close()


def test_more_readers_than_can_wait_at_once_are_admitted(path: Path, publisher: Publisher) -> None:
    listeners = []
    for _ in range(5):
        listeners += [listener(path) for _ in range(16)]
        publisher.publish("reading", {"n": 0})
    publisher.publish("reading", {"n": 1})
    for one in listeners:
        assert numbers(one, 2)[0] == 0
        one.close()


def test_a_reader_that_a_busy_machine_lets_sleep_for_eight_seconds_hears_all_of_them(
    path: Path, publisher: Publisher
) -> None:
    """Five windows and some four other messages a second, of two kilobytes and less."""
    with listener(path) as sleeper:
        for number in range(8 * 9):
            publisher.publish("measurement", {"n": number, "values": "x" * 2000})
        assert publisher.dropped == 0
        assert numbers(sleeper, 8 * 9) == list(range(8 * 9))


def test_without_readers_nothing_happens(publisher: Publisher) -> None:
    publisher.publish("reading", {"n": 1})
    assert publisher.dropped == 0


def test_a_late_reader_hears_what_comes_then(path: Path, publisher: Publisher) -> None:
    publisher.publish("reading", {"n": 1})
    with listener(path) as late:
        publisher.publish("reading", {"n": 2})
        assert numbers(late, 1) == [2]


def test_a_slow_reader_loses_packets_and_delays_nobody(path: Path, publisher: Publisher) -> None:
    with listener(path) as slow, listener(path) as quick:
        began_s = time.monotonic()
        for number in range(5000):
            publisher.publish("measurement", {"n": number, "filling": "x" * 400})
            assert numbers(quick, 1) == [number]
        assert time.monotonic() - began_s < 3.0
        assert publisher.dropped > 4000
        got = numbers(slow, 5000 - publisher.dropped)
        assert got == list(range(len(got)))
        publisher.publish("measurement", {"n": -1})
        assert numbers(slow, 1) == [-1]


def test_a_reader_that_goes_is_forgotten(path: Path, publisher: Publisher) -> None:
    for _ in range(50):
        listener(path).close()
        publisher.publish("reading", {"n": 1})
        publisher.publish("reading", {"n": 2})
    assert publisher._readers == []
    assert publisher.dropped == 0


def test_readers_that_come_in_floods_do_not_stop_the_writer(path: Path, publisher: Publisher) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listener(path) as first:
        publisher.publish("reading", {"n": 1})
        held = [listener(path) for _ in range(8)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1].fileno() + 1, before[1]))
        try:
            publisher.publish("reading", {"n": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert numbers(first, 2) == [1, 2]
        for one in held:
            one.close()


def test_a_socket_file_left_behind_is_replaced(path: Path) -> None:
    dead = Publisher(path)
    dead._listener.close()
    assert path.exists()
    alive = Publisher(path)
    with listener(path) as one:
        alive.publish("reading", {"n": 3})
        assert numbers(one, 1) == [3]
    alive.close()
    assert not path.exists()


def test_a_place_that_cannot_be_is_the_owners_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "file" / "live.sock", tmp_path / "folder", tmp_path / ("x" * 120)):
        with pytest.raises(SetupError, match=r"cannot listen here: (?!None)"):
            Publisher(place)


def test_an_oversized_packet_does_not_cost_the_readers(path: Path, publisher: Publisher) -> None:
    with listener(path) as one:
        publisher.publish("reading", {"n": 1, "filling": "x" * 5_000_000})
        publisher.publish("reading", {"n": 2})
        assert numbers(one, 1) == [2]
