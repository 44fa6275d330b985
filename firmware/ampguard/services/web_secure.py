"""The web's HTTPS: has the unit's own certificate made once, by a child, and takes up another one while it serves."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.identity import CARD
from ampguard.services.child import ran
from ampguard.web.access import certificate

if TYPE_CHECKING:
    import logging
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

CHILD_S = 120.0
LOOK_S = 2.0
_COMMAND = (sys.executable, "-m", "ampguard.services.web_command", "certificate")


class Secure:
    """The certificate in use, as a context to serve with."""

    def __init__(self, folder: Path, logger: logging.Logger, command: Sequence[str] = _COMMAND) -> None:
        self._folder = folder
        self._log = logger
        self._command = command
        self._served: tuple[int, int] | None = None
        self._context: ssl.SSLContext | None = None
        self._fingerprint = ""
        self._is_own = True
        self._said = ""

    @property
    def fingerprint(self) -> str:
        """Of the certificate in use, for people to compare; "" while there is none."""
        return self._fingerprint

    @property
    def is_own(self) -> bool:
        """Whether the one in use is the unit's own."""
        return self._is_own

    async def ready(self) -> ssl.SSLContext:
        """When there is one: made where it is missing, as soon as the meter has said who the unit is."""
        while True:
            if not (self._folder / CARD).exists():
                self._say("no HTTPS yet: the meter has not said who this unit is")
            elif not (self._folder / certificate.OWN).exists():
                try:
                    await self._run("make")
                except SetupError as why:
                    self._say(f"no HTTPS yet: the unit's certificate cannot be made: {why}")
            if await asyncio.to_thread(self.look) and self._context is not None:
                return self._context
            await asyncio.sleep(LOOK_S)

    async def follow(self) -> None:
        """Takes up each other one, for the connections that come then. For ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look)

    def look(self) -> bool:
        """Whether there is one to serve. One that cannot be used is passed over, with a word in the log."""
        for path in certificate.files(self._folder):
            try:
                self._take_up(path)
            except (OSError, ValueError) as why:
                self._say(f"{path}: cannot be served: {why}")
            else:
                break
        return self._context is not None

    def _take_up(self, path: Path) -> None:
        found = path.stat()
        mark = (found.st_ino, found.st_mtime_ns)
        if mark == self._served:
            return
        fresh, told = certificate.context(path), certificate.fingerprint(path)
        if self._context is None:
            self._context = fresh
        else:
            self._context.load_cert_chain(path)
        self._served, self._fingerprint, self._is_own = mark, told, certificate.is_own(path)
        whose = "the unit's own" if self._is_own else "its owner's"
        self._log.info("certificate: %s, SHA-256 %s", whose, told)

    async def install(self, pem: str) -> None:
        """Serve the owner's, key and chain in one. Raises SetupError: why it is refused; nothing changed then."""
        await self._run("install", "-", told=pem)
        await asyncio.to_thread(self.look)

    async def reset(self) -> None:
        """Serve the unit's own again. Raises SetupError."""
        await self._run("reset")
        await asyncio.to_thread(self.look)

    async def _run(self, *act: str, told: str = "") -> None:
        said = await ran((*self._command, *act), CHILD_S, told=told.encode(errors="replace"))
        if said.code:
            raise SetupError(said.sentence)

    def _say(self, words: str) -> None:
        """Once, until it is something else."""
        if words != self._said:
            self._log.warning("%s", words)
        self._said = words
