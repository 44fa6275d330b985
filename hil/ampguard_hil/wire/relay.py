"""The board's end of a relay: what clients in an emulated guest ask reaches the board that runs on this machine.

`python -m ampguard_hil.wire.relay --socket PATH --board PATH` listens where QEMU connects the guest's serial port to,
and speaks there with `relay.c`, which says what the frames are. Each channel of the guest is a connection to the board
of its own. SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import logging
import os
import selectors
import socket
import sys
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.gpioabi import LINE_EVENT
from ampguard_drivers.simulated.protocol import LONGEST_PACKET

if TYPE_CHECKING:
    from collections.abc import Sequence

FRAME = Struct("<III")
"""Kind, channel, length of what follows."""
_LINES = Struct("<II")
"""Channels of an answer's two descriptors: events, and the socket that speaks for the lines."""
_FIRST_OWN_CHANNEL = 1 << 31
"""The guest counts its own from 1."""
_EVENTS_AT_ONCE = 64
"""The other end passes them on in one piece, or not at all."""
_LOG = logging.getLogger("ampguard_hil.wire.relay")


class Kind(IntEnum):
    """What a frame is."""

    HELLO = 1
    """Of the guest, which begins anew: a number of chance."""
    WELCOME = 2
    """That number."""
    OPEN = 3
    """A client has connected."""
    PACKET = 4
    LINES = 5
    """An answer that hands over descriptors: their channels, then the answer."""
    CLOSE = 6
    """One end is gone."""


def taken_apart(heard: bytearray) -> list[tuple[int, int, bytes]]:
    """Kind, channel and payload of the frames that have come whole, which are taken away."""
    found: list[tuple[int, int, bytes]] = []
    at = 0
    while True:
        while at < len(heard) and heard[at] == 0:  # no frame begins so
            at += 1
        if len(heard) - at < FRAME.size:
            break
        kind, channel, length = FRAME.unpack_from(heard, at)
        end = at + FRAME.size + length
        if len(heard) < end:
            break
        found.append((kind, channel, bytes(heard[at + FRAME.size : end])))
        at = end
    del heard[:at]
    return found


class Guest:
    """One guest from power on to power off, and its channels to the board."""

    def __init__(self, port: socket.socket, board: Path, selector: selectors.BaseSelector) -> None:
        self._port, self._board, self._selector = port, board, selector
        self._channels: dict[int, socket.socket] = {}
        self._next_own = _FIRST_OWN_CHANNEL
        self._heard = bytearray()
        self._waiting = bytearray()
        self._is_behind = False
        """The guest does not take what it gets: what comes from the board is left there."""
        port.settimeout(0)
        selector.register(port, selectors.EVENT_READ, self._port_is_ready)

    def close(self) -> None:
        """The board sees its clients go."""
        self._forget_channels()
        if self._port.fileno() >= 0:
            self._selector.unregister(self._port)
            self._port.close()

    def _port_is_ready(self) -> None:
        self._flush()
        try:
            came = self._port.recv(LONGEST_PACKET)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        if not came:
            _LOG.info("the guest has no power any more")
            self.close()
            return
        self._heard += came
        for kind, channel, payload in taken_apart(self._heard):
            self._take(kind, channel, payload)

    def _take(self, kind: int, channel: int, payload: bytes) -> None:
        match kind:
            case Kind.HELLO:
                _LOG.info("the guest begins")
                self._forget_channels()
                self._waiting.clear()  # was for the one before
                self._say(Kind.WELCOME, 0, payload)
            case Kind.OPEN:
                self._open(channel)
            case Kind.PACKET:
                self._ask(channel, payload)
            case Kind.CLOSE:
                self._drop(channel)
            case _:
                _LOG.warning("the guest says %d, which is no frame", kind)

    def _open(self, channel: int) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(os.fspath(self._board))
        except OSError as error:
            _LOG.warning("no board at %s: %s", self._board, error.strerror)
            connection.close()
            self._say(Kind.CLOSE, channel)
        else:
            self._add(channel, connection)

    def _ask(self, channel: int, packet: bytes) -> None:
        connection = self._channels.get(channel)
        if connection is None:  # it went meanwhile, which the guest has been told
            return
        try:
            connection.sendmsg([packet], (), socket.MSG_NOSIGNAL)
        except OSError:
            self._lose(channel)

    def _answer(self, channel: int) -> None:
        """Of the board, or events."""
        connection = self._channels[channel]
        is_stream = connection.type == socket.SOCK_STREAM
        length = _EVENTS_AT_ONCE * LINE_EVENT.size if is_stream else LONGEST_PACKET
        try:
            answer, descriptors, _, _ = socket.recv_fds(connection, length, 2)
        except BlockingIOError:
            return
        except OSError:
            answer, descriptors = b"", []
        if not answer:
            self._lose(channel)
        elif descriptors:
            given = [self._own(socket.socket(fileno=one)) for one in descriptors]
            self._say(Kind.LINES, channel, _LINES.pack(*given) + answer)
        else:
            self._say(Kind.PACKET, channel, answer)

    def _own(self, connection: socket.socket) -> int:
        channel = self._next_own
        self._next_own += 1
        self._add(channel, connection)
        return channel

    def _add(self, channel: int, connection: socket.socket) -> None:
        connection.settimeout(0)
        self._channels[channel] = connection
        if not self._is_behind:
            self._watch(channel)

    def _watch(self, channel: int) -> None:
        self._selector.register(self._channels[channel], selectors.EVENT_READ, lambda: self._board_is_ready(channel))

    def _board_is_ready(self, channel: int) -> None:
        if channel in self._channels and not self._is_behind:  # else something that was ready with it has changed that
            self._answer(channel)

    def _lose(self, channel: int) -> None:
        self._drop(channel)
        self._say(Kind.CLOSE, channel)

    def _drop(self, channel: int) -> None:
        connection = self._channels.pop(channel, None)
        if connection is not None:
            if not self._is_behind:
                self._selector.unregister(connection)
            connection.close()

    def _forget_channels(self) -> None:
        for channel in list(self._channels):
            self._drop(channel)

    def _say(self, kind: Kind, channel: int, payload: bytes = b"") -> None:
        self._waiting += FRAME.pack(kind, channel, len(payload)) + payload
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: self._port.send(self._waiting, socket.MSG_NOSIGNAL)]
        except BlockingIOError:
            pass
        except OSError:  # its end is noticed where it is heard
            self._waiting.clear()
        if bool(self._waiting) is self._is_behind:
            return
        self._is_behind = not self._is_behind
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._is_behind else 0)
        self._selector.modify(self._port, events, self._port_is_ready)
        for channel, connection in self._channels.items():
            if self._is_behind:
                self._selector.unregister(connection)
            else:
                self._watch(channel)


def run(listener: socket.socket, board: Path) -> None:
    """One guest after the other: where a new one has power the one before has none."""
    guest: Guest | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not listener:
                    key.data()
                    continue
                if guest is not None:
                    guest.close()
                guest = Guest(listener.accept()[0], board, selector)


def main(arguments: Sequence[str] | None = None) -> int:
    """Pass on until a signal ends it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.wire.relay", description="A board for a guest.")
    parser.add_argument("--socket", type=Path, required=True, help="where to listen for the guest's serial port")
    parser.add_argument("--board", type=Path, required=True, help="where the simulated board listens")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    place: Path = chosen.socket
    part = place.with_name(f"{place.name}.part")
    part.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(part))
        listener.listen()
        part.replace(place)  # whoever finds it is listened to
        run(listener, chosen.board)
    return 0


if __name__ == "__main__":
    sys.exit(main())
