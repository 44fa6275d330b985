"""The uplink's part in renewing the certificate: sees when it is time, and has it done by a child process.

The child loads what the uplink must not carry, and may die in any instant: the folder of certificates is exchanged as
a whole. Nothing is ever removed here, whatever the clock says.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ampguard.uplink.certificates.certificate import Certificate, read
from ampguard.uplink.certificates.keyring import Keyring

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from pathlib import Path

LONGEST_WAIT_S, LEAST_WAIT_S = 3600.0, 2.0
"""The clock may be set, or the owner may enrol the unit, at any time."""
CHILD_S = 120.0
_PARTS = 8.0
"""A failure is followed by the next try after about this part of what is left."""


class Renewal:
    """Of one unit's certificate."""

    def __init__(
        self,
        data: Path,
        logger: logging.Logger,
        command: Sequence[str] = (sys.executable, "-m", "ampguard.services.enrol", "--renew"),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rings = Keyring(data)
        self._log = logger
        self._command = command
        self._now = now
        self._said = ""

    async def run(self) -> None:
        """For ever."""
        while True:
            wait_s = await self.round()
            await asyncio.sleep(wait_s)

    async def round(self) -> float:
        """Renew if it is time; how long to wait (s) before looking again."""
        found = self._read()
        if found is None:
            return LONGEST_WAIT_S
        now = self._now()
        if now < found.begins_utc:
            self._say(f"this unit's clock is behind the beginning of its certificate: {found}")
            return _within(LONGEST_WAIT_S / 60)
        if now >= found.ends_utc:
            # the clock may be wrong: the other side judges by its own
            self._say(f"the certificate has expired, unless this unit's clock is wrong: {found}; run `ampguard enrol`")
        due_in_s = found.due_in_s(now)
        if due_in_s > 0.0:
            return _within(due_in_s)
        if await self._renewed():
            after = self._read() or found
            # whoever signs for no longer than before is not asked again at once
            return _within(max(after.due_in_s(self._now()), after.life_s / _PARTS))
        left_s = abs(found.left_s(self._now()))
        return _within(left_s / _PARTS * random.uniform(0.5, 1.0))  # noqa: S311 - so that units do not come together

    async def _renewed(self) -> bool:
        """Whether the child had it renewed; it says itself why not."""
        try:
            child = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.DEVNULL)
        except OSError as why:  # no memory, no room: the uplink goes on
            self._log.error("the certificate is not renewed: no process can be started: %s", why)
            return False
        try:
            async with asyncio.timeout(CHILD_S):
                return await child.wait() == 0
        except TimeoutError:
            self._log.error("the certificate is not renewed: no end within %.0f s", CHILD_S)
            return False
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()

    def _read(self) -> Certificate | None:
        try:
            return read(self._rings.certificate)
        except (OSError, ValueError) as why:
            self._say(f"no certificate of this unit's own: {why}; run `ampguard enrol`")
            return None

    def _say(self, words: str) -> None:
        """Once, until it is something else."""
        if words != self._said:
            self._log.warning("%s", words)
        self._said = words


def _within(wait_s: float) -> float:
    return min(max(wait_s, LEAST_WAIT_S), LONGEST_WAIT_S)
