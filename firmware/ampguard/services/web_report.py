"""The commissioning report for the web, made by a child: its libraries take 30 MB."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.services.child import COMMAND, ran
from ampguard.web.system import ReportFiles

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.services.child import Said

REPORT_S = 180.0
"""A small Pi needs about 15 s."""
ANSWER_S = 60.0


class OwnReports:
    """See `ampguard.web.system.Reports`."""

    def __init__(self, folder: Path, command: tuple[str, ...] = COMMAND) -> None:
        """`folder`: for the last one's files, and nobody else's eyes; what a process before has left there goes."""
        self._folder = folder
        self._command = command
        shutil.rmtree(folder, ignore_errors=True)

    async def made(self, language: str, installer: str, note: str) -> ReportFiles:
        """One after the other: whoever calls sees to it."""
        await asyncio.to_thread(_emptied, self._folder)
        told = [f"--{name}={text}" for name, text in (("installer", installer), ("note", note)) if text]
        asked = ("report", "make", "--quiet", f"--output={self._folder}", f"--language={language}", *told)
        _well(await ran((*self._command, *asked), REPORT_S))
        return await asyncio.to_thread(_files, self._folder)

    async def key(self) -> str:
        """As `ampguard report key` shows it."""
        said = _well(await ran((*self._command, "report", "key"), ANSWER_S))
        return said.out.partition("\n")[0].removeprefix("fingerprint ")


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as why:
        raise SetupError(f"{folder}: wanted to keep a report there, met: {why.strerror or why}") from why


def _files(folder: Path) -> ReportFiles:
    pdf, json = (next(iter(folder.glob(f"*{suffix}")), None) for suffix in (".pdf", ".json"))
    if pdf is None or json is None:
        raise SetupError("wanted a report as PDF and JSON, met none")
    return ReportFiles(pdf, json)


def _well(said: Said) -> Said:
    if said.code:
        raise SetupError(said.sentence)
    return said
