from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.wire.contract import header
from tests.ampguard_drivers.wire.memoryboard import END
from tests.ampguard_drivers.wire.processes import served

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_drivers.simulated.connection import Connection
from ampguard_drivers.simulated.gpioabi import Code
from ampguard_drivers.simulated.protocol import BENCH_PATH, REPLY, REQUEST, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEVICES = ("/dev/spidev0.0", "/dev/i2c-1", "/dev/gpiochip0", BENCH_PATH)
OPERATIONS = st.one_of(st.sampled_from(list(Operation)).map(int), st.integers(0, 2**32 - 1))
CODES = st.one_of(st.sampled_from(list(Code)).map(int), st.integers(0, 2**64 - 1))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("wire") / "board.sock"
    with served(["-m", "tests.ampguard_drivers.wire.serve", str(path)], path):
        yield path


def answers(place: Path) -> bool:
    panel = BenchPanel(place)
    try:
        return "lit" in panel.observe()
    finally:
        panel.close()


@settings(deadline=None)
@given(
    st.sampled_from(DEVICES),
    st.lists(st.tuples(OPERATIONS, st.integers(0, 2**32 - 1), CODES, st.binary(max_size=600)), max_size=5),
)
def test_no_packet_ends_the_server(place: Path, device: str, packets: list[tuple[int, int, int, bytes]]) -> None:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with connected:
        connected.connect(str(place))
        connected.settimeout(10.0)
        connected.send(REQUEST.pack(Operation.OPEN, 0, 0) + device.encode())
        assert REPLY.unpack(connected.recv(100)) == (0, 0)
        for operation, argument, code, payload in packets:
            if header(END, reads=False) in payload:
                continue  # the one word that does end it
            connected.send(REQUEST.pack(operation, argument, code) + payload)
            result, error = REPLY.unpack_from(connected.recv(1 << 17))
            assert (result < 0) == (error != 0)
    assert answers(place)


@pytest.mark.parametrize("packet", [b"", b"x", b"0123456789abcde"])
def test_who_speaks_another_protocol_is_let_go(place: Path, packet: bytes) -> None:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with connected:
        connected.connect(str(place))
        connected.settimeout(10.0)
        connected.send(packet)
        assert connected.recv(100) == b""
    assert answers(place)


def test_what_is_not_on_the_board_does_not_open(place: Path) -> None:
    with pytest.raises(BusFault, match=r"/dev/spidev7\.7 of the simulated board at .*board\.sock should open"):
        Connection.open(place, "/dev/spidev7.7")


def test_who_asks_and_goes_disturbs_nobody(place: Path) -> None:
    for _ in range(50):
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with connected:
            connected.connect(str(place))
            connected.send(REQUEST.pack(Operation.OPEN, 0, 0) + b"/dev/spidev0.0")
            connected.send(REQUEST.pack(Operation.READ, 4096, 0))
    assert answers(place)


def test_a_board_that_is_not_there_is_named_with_its_socket(tmp_path: Path) -> None:
    with pytest.raises(BusFault, match=r"none\.sock should open: No such file"):
        BenchPanel(tmp_path / "none.sock")
