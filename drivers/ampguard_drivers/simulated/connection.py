"""A client's connection to a simulated board: one opened device, asked one thing at a time."""

from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path
from struct import Struct

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.protocol import LONGEST_PACKET, REPLY, REQUEST, Operation

PATIENCE_S = 2
"""A server that has not answered by then counts as lost; it answers in well under a millisecond."""
_PATIENCE = Struct("@ll").pack(PATIENCE_S, 0)
"""As the kernel takes it (struct timeval)."""


class Connection:
    """Speaks `protocol`. Several threads may use one."""

    def __init__(self, place: Path, connected: socket.socket) -> None:
        self._place = place
        self._socket = connected
        self._buffer = bytearray(LONGEST_PACKET)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, place: Path, device: str) -> Connection:
        """Connect to the board that listens at `place` and open a device. Raises BusFault naming the socket."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            # the kernel keeps the time limits: Python's own cost two more system calls for each question, and make
            # connecting fail at once when many do it at the same time
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                connected.setsockopt(socket.SOL_SOCKET, option, _PATIENCE)
            connected.connect(os.fspath(place))
            connection = cls(place, connected)
            connection.ask(Operation.OPEN, payload=device.encode())
        except OSError as error:
            connected.close()
            raise BusFault(f"{device} of the simulated board at {place} should open: {_reason(error)}") from error
        except BusFault:
            connected.close()
            raise
        return connection

    def ask(self, operation: Operation, argument: int = 0, code: int = 0, payload: bytes = b"") -> bytes:
        """The answer's payload. Raises OSError with the kernel's number if refused, BusFault if the server is lost."""
        with self._lock:
            self._send(operation, argument, code, payload)
            try:
                length = self._socket.recv_into(self._buffer)
            except OSError as error:
                raise self._lost(error) from error
            return self._payload(length)

    def ask_for_lines(self, code: int, payload: bytes) -> tuple[socket.socket, Connection]:
        """Request lines: the stream of their events and the connection that speaks for them. Raises as `ask` does."""
        with self._lock:
            self._send(Operation.IOCTL, 0, code, payload)
            try:
                answer, descriptors, _, _ = socket.recv_fds(self._socket, LONGEST_PACKET, 2)
            except OSError as error:
                raise self._lost(error) from error
            self._buffer[: len(answer)] = answer
            self._payload(len(answer))
            events, control = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        events.settimeout(0)
        return events, Connection(self._place, control)

    def close(self) -> None:
        """Let go; what was opened is closed at the other end."""
        self._socket.close()

    def _send(self, operation: Operation, argument: int, code: int, payload: bytes) -> None:
        try:
            self._socket.sendmsg([REQUEST.pack(operation, argument, code), payload], (), socket.MSG_NOSIGNAL)
        except OSError as error:
            raise self._lost(error) from error

    def _payload(self, length: int) -> bytes:
        if length < REPLY.size:
            raise self._lost(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))
        _result, number = REPLY.unpack_from(self._buffer)
        if number:
            raise OSError(number, os.strerror(number))
        return bytes(memoryview(self._buffer)[REPLY.size : length])

    def _lost(self, error: OSError) -> BusFault:
        # An answer that comes too late would be taken for the next one's: after a failure nothing more is said.
        self._socket.close()
        return BusFault(f"the simulated board at {self._place} should answer within {PATIENCE_S} s: {_reason(error)}")


def _reason(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return "timed out"
    return error.strerror or str(error) or type(error).__name__
