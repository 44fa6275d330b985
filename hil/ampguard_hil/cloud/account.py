"""The account of a unit: "no second missing between ... and ..., except these gaps, because ...". No I/O.

Each break in what is stored (numbers left out, seconds left out, the end of one run of the meter and the beginning of
the next) is held against the gaps that the unit itself told. One that no gap covers is unexplained.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ampguard_hil.cloud.arrived import ReceivedEvent

    _Place: TypeAlias = "tuple[int, int]"
    """Which run of the meter, counted in the order of their time, and the number in it."""

ALSO_BEFORE = frozenset(("new_journal", "journal_damaged", "expired"))
"""Reasons for which nobody knows the last reading before the gap."""
SENTENCES: Mapping[str, str] = {
    "power_off": "the unit had no power",
    "shut_down": "the unit was shut down",
    "restart": "the meter ended without a word and was started again",
    "stopped": "the meter was stopped",
    "new_journal": "the unit began with an empty journal",
    "journal_damaged": "the unit's medium damaged its journal",
    "storage_full": "the unit's medium took nothing",
    "samples_lost": "the metering chip delivered nothing",
    "expired": "the unit kept them no longer: nobody had taken them in time",
    "unknown": "the unit does not know how its run before ended",
}


@dataclass(frozen=True, slots=True)
class End:
    """The first or last reading of a stretch without a break."""

    boot: str
    sequence: int
    utc: str | None
    """Its end; None where the unit's clock was not set, and is not known since."""
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings of one run of the meter without a break."""

    first: End
    last: End


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
        times = f"{_when(self.after)} to {_when(self.before)}"
        lasted = "" if self.duration_s is None else f", {self.duration_s:.1f} s"
        number = "" if not self.missing else f", {counted(self.missing, 'reading')}"
        why = "UNEXPLAINED" if self.reason is None else SENTENCES.get(self.reason, self.reason)
        return f"{times}{lasted}{number}: {why}"


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
    def sentence(self) -> str:
        """For people: one line, and one more for each break."""
        if self.first is None or self.last is None:
            return f"{self.serial}: nothing is stored"
        gaps = f", except {counted(len(self.breaks), 'gap')}:" if self.breaks else ""
        between = f"between {_when(self.first)} and {_when(self.last)}"
        lines = [f"{self.serial}: {counted(self.readings, 'reading')}, no second missing {between}{gaps}"]
        lines += [f"  {one.sentence}" for one in self.breaks]
        if self.missing_events:
            lines.append(f"  {counted(self.missing_events, 'event')} of it missing")
        if self.undated:
            lines.append(f"  {counted(self.undated, 'reading')} without a time of day: the unit's clock was not set")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Told:
    """A gap as the unit told it."""

    reason: str
    after: _Place | None
    before: _Place | None
    duration_s: float | None


def counted(number: int, what: str) -> str:
    """So many of them."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def account(
    serial: str, interval: str, stretches: Sequence[Stretch], events: Iterable[ReceivedEvent], *, undated: int = 0
) -> Account:
    """Hold what is stored against what the unit told.

    Args:
        serial: of the unit.
        interval: of its readings.
        stretches: in a run by number; the runs in any order.
        events: all that are stored of it, of all kinds.
        undated: how many readings have no time of day.
    """
    told = list(events)
    bodies = [_content(one.body) for one in told if one.kind == "gap"]
    order = {boot: number for number, boot in enumerate(_in_order(stretches, bodies))}
    gaps = [gap for body in bodies if (gap := _gap(body, order)) is not None]
    breaks: list[Break] = []
    previous: End | None = None
    ordered = sorted(stretches, key=lambda one: _place(one.first, order))
    for one in ordered:
        if previous is not None or one.first.sequence > 1:
            breaks.append(_break(previous, one.first))
        previous = one.last
    explained = _explained(breaks, gaps, order)
    return Account(
        serial=serial,
        interval=interval,
        readings=sum(one.last.sequence - one.first.sequence + 1 for one in stretches),
        undated=undated,
        first=ordered[0].first if ordered else None,
        last=ordered[-1].last if ordered else None,
        breaks=tuple(explained),
        events=len(told),
        missing_events=_missing_events(told),
    )


