"""A process of a campaign: killed, started again after a while, and watched for deaths that nobody ordered."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.campaign_plan import ENTRANCE
from ampguard_hil.processes import RESTART_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ampguard_hil.processes import Process

STRAY_S = 12.0
"""So long after its board was killed a meter may end by itself."""


@dataclass(frozen=True, slots=True)
class Death:
    """When a process died, on the monotonic clock."""

    at_s: float
    kind: str
    serial: str | None
    """Of which unit; None of those that all share."""
    code: int | None = None
    """With what it ended by itself; None where it was killed."""


class Victim:
    """One process with its serial."""

    def __init__(
        self, kind: str, process: Process, serial: str | None = None, *, kill: Callable[[], None] | None = None
    ) -> None:
        """`kill`: of one that is several processes."""
        self.kind, self.process, self.serial = kind, process, serial
        self._kill = process.kill if kill is None else kill
        self.own_deaths: list[Death] = []
        self._due_s: float | None = None
        """When it is to be started again."""

    @property
    def runs(self) -> bool:
        """Whether it is there now."""
        return self.process.pid is not None

    def kill(self, away_s: float) -> Death | None:
        """SIGKILL, and a start after that time; None where it was dead already: then only the start is put off."""
        ran = self.runs
        at_s = time.monotonic()
        self._kill()
        self._due_s = max(self._due_s or 0.0, time.monotonic() + away_s)
        return Death(at_s, self.kind, self.serial) if ran else None

    def start(self) -> None:
        """Start it now, whenever it was to be."""
        self._due_s = None
        self.process.start()

    def watch(self) -> None:
        """Start it when its time has come; note that it ended by itself, and start it a second later."""
        if self.runs:
            return
        now_s = time.monotonic()
        if self._due_s is None:
            self.own_deaths.append(Death(now_s, self.kind, self.serial, self.process.stop()))
            self._due_s = now_s + RESTART_S
        elif now_s >= self._due_s:
            self._due_s = None
            self.process.start()


def strays(victims: Iterable[Victim], kills: Iterable[Death], codes: Mapping[str, int | None]) -> list[str]:
    """Processes that ended by themselves without a reason, or did not end well (`codes`) when asked to."""
    boards = [kill for kill in kills if kill.kind == "board"]
    found = [
        f"{name}: exit code {code} when asked to stop"
        for name, code in codes.items()
        if code != 0
        and not (name == ENTRANCE and code == -signal.SIGTERM)  # uvicorn's way: it ends, then by the signal
    ]
    for victim in victims:
        found += [
            f"{death.kind} {death.serial or ''} ended by itself, exit code {death.code}"
            for death in victim.own_deaths
            if not (death.kind == "meter" and any(_follows(death, board) for board in boards))
        ]
    return found


def tracebacks(folder: Path) -> list[str]:
    """Logs of programs that ended in a way nobody foresaw."""
    return [
        f"{log.relative_to(folder)}: a traceback"
        for log in sorted(folder.rglob("*.log"))
        if "Traceback" in log.read_text(errors="replace")
    ]


def _follows(meter: Death, board: Death) -> bool:
    return board.serial == meter.serial and 0.0 <= meter.at_s - board.at_s <= STRAY_S
