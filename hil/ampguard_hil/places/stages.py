"""The stages of a box at a bench, and what it means that one was not reached: which, after how long, what was seen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LATE_FACTOR = 3.0
"""So many times what a stage may take is waited for, so that of a slow one the seconds are known."""
FIRST_READINGS = 2
"""So many have arrived before a box is called metering: one may be what is left of a second."""


class Stage(IntEnum):
    """How far a box is; each is entered from the one before it."""

    OFF = 0
    """Without power, and whatever went wrong before is forgotten."""
    FLASHED = 1
    """Its medium is as it leaves the factory."""
    BOOTED = 2
    """It answers: its page, or a shell where there is no Amp Guard in it."""
    PROVISIONED = 3
    """An installer has told it what nobody can guess, and where its readings go."""
    METERING = 4
    """Its readings arrive at the bench's broker."""


class PlaceError(Exception):
    """A place cannot do what is asked of it; a sentence for people."""


class NotReachedError(PlaceError):
    """A box did not come to a stage; the sentence says what was seen instead."""


class Staged(Protocol):
    """A place as whoever drives it through its stages has it."""

    def enter(self, stage: Stage, patience_s: float) -> None:
        """Come to a stage from the one before it, and wait until it is there. Raises PlaceError."""
        ...

    def shut_down(self) -> None:
        """Come to OFF from wherever it is, however broken."""
        ...

    def last_words(self) -> str:
        """The end of every log there is."""
        ...


class StageFailure(Exception):
    """A stage was not reached, or too late."""

    def __init__(self, stage: Stage, took_s: float, may_take_s: float, seen: str, last_words: str) -> None:
        super().__init__(
            f"{stage.name}: wanted it within {may_take_s:g} s, met after {took_s:.1f} s: {seen}"
            + (f"\nlast words:\n{last_words}" if last_words else "")
        )
        self.stage = stage
        self.took_s = took_s


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each stage may take."""

    within_s: Mapping[Stage, float]

    @classmethod
    def told(cls, limits_s: Mapping[str, float]) -> Limits:
        """As the bench's file names them. Raises PlaceError for one that is missing, or is no stage."""
        wanted = {stage.name for stage in Stage} - {Stage.OFF.name}
        if set(limits_s) != wanted:
            raise PlaceError(
                f"within_s: wanted {', '.join(sorted(wanted))}, met {', '.join(sorted(limits_s)) or 'none'}"
            )
        return cls({Stage[name]: float(limit_s) for name, limit_s in limits_s.items()})


def entered(place: Staged, stage: Stage, may_take_s: float, now_s: Callable[[], float] = time.monotonic) -> float:
    """Enter a stage; how long it took (s). Raises StageFailure, also where it took too long."""
    began_s = now_s()
    try:
        place.enter(stage, may_take_s * LATE_FACTOR)
    except PlaceError as why:
        raise StageFailure(stage, now_s() - began_s, may_take_s, str(why), place.last_words()) from why
    took_s = now_s() - began_s
    if took_s > may_take_s:
        raise StageFailure(stage, took_s, may_take_s, "reached, but too late", place.last_words())
    return took_s
