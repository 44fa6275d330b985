"""Ports of this machine: which are free, and where somebody answers."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
PORTS = range(20000, 32000)
"""Below those that Linux gives to outgoing connections: nobody gets one while the one who listens there is dead."""


class PortError(Exception):
    """No port can be had."""


def free_port() -> int:
    """At which nobody listens. Raises PortError."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, port))
            return port
    raise PortError(f"wanted a free port from {PORTS.start} to {PORTS.stop - 1}, met none")


def free_ports(count: int) -> list[int]:
    """All different. Raises PortError."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def answers(port: int) -> bool:
    """Whether something takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
        return True
    return False


def listens(place: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether somebody answers at that socket: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX, kind) as caller, contextlib.suppress(OSError):
        caller.connect(str(place))
        return True
    return False
