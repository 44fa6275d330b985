"""The relay between a guest's clients and a board outside: what a client meets is what it meets at the board itself."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.wire import contract
from tests.ampguard_drivers.wire.processes import ROOT, Runner, runner
from tests.ampguard_drivers.wire.relayed import PATIENCE_S, Relay, until
from tests.ampguard_drivers.wire.runner import Way

from ampguard_drivers.bus import Level
from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated import gpioabi
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_drivers.simulated.connection import Connection
from ampguard_drivers.simulated.gpioabi import LineFlag
from ampguard_drivers.simulated.protocol import BENCH_PATH, LONGEST_PACKET, REPLY, REQUEST, Operation
from ampguard_hil.wire.relay import FRAME, Kind, taken_apart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = [case.__name__ for case in (*contract.CASES, *contract.CLIENT_CASES)]
SIMPLE_CASE = contract.a_register_holds_what_was_written.__name__
OBSERVE = b'{"do": "observe"}'
BLOCKS = 190  # 3 s
ZEROS = bytes(FRAME.size + LONGEST_PACKET)
"""As many as a frame that was cut off may want."""


def frame(kind: Kind, channel: int, payload: bytes = b"") -> bytes:
    return FRAME.pack(kind, channel, len(payload)) + payload


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    relay = Relay(tmp_path_factory.mktemp("relay"))
    with relay.whole(), runner("client", relay.socket, relay.socket.parent) as found:
        yield found


@pytest.mark.parametrize("case", CASES)
def test_what_holds_at_the_board_holds_through_the_relay(client: Runner, case: str) -> None:
    failure = client.run(case)
    assert failure is None, failure


@pytest.mark.parametrize("case", [case.__name__ for case in contract.LAST_CASES])
def test_when_the_board_goes(case: str, tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    with relay.board_end(), relay.guest_end():
        assert not works(relay)
        with relay.served_board(), runner("client", relay.socket, tmp_path) as worker:
            failure = worker.run(case)
            assert failure is None, failure
        with relay.served_board(), runner("client", relay.socket, tmp_path) as worker:
            assert worker.run(SIMPLE_CASE) is None


@pytest.mark.system
def test_the_real_driver_streams_while_others_ask(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    server = ("ampguard_drivers.simulated.server", "--socket", str(relay.board), "--scenario", "steady")
    command = [sys.executable, "-m", "tests.ampguard_drivers.wire.streaming", "client", str(relay.socket), str(BLOCKS)]
    with relay.whole(*server), subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as driver:
        bench, way = BenchPanel(relay.socket), Way("client", relay.socket)
        with way.panel() as panel:
            while driver.poll() is None:
                for level in (Level.HIGH, Level.LOW):
                    panel.lights["logo"].drive(level)
                    assert ("logo" in bench.lit_lights()) is (level is Level.HIGH)
                time.sleep(0.01)
        bench.close()
        told = json.loads(driver.communicate()[0])
    assert told["shapes"] == [[128, 7]]
    assert told["gaps"] == []  # every missing sample is said to be missing
    assert told["samples"] == BLOCKS * 128 + told["lost"]
    assert told["corrupt_frames"] == 0


def works(relay: Relay) -> bool:
    """Whether a new client is served."""
    try:
        BenchPanel(relay.socket).close()
    except BusFault:
        return False
    return True


def is_told_to_be_lost(connection: Connection) -> bool:
    """Not only when nobody has answered for two seconds."""
    with pytest.raises(BusFault) as fault:
        connection.ask(Operation.BENCH, payload=OBSERVE)
    return "timed out" not in str(fault.value)


def test_a_lost_end_at_the_board_closes_all_and_a_new_one_is_found(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    with relay.served_board(), ExitStack() as first:
        end = first.enter_context(relay.board_end())
        with relay.guest_end():
            held = Connection.open(relay.socket, BENCH_PATH)
            end.kill()
            assert is_told_to_be_lost(held)
            assert not works(relay)
            with relay.board_end():
                until(lambda: works(relay))


def test_a_guest_that_starts_anew_leaves_no_line_held(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    with relay.served_board(), relay.board_end(), ExitStack() as before:
        with relay.guest_end():
            before.enter_context(held := Way("client", relay.socket).panel()).lights["logo"].drive(Level.HIGH)
            assert held
        with relay.guest_end(), Way("client", relay.socket).bench() as bench:
            until(lambda: bench.lit_lights() == frozenset())
            with Way("client", relay.socket).panel():
                pass


class FarEnd:
    """A guest as the end at the board meets it, byte by byte."""

    def __init__(self, port: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(os.fspath(port))
        self._heard = bytearray()
        self._frames: list[tuple[int, int, bytes]] = []

    def begin(self) -> None:
        """As `relay.c` does, until its number has come back."""
        mark = secrets.token_bytes(16)
        self.socket.sendall(ZEROS + frame(Kind.HELLO, 0, mark))
        while (at := self._heard.find(mark)) < 0:
            self._heard += self.socket.recv(1 << 16)
        del self._heard[: at + len(mark)]
        self._frames.clear()

    def hears(self) -> tuple[int, int, bytes]:
        while not self._frames:
            self._heard += self.socket.recv(1 << 16)
            self._frames += taken_apart(self._heard)
        return self._frames.pop(0)


@contextmanager
def far_end(relay: Relay) -> Iterator[FarEnd]:
    with relay.served_board(), relay.board_end():
        until(relay.port.exists)
        found = FarEnd(relay.port)
        with found.socket:
            found.begin()
            yield found


def question(operation: Operation, payload: bytes, code: int = 0) -> bytes:
    return REQUEST.pack(operation, 0, code) + payload


def test_what_a_guest_was_saying_when_it_was_reset_is_forgotten(tmp_path: Path) -> None:
    with far_end(Relay(tmp_path)) as guest:
        for cut in (1, FRAME.size - 1, FRAME.size, FRAME.size + 5):
            guest.socket.sendall(frame(Kind.OPEN, 1) + frame(Kind.PACKET, 1, bytes(4096))[:cut])
            guest.begin()
        guest.socket.sendall(frame(Kind.OPEN, 1))
        guest.socket.sendall(frame(Kind.PACKET, 1, question(Operation.OPEN, BENCH_PATH.encode())))
        assert guest.hears() == (Kind.PACKET, 1, REPLY.pack(0, 0))


def test_lines_that_a_guest_held_when_it_was_reset_are_free(tmp_path: Path) -> None:
    request = gpioabi.LineRequest((5,), "guest", gpioabi.LineConfig(LineFlag.INPUT))
    wanted = question(Operation.IOCTL, gpioabi.encode_request(request), gpioabi.Code.REQUEST_LINES)
    with far_end(Relay(tmp_path)) as guest:

        def are_given() -> bool:
            guest.socket.sendall(frame(Kind.PACKET, 1, wanted))
            return guest.hears()[0] == Kind.LINES

        for _ in range(2):
            guest.begin()
            guest.socket.sendall(frame(Kind.OPEN, 1))
            guest.socket.sendall(frame(Kind.PACKET, 1, question(Operation.OPEN, b"/dev/gpiochip0")))
            assert guest.hears() == (Kind.PACKET, 1, REPLY.pack(0, 0))
            until(are_given)  # the board sees the end of a connection a moment later
            assert not are_given()


def test_a_guest_that_does_not_read_is_waited_for_and_may_begin_anew(tmp_path: Path) -> None:
    with far_end(Relay(tmp_path)) as guest:
        guest.socket.sendall(frame(Kind.OPEN, 1))
        guest.socket.sendall(frame(Kind.PACKET, 1, question(Operation.OPEN, BENCH_PATH.encode())))
        for _ in range(20_000):
            guest.socket.sendall(frame(Kind.PACKET, 1, question(Operation.BENCH, OBSERVE)))
        guest.begin()


@pytest.mark.parametrize("before", [b"", b"\1", frame(Kind.PACKET, 1, bytes(300))[7:], frame(Kind.CLOSE, 1) * 3])
def test_what_was_meant_for_the_guest_before_is_not_heard(before: bytes, tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as stack:
        listener.bind(os.fspath(relay.port))
        listener.listen()
        guest = subprocess.Popen([relay.program, relay.port, relay.socket])
        stack.callback(guest.wait)
        stack.callback(guest.kill)
        port = stack.enter_context(listener.accept()[0])
        port.settimeout(PATIENCE_S)
        heard = bytearray()
        while not (said := taken_apart(heard)):
            heard += port.recv(1 << 16)
        ((kind, channel, mark),) = said
        assert (kind, channel, len(mark)) == (Kind.HELLO, 0, 16)
        port.sendall(before)
        time.sleep(0.1)
        assert not relay.socket.exists()
        port.sendall(frame(Kind.WELCOME, 0, mark))
        until(relay.socket.exists)


def test_a_port_that_goes_while_it_is_said_something_is_looked_for_again(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as stack:
        listener.bind(os.fspath(relay.port))
        listener.listen()
        listener.settimeout(PATIENCE_S)
        guest = subprocess.Popen([relay.program, relay.port, relay.socket])
        stack.callback(guest.wait)
        stack.callback(guest.kill)
        for _ in range(20):
            listener.accept()[0].close()
        assert guest.poll() is None


def test_frames_are_taken_apart_wherever_they_were_cut() -> None:
    said = [(Kind.OPEN, 7, b""), (Kind.PACKET, 7, b"\0" * 20), (Kind.CLOSE, 1 << 31, b"")]
    stream = b"\0\0" + b"".join(frame(*one) + b"\0" * 3 for one in said)
    for size in (1, 5, FRAME.size, 1000):
        heard, found = bytearray(), []
        for at in range(0, len(stream), size):
            heard += stream[at : at + size]
            found += taken_apart(heard)
        assert found == said
