"""Whether this system allows a fleet of that size: open files of each process, and local ports."""

from __future__ import annotations

import resource
from pathlib import Path

OWN_FILES = 100
"""Open files that a process needs besides its connections."""
_ENOUGH_FILES = 1 << 20
"""Where there is no limit: what Linux gives a process at most (fs.nr_open)."""
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ALL_PORTS = (1024, 65535)


class LimitError(Exception):
    """So many do not go; the sentence says why, and how many would."""


def raise_file_limit() -> int:
    """Allow this process, and those it starts, all the open files that it may have; how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def check(units: int, files: int, *, processes: int, own_broker: bool, ports: int | None = None) -> None:
    """Raises LimitError. `files`: that one process may open; `ports`: that connections to one broker may come from."""
    room = max(files - OWN_FILES, 0)
    most = room if own_broker else processes * room
    if units > most:
        who = "the broker" if own_broker else f"each of the {processes} processes"
        raise LimitError(
            f"{units} units: wanted {units // (1 if own_broker else processes) + OWN_FILES} open files in {who}, met a "
            f"limit of {files} (ulimit -Hn): {most} units would go"
        )
    usable = local_ports() if ports is None else ports
    if units > usable:
        raise LimitError(
            f"{units} units: wanted as many local ports, met {usable} (net.ipv4.ip_local_port_range): "
            f"{usable} units would go"
        )


def local_ports() -> int:
    """How many connections one address may have to one port of another."""
    try:
        first, last = (int(word) for word in _PORTS.read_text().split())
    except (OSError, ValueError):
        first, last = _ALL_PORTS
    return last - first + 1
