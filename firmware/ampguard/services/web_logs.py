"""The processes' logs for the web: the system's journal, or files where a bench keeps them, or none at all, as it is.

`journalctl` is started without a shell and with arguments of our own only; of what is asked for only the name of a
process that is known and a level that is known get that far.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.services.child import ran
from ampguard.web.system import Level, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.web.system import Logs

PROCESSES = ("meter", "lights", "uplink", "balancer", "web")
FOLDER = "AMPGUARD_LOGS"
"""Environment: the folder where a bench keeps the processes' standard error, `<name>.log` each."""
MOST_LINES = 2000
_MOST_BYTES = 4 << 20
_TAIL = 1 << 18
"""Bytes of a file's end that are looked at."""
_ANSWER_S = 20.0
_PRIORITY = {Level.ERROR: 3, Level.WARNING: 4, Level.INFO: 6, Level.DEBUG: 7}
_ORDER = tuple(Level)
_LONGEST_LINE = 2000


class JournalLogs:
    """Of the service manager (journalctl(1))."""

    processes = PROCESSES

    def __init__(self, journalctl: str) -> None:
        self._journalctl = journalctl

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        """See `Logs`."""
        unit = f"--unit=ampguard-{_known(process)}.service"
        asked = ("--output=json", "--no-pager", "--quiet", unit)
        limits = (f"--priority={_PRIORITY[least]}", f"--lines={min(most, MOST_LINES)}")
        fields = "--output-fields=MESSAGE,PRIORITY,__REALTIME_TIMESTAMP"
        said = await ran((self._journalctl, *asked, *limits, fields), _ANSWER_S, _MOST_BYTES)
        if said.code:
            raise SetupError(f"wanted the log of the service manager, met: {said.sentence}")
        return await asyncio.to_thread(_entries, said.out)


class FileLogs:
    """Of a bench: what each process has said on standard error."""

    processes = PROCESSES

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        """See `Logs`."""
        path = self._folder / f"{_known(process)}.log"
        try:
            found = await asyncio.to_thread(lambda: _lines(_tail(path), least))
        except OSError as why:
            raise SetupError(f"{path.name}: wanted the log of {process}, met: {why.strerror or why}") from why
        return found[-min(most, MOST_LINES) :]


class NoLogs:
    """Neither: the processes write to standard error, and nobody keeps it."""

    processes = PROCESSES

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        """See `Logs`."""
        del process, least, most
        raise SetupError(
            "wanted the log of the service manager (journalctl), met none on this computer: "
            "the processes say what happens on standard error only"
        )


def logs_here(environment: Mapping[str, str]) -> Logs:
    """Those that there are on this computer."""
    if folder := environment.get(FOLDER):
        return FileLogs(Path(folder))
    journalctl = shutil.which("journalctl")
    return NoLogs() if journalctl is None else JournalLogs(journalctl)


def _known(process: str) -> str:
    if process not in PROCESSES:
        raise SetupError(f"process: wanted one of {', '.join(PROCESSES)}, met another one")
    return process


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL, 0))
        content = file.read(_TAIL)
    return (content.partition(b"\n")[2] if size > _TAIL else content).decode(errors="replace")


def _lines(content: str, least: Level) -> tuple[Line, ...]:
    """`level process: text`; what does not begin so belongs to the line before it, as a traceback does."""
    found: list[Line] = []
    level = Level.INFO
    for text in content.splitlines():
        word, _, rest = text.partition(" ")
        name = "error" if word == "critical" else word
        begins = name in _ORDER and ": " in rest
        level = Level(name) if begins else level
        if _ORDER.index(level) <= _ORDER.index(least):
            found.append(Line(None, level, (rest if begins else text)[:_LONGEST_LINE]))
    return tuple(found)


def _entries(said: str) -> tuple[Line, ...]:
    """Of 2000 lines it takes a small Pi some tenths of a second."""
    return tuple(line for text in said.splitlines() if (line := _entry(text)) is not None)


def _entry(text: str) -> Line | None:
    try:
        content = cast("dict[str, object]", json.loads(text))
        message, priority = content.get("MESSAGE"), int(str(content.get("PRIORITY", 6)))
        at_s = int(str(content["__REALTIME_TIMESTAMP"])) / 1e6
        utc = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    if isinstance(message, list):  # what is no UTF-8 comes as numbers
        message = bytes(cast("list[int]", message)).decode(errors="replace")
    level = next((one for one, number in _PRIORITY.items() if priority <= number), Level.DEBUG)
    whole = str(message)[:_LONGEST_LINE].encode(errors="replace").decode()  # JSON can carry half a character
    return Line(utc, level, whole)
