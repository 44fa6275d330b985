"""The account of a unit: "no second missing between ... and ..., except these gaps, because ...". No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "power_off": "the unit had no power",
    "shut_down": "the unit was shut down",
    "restart": "the meter ended without a word and was started again",
    "stopped": "the meter was stopped",
    "new_journal": "the unit began with an empty journal",
    "journal_damaged": "the unit's medium damaged its journal",
    "storage_full": "the unit's medium took nothing",
    "samples_lost": "some of the metering chip's samples were lost",
    "expired": "the unit kept them no longer: nobody had taken them in time",
    "refused": "the cloud would not have them",
    "unknown": "the unit does not know how its run before ended",
}


@dataclass(frozen=True, slots=True)
class End:
    """The first or last reading of a stretch without a break."""

    boot: str
    sequence: int
    utc: str | None
    """Its end; None where the unit's clock was not set, and is not known since."""
    monotonic_ns: int | None
    overrun: bool = False
    """Whether the reading itself says that samples were lost before it or within it; of a stretch's first one only."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings of one run of the meter without a break."""

    first: End
    last: End

    @property
    def readings(self) -> int:
        """How many."""
        return self.last.sequence - self.first.sequence + 1


@dataclass(frozen=True, slots=True)
class EventTally:
    """A unit's events: each run of the meter numbers its own."""

    stored: int = 0
    missing: int = 0
    """Numbers left out."""


NO_EVENTS = EventTally()


@dataclass(frozen=True, slots=True)
class Break:
    """Between two stretches."""

    after: End | None
    """None: before all that is stored."""
    before: End
    missing: int | None
    """How many readings, where the run's own numbers tell; 0: time is missing, no number."""
    duration_s: float | None
    """None where no clock ran through."""
    reason: str | None
    """As the unit tells it (`ampguard.events.GapReason`); None: nobody explains it."""

    @property
    def sentence(self) -> str:
        """For people."""
        extent = f", {self.extent}" if self.extent else ""
        return f"{_when(self.after)} to {_when(self.before)}{extent}: {self.why}"

    @property
    def extent(self) -> str:
        """How long and how many, as far as it is known, for people."""
        lasted = [] if self.duration_s is None else [f"{self.duration_s:.{1 if self.duration_s >= 1.0 else 2}f} s"]
        return ", ".join([*lasted, *([counted(self.missing, "reading")] if self.missing else [])])

    @property
    def why(self) -> str:
        """For people."""
        return "UNEXPLAINED" if self.reason is None else reason_in_words(self.reason)


@dataclass(frozen=True, slots=True)
class Account:
    """All about the completeness of one unit."""

    serial: str
    interval: str
    readings: int
    undated: int
    """Readings without a time of day, that nothing told afterwards."""
    first: End | None
    last: End | None
    breaks: tuple[Break, ...]
    events: int
    missing_events: int
    """Numbers of events left out."""

    @property
    def unexplained(self) -> tuple[Break, ...]:
        """Breaks that no gap of the unit's covers."""
        return tuple(one for one in self.breaks if one.reason is None)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing without a reason."""
        return not self.unexplained and not self.missing_events

    @property
    def headline(self) -> str:
        """For people: all in one line, without whose account it is."""
        if self.first is None or self.last is None:
            return "nothing is stored"
        between = f"no second missing between {_when(self.first)} and {_when(self.last)}"
        return f"{counted(self.readings, 'reading')}, {between}{self._exceptions()}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """For people: what there is to say beside the breaks."""
        found: list[str] = []
        if self.missing_events:
            found.append(f"{counted(self.missing_events, 'event')} of it missing")
        if self.undated:
            found.append(f"{counted(self.undated, 'reading')} without a time of day: the unit's clock was not set")
        return tuple(found)

    @property
    def sentence(self) -> str:
        """For people: one line, and one more for each break and remark."""
        colon = ":" if self.breaks else ""
        lines = [f"{self.serial}: {self.headline}{colon}", *(one.sentence for one in self.breaks), *self.remarks]
        return "\n  ".join(lines)

    def _exceptions(self) -> str:
        if not self.breaks:
            return ""
        which = f" ({len(self.unexplained)} UNEXPLAINED)" if self.unexplained else ""
        return f", except {counted(len(self.breaks), 'gap')}{which}"


def in_words(utc: str) -> str:
    """A moment for people."""
    return f"{utc[:10]} {utc[11:19]} UTC"


def reason_in_words(reason: str) -> str:
    """For people; of one that is not known, its name."""
    return SENTENCES.get(reason, reason.replace("_", " "))


def counted(number: int, what: str) -> str:
    """So many of them."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _when(end: End | None) -> str:
    if end is None:
        return "the beginning"
    return f"reading {end.sequence} of run {end.boot}" if end.utc is None else in_words(end.utc)
