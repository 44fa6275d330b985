"""A process of a campaign: killed, started again after a while, and watched for deaths that nobody ordered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.processes import RESTART_S

if TYPE_CHECKING:
    from ampguard_hil.processes import Process


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

    def __init__(self, kind: str, process: Process, serial: str | None = None) -> None:
        self.kind, self.process, self.serial = kind, process, serial
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
        self.process.kill()
        self._due_s = max(self._due_s or 0.0, time.monotonic() + away_s)
        return Death(at_s, self.kind, self.serial) if ran else None

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
