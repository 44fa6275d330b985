"""The latest, to whoever listens on this machine: packets over a Unix socket, one writer, many readers, lossy.

A reader that does not keep up loses packets and never delays the writer. What must not get lost is in the journal.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import Json

LONGEST_PACKET = 1 << 16
_BACKLOG = 16
_ROOM_BYTES = 1 << 19
"""For what a reader has not taken yet, as far as the kernel grants it (net.core.wmem_max): ten seconds of the meter's
feed, where what a socket has by default is full after five. Who guides an installer must not miss what he switches."""


class Publisher:
    """The writer's end. A socket file that a dead writer left behind is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._listener.bind(os.fspath(path))
        except OSError as why:
            self._listener.close()
            raise SetupError(f"{path}: cannot listen here: {why.strerror or why}") from why
        self._listener.listen(_BACKLOG)
        self._readers: list[socket.socket] = []
        self.dropped = 0
        """Packets that a slow reader did not get, or that were too long for any."""

    def publish(self, kind: str, body: Json) -> None:
        """Send to everybody who listens now."""
        self._admit()
        if not self._readers:
            return
        packet = json.dumps({"kind": kind, "body": body}, separators=(",", ":"), allow_nan=False).encode()
        if len(packet) > LONGEST_PACKET:
            self.dropped += len(self._readers)
            return
        for reader in tuple(self._readers):
            try:
                reader.send(packet, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self.dropped += 1
            except OSError:
                self._readers.remove(reader)
                reader.close()

    def close(self) -> None:
        """Stop; readers see the end and come back when there is a writer again."""
        for reader in self._readers:
            reader.close()
        self._readers.clear()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _admit(self) -> None:
        # nobody waits, or there are more readers than this process may have files: neither may stop the writer
        with contextlib.suppress(OSError):
            while True:
                reader, _ = self._listener.accept()
                reader.setblocking(False)  # noqa: FBT003 - the socket module's own signature
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM_BYTES)
                self._readers.append(reader)
