"""What a unit's processes take: memory, descriptors, and what they have written to their medium. Read from /proc."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("meter", "lights", "uplink", "web")
_OF_ONE = (
    "sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/resident \\1/p' /proc/$pid/status; "
    "sed -n 's/^write_bytes: /written /p' /proc/$pid/io; "
    "echo descriptors $(ls /proc/$pid/fd | wc -l)"
)
_FIELDS = re.compile(r"^(process|pid|resident|written|descriptors) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Vitals:
    """Of one process."""

    pid: int
    """Another one than before: it was started again."""
    resident_bytes: int
    descriptors: int
    written_bytes: int
    """Since it was started: pages of files that it made differ from the medium, as proc_pid_io(5) counts them."""


def command(pids: Mapping[str, int]) -> str:
    """What a shell with the right to look says of these processes; `read` understands it."""
    return "".join(f"pid={pid}; echo process {name}; echo pid $pid; {_OF_ONE}; " for name, pid in pids.items())


def of_services() -> str:
    """The same for a unit that systemd runs."""
    one = (
        f"pid=$(systemctl show --property MainPID --value ampguard-$name); echo process $name; echo pid $pid; {_OF_ONE}"
    )
    return f"for name in {' '.join(NAMES)}; do {one}; done"


def read(said: str) -> dict[str, Vitals]:
    """By name of the process. Raises ValueError where one of the figures is not there."""
    found: dict[str, dict[str, int]] = {}
    name = ""
    for what, value in _FIELDS.findall(said):
        if what == "process":
            name = value
            found[name] = {}
        else:
            found[name][what] = int(value)
    try:
        return {
            name: Vitals(each["pid"], each["resident"] * 1024, each["descriptors"], each["written"])
            for name, each in found.items()
        }
    except KeyError as lacking:
        raise ValueError(
            f"wanted pid, memory, descriptors and what was written of each process: no {lacking}"
        ) from None
