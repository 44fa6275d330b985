"""The guided check of one unit: at most one at a time, whoever looks on; it goes on while phones come and go."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.live.measured import measurement
from ampguard.live.subscriber import Subscriber
from ampguard.settings.assignment import AS_LABELLED

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from ampguard.events import Inputs
    from ampguard.settings.settings import Settings
    from ampguard.web.live import Hub
    from ampguard.wiring.check import Check
    from ampguard.wiring.check_plan import Wishes
    from ampguard.wiring.check_table import Note

SILENT_S = 10.0
"""A meter that runs says something five times a second; one that is started again is back by then."""
MOST_NOTES = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A note, and when it was told."""

    at_s: float
    """Since the check began."""
    note: Note


class Guided:
    """The check that runs, or the last one."""

    def __init__(
        self, feed: Path, hub: Hub, folder: Path, utc: Callable[[], str | None], logger: logging.Logger
    ) -> None:
        """`folder` keeps what the last one has found; `utc`: the wall clock's word, None where it was never set."""
        self._feed, self._hub, self._folder, self._utc, self._log = feed, hub, folder, utc, logger
        self._inputs: Inputs = AS_LABELLED.inputs
        """What they are taken to measure while it runs."""
        self._kept: Check | None = None
        self._task: asyncio.Task[None] | None = None
        self.check: Check | None = None
        self.notes: list[Told] = []
        self.is_silent = False
        """It ended because no meter was there."""
        self.ended_utc: str | None = None
        """When the last one ended; None where no clock was set."""
        self._begun_s = 0.0
        self._changes = 0

    @property
    def runs(self) -> bool:
        """Whether one is under way."""
        return self._task is not None and not self._task.done()

    def begin(self, settings: Settings, wishes: Wishes) -> None:
        """A new one; the last one is forgotten. Raises SetupError where there is none for such a connection."""
        from ampguard.wiring.check import Check  # noqa: PLC0415 - numpy, 12 MB: wanted while somebody checks
        from ampguard.wiring.check_plan import plan_for  # noqa: PLC0415 - likewise

        self.check = Check(plan_for(settings, wishes))
        self.notes, self.is_silent, self.ended_utc = [], False, None
        self._inputs = settings.assignment.inputs
        self._begun_s = time.monotonic()
        self._task = asyncio.create_task(self._run(self.check))
        self._changed()

    def told(self) -> None:
        """Somebody says that what is asked for is done, and nothing was seen."""
        if self.check is not None:
            self._note(self.check.told())

    def forget(self) -> None:
        """Another assignment counts from now on: what was found with the one before says nothing any more."""
        if not self.runs:
            self.check, self.notes, self.is_silent = None, [], False
            self._changed()

    async def end(self) -> None:
        """With what is known by now."""
        check, task, self._task = self.check, self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if check is not None:  # somebody else may have begun another one meanwhile: that goes on
            check.end()
            self._changed()
            await self._keep(check)

    async def _run(self, check: Check) -> None:
        """Until it is done, or no meter is there."""
        heard_s = time.monotonic()
        async with contextlib.aclosing(Subscriber(self._feed, SILENT_S).messages()) as messages:
            async for message in messages:
                seen = measurement(message.body) if message is not None and message.kind == "measurement" else None
                if seen is not None:
                    heard_s = time.monotonic()
                    self._note(check.observe(seen))
                elif time.monotonic() - heard_s > SILENT_S:
                    self.is_silent = True
                    break
                if check.result is not None:
                    break
        check.end()
        await self._keep(check)
        self._changed()  # the last that is done: who asks now is told that it has ended

    async def _keep(self, check: Check) -> None:
        """For reports, once: it may end by itself while somebody ends it."""
        from ampguard.wiring.check_kept import keep  # noqa: PLC0415 - numpy, as above

        if self._kept is check:
            return
        self._kept, self.ended_utc = check, self._utc()
        try:
            await asyncio.to_thread(keep, self._folder, check, self._inputs, self.ended_utc)
        except OSError as why:
            self._log.error("%s: what the guided check has found cannot be kept: %s", self._folder, why)

    def _note(self, notes: list[Note]) -> None:
        if notes:
            at_s = time.monotonic() - self._begun_s
            self.notes = [*self.notes, *(Told(at_s, note) for note in notes)][-MOST_NOTES:]
            self._changed()

    def _changed(self) -> None:
        """Pages that look on ask again, each in its own language."""
        self._changes += 1
        self._hub.tell("check", {"changes": self._changes})
