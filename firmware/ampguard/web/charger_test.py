"""The stimulus test of one charger: at most one at a time, whoever looks on; it goes on while phones come and go."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ampguard.errors import SetupError
from ampguard.phrase import Phrase, phrase
from ampguard.web.refusal import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json
    from ampguard.web.live import Hub

MOST_NOTES = 100
KIND = "charger-test"


class Test(Protocol):
    """One of one charger."""

    @property
    def id(self) -> str:
        """The charger's charge point id."""
        ...

    @property
    def stage(self) -> str:
        """low, up, down: what it waits for; back: all of the charger's phases; done."""
        ...

    async def run(self) -> None:
        """Until it is done. Raises SetupError where there is no meter or no balancer."""
        ...

    def found(self) -> Mapping[str, Json]:
        """What is known by now, with the sentences as phrases that were told."""
        ...

    def keep(self, utc: str | None) -> None:
        """For reports and for later. Raises OSError."""
        ...


Begin: TypeAlias = "Callable[[str, Callable[[Phrase], None]], Test]"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was told."""

    at_s: float
    """Since the test began."""
    sentence: Phrase


class ChargerTests:
    """Of one unit: the one that runs, or the last one, and what those before have left."""

    def __init__(
        self, hub: Hub, begin: Begin, known: Callable[[], Mapping[str, Json]], utc: Callable[[], str | None]
    ) -> None:
        """`begin` raises SetupError: it cannot be tested; `known`: the last result of each, by id. Both block."""
        self._hub, self._begin, self._known, self._utc = hub, begin, known, utc
        self._test: Test | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun_s = 0.0
        self._changes = 0
        self.notes: list[Note] = []
        self.fault: str | None = None
        """Why it ended, or could not be kept, in words; a phrase."""

    @property
    def runs(self) -> bool:
        """Whether one is under way."""
        return self._task is not None and not self._task.done()

    @property
    def charger(self) -> str | None:
        """Whose it is, or was; None: there was none yet."""
        return None if self._test is None else self._test.id

    @property
    def stage(self) -> str | None:
        """Where it is."""
        return None if self._test is None else self._test.stage

    async def begin(self, charger: str) -> None:
        """Of that one; what was told of the last one is forgotten. Raises SetupError."""
        made = await asyncio.to_thread(self._begin, charger, self._note)  # numpy, and files
        if self.runs:
            raise SetupError(phrase("another charger is being tested just now"))
        self._test, self._begun_s = made, time.monotonic()
        self.notes, self.fault = [], None
        self._task = asyncio.create_task(self._run(made))
        self._changed()

    async def end(self) -> None:
        """With what is known by now."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def found(self) -> Mapping[str, Json] | None:
        """What the last test has found; None while one runs, and where there was none."""
        return None if self._test is None or self.runs else self._test.found()

    def kept(self) -> Mapping[str, Json]:
        """The last result of each charger, by charge point id. Blocks."""
        return self._known()

    async def _run(self, test: Test) -> None:
        try:
            await test.run()
        except SetupError as why:
            self.fault = bare(why)
        finally:
            try:
                test.keep(self._utc())  # a small file, and whoever ends it must not be kept waiting by a thread
            except OSError as why:
                self.fault = phrase("the result of this test could not be kept: {why}", why=why.strerror or str(why))
            asyncio.get_running_loop().call_soon(self._changed)  # by then it has ended

    def _note(self, sentence: Phrase) -> None:
        self.notes = [*self.notes, Note(time.monotonic() - self._begun_s, sentence)][-MOST_NOTES:]
        self._changed()

    def _changed(self) -> None:
        """Pages that look on ask again, each in its own language."""
        self._changes += 1
        self._hub.tell(KIND, {"changes": self._changes})
