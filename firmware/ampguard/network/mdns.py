"""The unit's name in its network: which it is, and asking avahi to say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.network import bus
from ampguard.network.values import text

if TYPE_CHECKING:
    from ampguard.network.bus import Bus, Signal

AVAHI = "org.freedesktop.Avahi"
_SERVER, _GROUP = f"{AVAHI}.Server", f"{AVAHI}.EntryGroup"
_ANY = -1
"""AVAHI_IF_UNSPEC and AVAHI_PROTO_UNSPEC: on all interfaces, IPv4 and IPv6."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def host_name(serial: str) -> str:
    """The host's name of a unit, without its domain: what the image sets. Raises SetupError."""
    name = f"ampguard-{serial.lower()}"
    if not _LABEL.fullmatch(name):
        raise SetupError(f"serial: wanted letters, digits and hyphens for a host's name, met {serial!r}")
    return name


def name_of(serial: str) -> str:
    """By which a unit is found in its network. Raises SetupError."""
    return f"{host_name(serial)}.local"


class Announcement:
    """The unit's page as a service in the network, as long as this lives: avahi ends it with the connection."""

    def __init__(self, connection: Bus) -> None:
        self._connection = connection

    def end(self) -> None:
        """Say it no longer."""
        self._connection.close()


async def announce(address: str | None, serial: str, port: int) -> Announcement:
    """Say over avahi that the unit's page is at that port. Raises ManagerAbsent, ManagerRefused.

    Where avahi is not installed nothing is said, and the unit is found by its address alone.

    Args:
        address: of the message bus; None: the system's own.
        serial: of the unit.
        port: of its page.
    """
    connection = await bus.connect(address, _ignore)
    try:
        answer = await connection.one(AVAHI, "/", _SERVER, "EntryGroupNew")
        group = text(answer, "EntryGroupNew")
        about = [f"serial={serial}".encode(), b"path=/"]
        service = (_ANY, _ANY, 0, f"Amp Guard {serial}", "_http._tcp", "", "", port, about)
        await connection.call(AVAHI, group, _GROUP, "AddService", "iiussssqaay", *service)
        await connection.call(AVAHI, group, _GROUP, "Commit")
    except BaseException:
        connection.close()
        raise
    return Announcement(connection)


def _ignore(_signal: Signal) -> None:
    pass