def _break(after: End | None, before: End) -> Break:
    same = after is not None and after.boot == before.boot
    if after is None or not same:
        return Break(after, before, None if after is not None else before.sequence - 1, None, None)
    missing = before.sequence - after.sequence - 1
    return Break(after, before, missing, (before.monotonic_ns - after.monotonic_ns) / 1e9 - 1.0, None)


def _explained(breaks: Sequence[Break], gaps: Sequence[_Told], order: Mapping[str, int]) -> list[Break]:
    found = list(breaks)
    for index, one in enumerate(breaks):
        after = None if one.after is None else _place(one.after, order)
        gap = _covering(after, _place(one.before, order), gaps)
        if gap is not None:
            lasted_s = one.duration_s if gap.duration_s is None else gap.duration_s
            found[index] = replace(one, duration_s=lasted_s, reason=gap.reason)
    for gap in gaps:
        # nobody knows what was before it: it explains the nearest break at or before its end
        if gap.after is None and gap.before is not None and gap.reason in ALSO_BEFORE:
            at = [index for index, one in enumerate(found) if _place(one.before, order) <= gap.before]
            if at and found[at[-1]].reason is None:
                found[at[-1]] = replace(found[at[-1]], reason=gap.reason)
    return found


def _covering(after: _Place | None, before: _Place, gaps: Sequence[_Told]) -> _Told | None:
    """The narrowest gap around it."""
    around = [
        gap
        for gap in gaps
        if gap.after is not None
        and after is not None
        and gap.after <= after
        and (gap.before is None or before <= gap.before)
    ]
    return max(around, key=lambda gap: gap.after or (0, 0), default=None)


def _missing_events(events: Iterable[ReceivedEvent]) -> int:
    numbers: dict[str, set[int]] = {}
    for one in events:
        numbers.setdefault(one.boot, set()).add(one.sequence)
    return sum(max(found) - len(found) for found in numbers.values())


def _in_order(stretches: Sequence[Stretch], gaps: Sequence[object]) -> list[str]:
    """The runs in the order of their time: as the unit tells which followed which, else by the time of day."""
    follows: dict[str, str] = {}
    for gap in gaps:
        match gap:
            case {"event": {"after": {"boot": str(before)}, "before": {"boot": str(after)}}} if before != after:
                follows[after] = before
            case _:
                pass
    known: dict[str, str] = {}
    for one in stretches:
        if one.first.utc is not None or one.first.boot not in known:
            known[one.first.boot] = min(one.first.utc or "~", known.get(one.first.boot, "~"))
    placed: dict[str, None] = {}
    for boot in sorted(known, key=lambda boot: (known[boot], boot)):
        chain: list[str] = []
        while boot in known and boot not in placed and boot not in chain:
            chain.append(boot)
            boot = follows.get(boot, "")  # noqa: PLW2901 - back to the one that was before it
        placed.update(dict.fromkeys(reversed(chain)))
    return list(placed)


def _content(body: str) -> object:
    found: object = json.loads(body)
    return found


def _gap(body: object, order: Mapping[str, int]) -> _Told | None:
    match body:
        case {"event": {"reason": str(reason), "after": after, "before": before, "duration_s": duration_s}}:
            lasted_s = duration_s if isinstance(duration_s, (int, float)) else None
            return _Told(reason, _mark(after, order), _mark(before, order), lasted_s)
        case _:
            return None


def _mark(mark: object, order: Mapping[str, int]) -> _Place | None:
    match mark:
        case {"boot": str(boot), "sequence": int(sequence)} if boot in order:
            return order[boot], sequence
        case _:
            return None


def _place(end: End, order: Mapping[str, int]) -> _Place:
    return order[end.boot], end.sequence


def _when(end: End | None) -> str:
    if end is None:
        return "the beginning"
    return end.utc or f"reading {end.sequence} of run {end.boot}"
