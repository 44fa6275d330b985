"""The sockets where `ampguard-web` is reached: handed over by systemd, or named on the command line."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FIRST = 3
"""The first socket that systemd hands over (sd_listen_fds(3))."""
_BACKLOG = 64
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Doors:
    """Listening already."""

    http: tuple[socket.socket, ...]
    https: tuple[socket.socket, ...]

    @property
    def https_port(self) -> int | None:
        """Where HTTPS is served; None where it is not."""
        return self.https[0].getsockname()[1] if self.https else None


def handed_over(environment: Mapping[str, str]) -> Doors | None:
    """By systemd, named "http" and "https" (FileDescriptorName=); None where there are none."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return None
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {"http": [], "https": []}
    for number, name in enumerate(names[: int(environment.get("LISTEN_FDS", "0"))]):
        if name not in found:
            raise SetupError(f"wanted sockets named http or https from systemd, met {name!r}")
        found[name].append(socket.socket(fileno=_FIRST + number))
    return Doors(tuple(found["http"]), tuple(found["https"]))


def opened(http: Iterable[str], https: Iterable[str]) -> Doors:
    """At addresses such as 127.0.0.1:8080 or [::1]:8080. Raises SetupError."""
    return Doors(tuple(_opened(one) for one in http), tuple(_opened(one) for one in https))


def _opened(where: str) -> socket.socket:
    host, colon, port = where.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise SetupError(f"wanted an address with a port, as in 127.0.0.1:8080, met {where!r}")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host.strip("[]"), int(port)))
        door.listen(_BACKLOG)
    except OSError as why:
        door.close()
        raise SetupError(f"{where}: cannot listen here: {why.strerror or why}") from why
    return door
