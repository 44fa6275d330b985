"""What the web needs for updates: bundles into the data folder, a wish beside them, and how it goes read back."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.services.update import may_begin, release_here
from ampguard.update import refusal, state, trial
from ampguard.update.intake import Intake
from ampguard.update.refusal import Kind
from ampguard.web.refusal import RefusalId, RefusedError
from ampguard.web.update import UpdateState

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ampguard.settings.places import Places

_REFUSALS: Mapping[Kind, tuple[int, RefusalId]] = MappingProxyType({
    Kind.BUSY: (409, "busy"),
    Kind.NO_ROOM: (507, "no-room"),
    Kind.NO_SLOTS: (503, "no-slots"),
    Kind.DAMAGED: (422, "unfit"),
    Kind.MEDIUM: (503, "no-medium"),
})  # fmt: skip
"""What can be refused before RAUC has seen anything."""


class OwnUpdates:
    """See `ampguard.web.update.Updates`."""

    def __init__(self, places: Places) -> None:
        """Raises SetupError."""
        self._places = places
        self._folder = places.update
        self._release = release_here()
        self._intake: Intake | None = None
        """What comes in at the moment."""

    def now(self) -> UpdateState:
        """How it goes."""
        wish = trial.asked(self._folder)  # first: whoever takes it up says so before it goes
        told, utc = state.read(self._folder / trial.STATE), state.since(self._folder / trial.STATE)
        if (intake := self._intake) is not None:
            told, utc = state.Told(state.State.RECEIVING, percent=intake.percent), None
        elif wish is not None and not told.is_under_way:
            told, utc = state.Told(state.State.ASKED, who=wish.who), None
        return UpdateState(
            runs=None if self._release is None else self._release.version,
            state=told.state.value,
            version=told.version,
            percent=told.percent,
            kind=None if told.kind is None else told.kind.value,
            sentence=told.sentence,
            who=told.who,
            utc=utc,
        )

    @contextmanager
    def taking(self, size: int | None, who: str) -> Generator[_Taking]:
        """One at a time."""
        try:
            may_begin(self._places, self._release)
            with Intake(self._folder, size) as intake:
                self._intake = intake
                try:
                    yield _Taking(intake, self._places, who)
                finally:
                    self._intake = None
        except refusal.RefusedError as why:
            raise _refused(why) from why

    def fetch(self, url: str, who: str) -> None:
        """By the process that installs it."""
        try:
            may_begin(self._places, self._release)
            trial.ask(self._folder, trial.Wish(url, who))
        except refusal.RefusedError as why:
            raise _refused(why) from why
        except OSError as why:
            raise _refused(refusal.RefusedError(Kind.MEDIUM, str(why))) from why


class _Taking:
    """See `ampguard.web.update.Taking`."""

    def __init__(self, intake: Intake, places: Places, who: str) -> None:
        self._intake = intake
        self._folder = places.update
        self._who = who

    async def take(self, piece: bytes) -> None:
        """In a thread: the medium is slow."""
        await asyncio.to_thread(self._intake.take, piece)

    async def whole(self) -> None:
        """And wanted."""
        await asyncio.to_thread(self._whole)

    def _whole(self) -> None:
        self._intake.whole()
        try:
            trial.ask(self._folder, trial.Wish(trial.BUNDLE, self._who))
        except OSError as why:
            raise refusal.RefusedError(Kind.MEDIUM, str(why)) from why


def _refused(why: refusal.RefusedError) -> RefusedError:
    status, name = _REFUSALS.get(why.kind, (503, "busy"))
    return RefusedError(status, name, str(why))
