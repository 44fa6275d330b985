"""What the tab System needs of the unit below the web: the seams that `ampguard.services.web_system` fills in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Level(StrEnum):
    """How much a line of a log matters, the most first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log."""

    utc: str | None
    """ISO 8601; None where nobody noted it."""
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class ResetRow:
    """What a factory reset does to one kind of thing, in the owner's words."""

    what: str
    is_kept: bool
    why: str


@dataclass(frozen=True, slots=True)
class Running:
    """How long something runs already."""

    unit_s: float | None
    """Since the computer was started; None where it does not tell."""
    processes_s: Mapping[str, float | None]
    """By name of the process; None where it does not run, or nobody may know."""


class Ending(Protocol):
    """Restarting the unit."""

    async def reboot(self, who: str) -> None:
        """Returns when the system has agreed: all processes are about to end. Raises SetupError."""
        ...

    async def reset(self, who: str) -> None:
        """Likewise, and what is the owner's is wiped before they begin again. Raises SetupError."""
        ...


class Logs(Protocol):
    """What the unit's processes write of themselves."""

    @property
    def processes(self) -> tuple[str, ...]:
        """Who has one."""
        ...

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        """The last lines that matter so much at least, the oldest first. Raises SetupError: there is no log here."""
        ...


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """A report that was made, signed."""

    pdf: Path
    json: Path


class Reports(Protocol):
    """Makes the commissioning report, in a process of its own."""

    async def made(self, language: str, installer: str, note: str) -> ReportFiles:
        """The files are kept until the next one is made. Raises SetupError."""
        ...

    async def key(self) -> str:
        """Fingerprint of the key that signs it. Raises SetupError."""
        ...


@dataclass(frozen=True, slots=True)
class System:
    """All of it."""

    ending: Ending
    reset_rows: tuple[ResetRow, ...]
    logs: Logs
    reports: Reports
    software: Mapping[str, str]
    """ampguard, python, kernel, computer."""
    boot: str | None
    """Names the run of the computer; None where it does not tell."""
    running: Callable[[], Running]
    """Blocks."""
    utc: Callable[[], str | None]
    """Now, ISO 8601; None where the clock was never set."""
