"""Serving a simulated board over its socket: one thread that answers requests and lets the board's time pass."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ampguard_drivers.simulated.gpionode import CHIP_NAME, GpioChip, GpioNode
from ampguard_drivers.simulated.i2cnode import I2cNode
from ampguard_drivers.simulated.nodes import Answer, HeldLines, Node, Request, ServedBoard, refusal
from ampguard_drivers.simulated.protocol import BENCH_PATH, LONGEST_PACKET, REPLY, REQUEST, Operation
from ampguard_drivers.simulated.spinode import SpiNode

_LONGEST_REST_NS = 10_000_000
"""How long the board may lie still when nobody asks for anything; `run` looks at `stopped` that often at least."""
_SHORTEST_REST_NS = 500_000
"""However much the board has to do, requests and the rest of the machine get their time."""
_FRESH_NS = 125_000
"""A request is answered from a board that is at most this old: one sample."""
_BACKLOG = 128


@dataclass(slots=True, eq=False)
class _Client:
    socket: socket.socket
    node: Node | None = None


class BoardServer:
    """A board behind a socket. `run` owns the board: nothing else may touch it meanwhile."""

    def __init__(
        self, board: ServedBoard, bench: Node, path: Path, next_event_ns: Callable[[], int] | None = None
    ) -> None:
        """Listen at `path`; a socket that a dead server left behind is replaced. Raises OSError if one lives there.

        `next_event_ns` says when the board will change a line by itself, as far as is known now.
        """
        self._board = board
        chip = GpioChip(board)
        self._devices: Mapping[str, Callable[[], Node]] = {
            "/dev/spidev0.0": lambda: SpiNode(board),
            "/dev/i2c-1": lambda: I2cNode(board),
            f"/dev/{CHIP_NAME}": lambda: GpioNode(chip),
            BENCH_PATH: lambda: bench,
        }
        self._buffer = bytearray(LONGEST_PACKET)
        self._selector = selectors.DefaultSelector()
        self._path = path
        self._listener = _listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._alive_ns = 0
        self._next_event_ns = next_event_ns

    def run(self, stopped: Callable[[], bool]) -> None:
        """Serve until `stopped` says so."""
        while not stopped():
            due_ns = self._due_ns()
            ready = self._selector.select(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                self._live_until(now_ns)
            for key, _ in ready:
                if key.data is None:
                    self._accept()
                else:
                    self._serve(key.data)

    def close(self) -> None:
        """Stop listening and let all clients go."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Client):
                self._forget(key.data)
        self._selector.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _due_ns(self) -> int:
        """When the board must live on, asked for or not."""
        latest_ns = self._alive_ns + _LONGEST_REST_NS
        if self._next_event_ns is None:
            return latest_ns
        return min(latest_ns, max(self._next_event_ns(), self._alive_ns + _SHORTEST_REST_NS))

    def _live_until(self, now_ns: int) -> None:
        self._board.advance_to(now_ns)
        self._alive_ns = now_ns

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # gone again already
            accepted, _ = self._listener.accept()
            self._admit(_Client(accepted))

    def _admit(self, client: _Client) -> None:
        client.socket.settimeout(0)
        self._selector.register(client.socket, selectors.EVENT_READ, client)

    def _forget(self, client: _Client) -> None:
        self._selector.unregister(client.socket)
        client.socket.close()
        if client.node is not None:
            client.node.release()
            client.node = None

    def _serve(self, client: _Client) -> None:
        try:
            length = client.socket.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            length = 0
        if length < REQUEST.size:  # 0: closed; anything else is none of our packets
            self._forget(client)
            return
        answer, error = Answer(-1), 0
        try:
            answer = self._answer(client, length)
        except OSError as refused:
            error = refused.errno or errno.EIO
        try:
            packet = [REPLY.pack(answer.result, error), answer.payload]
            if answer.lines is None:
                client.socket.sendmsg(packet, (), socket.MSG_NOSIGNAL)
            else:
                self._hand_out(client, packet, answer.lines)
        except OSError:  # asked and went, or does not read its answers
            self._forget(client)

    def _answer(self, client: _Client, length: int) -> Answer:
        number, argument, code = REQUEST.unpack_from(self._buffer)
        payload = bytes(memoryview(self._buffer)[REQUEST.size : length])
        try:
            operation = Operation(number)
        except ValueError:
            raise refusal(errno.ENOSYS) from None
        if operation is Operation.OPEN:
            device = self._devices.get(payload.decode("utf-8", "replace"))
            if device is None or client.node is not None:
                raise refusal(errno.ENOENT)
            client.node = device()
            return Answer()
        if client.node is None:
            raise refusal(errno.EBADF)
        now_ns = time.monotonic_ns()
        if now_ns - self._alive_ns >= _FRESH_NS:
            self._live_until(now_ns)
        try:
            return client.node.answer(Request(operation, argument, code, payload))
        except struct.error:  # a structure of another size than the kernel's
            raise refusal(errno.EINVAL) from None

    def _hand_out(self, client: _Client, packet: list[bytes], lines: HeldLines) -> None:
        """Give the client a stream of events and a socket to speak for the lines."""
        events, their_events = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        control, their_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        events.settimeout(0)
        lines.events = events
        self._admit(_Client(control, lines))  # released with its socket, whatever happens to the answer
        with their_events, their_control:
            socket.send_fds(client.socket, packet, [their_events.fileno(), their_control.fileno()], socket.MSG_NOSIGNAL)


def _listen(path: Path) -> socket.socket:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        try:
            probe.connect(os.fspath(path))
        except FileNotFoundError:
            pass
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise OSError(errno.EADDRINUSE, "another simulated board listens there already", os.fspath(path))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        listener.bind(os.fspath(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.settimeout(0)
    return listener
