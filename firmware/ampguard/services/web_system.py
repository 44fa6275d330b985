"""What the web's tab System needs of the unit: restarting, logs, report, versions, how long it runs."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import struct
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.clock import SystemClock, kernel_boot
from ampguard.errors import SetupError
from ampguard.services import factory_reset
from ampguard.services.factory_reset_table import ANYTHING_ELSE, ROWS, Fate
from ampguard.services.power import power_of
from ampguard.services.web_logs import logs_here
from ampguard.services.web_report import OwnReports
from ampguard.web.system import ResetRow, Running, System

if TYPE_CHECKING:
    import logging

    from ampguard.services.power import Power
    from ampguard.settings.places import Places

_MODEL = Path("/proc/device-tree/model")
_PROC = Path("/proc")
_CREDENTIALS = struct.Struct("3i")
_START_FIELD = 19
"""Of /proc/PID/stat, behind the name: when the process was started, in ticks since the computer was (proc(5))."""
LARGEST_MODEL = 80
REPORT = "report"
"""In the web's folder: the report that was made last."""


class PoweredEnding:
    """See `ampguard.web.system.Ending`."""

    def __init__(self, data: Path, power: Power, logger: logging.Logger) -> None:
        self._data = data
        self._power = power
        self._log = logger

    async def reboot(self, who: str) -> None:
        """In order, by the system."""
        await self._power.reboot()
        self._log.info("restart: asked for by %s", who)

    async def reset(self, who: str) -> None:
        """The mark first; it goes again where nobody restarts: a reset must not come when nobody expects it."""
        await asyncio.to_thread(factory_reset.ask, self._data, who)
        try:
            await self._power.reboot()
        except SetupError:
            await asyncio.to_thread(factory_reset.withdraw, self._data)
            raise
        self._log.warning("factory reset: asked for by %s", who)


def system_of(places: Places, logger: logging.Logger) -> System:
    """For this unit. Raises SetupError."""
    clock = SystemClock()
    return System(
        ending=PoweredEnding(places.data, power_of(places.board), logger),
        reset_rows=tuple(ResetRow(row.what, row.fate is Fate.KEPT, row.why) for row in (*ROWS, ANYTHING_ELSE)),
        logs=logs_here(os.environ),
        reports=OwnReports(places.web / REPORT),
        software={
            "ampguard": metadata.version("ampguard"),
            "python": platform.python_version(),
            "kernel": platform.release(),
            "computer": _computer(),
        },
        boot=kernel_boot(),
        running=lambda: running(places),
        utc=lambda: clock.stamp(time.monotonic_ns()).utc,
    )


def running(places: Places) -> Running:
    """How long the computer and the unit's processes run. Who listens on a feed is the process that owns it."""
    feeds = {
        "meter": places.live_feed,
        "lights": places.lights_feed,
        "uplink": places.uplink_feed,
        "balancer": places.balancer_feed,
    }
    found = {name: _since_start_s(owner) for name, path in feeds.items() if (owner := _listener(path)) is not None}
    processes_s = {name: found.get(name) for name in feeds} | {"web": _since_start_s(os.getpid())}
    return Running(time.clock_gettime(time.CLOCK_BOOTTIME), processes_s)


def _listener(path: Path) -> int | None:
    """Whoever listens there (unix(7), SO_PEERCRED); None where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) as asker:
        try:
            asker.connect(os.fspath(path))
            credentials = asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    process: int = _CREDENTIALS.unpack(credentials)[0]
    return process or None  # 0: of another namespace


def _since_start_s(process: int) -> float | None:
    try:
        fields = (_PROC / f"{process}" / "stat").read_text().rpartition(")")[2].split()
        started_s = int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started_s, 0.0)


def _computer() -> str:
    try:
        return _MODEL.read_bytes().decode(errors="replace").strip("\0")[:LARGEST_MODEL]
    except OSError:
        return platform.machine()
