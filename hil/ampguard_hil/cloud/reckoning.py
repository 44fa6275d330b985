"""How an account is made: what is stored of a unit, held against the gaps that it told. No I/O.

Each break in what is stored (numbers left out, seconds left out, the end of one run of the meter and the beginning of
the next) is held against the gaps that the unit itself told. One that no gap covers is unexplained, but within a run
where the reading behind it says itself that samples were lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard_hil.cloud import runs
from ampguard_hil.cloud.account import NO_EVENTS, Account, Break, End, EventTally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ampguard_hil.cloud.account import Stretch

    _Place: TypeAlias = "tuple[int, int]"
    """Which run of the meter, counted in the order of their time, and the number in it."""

ALSO_BEFORE = frozenset(("new_journal", "journal_damaged", "expired", "refused"))
"""Reasons for which nobody knows the last reading before the gap."""

SAMPLES_LOST = "samples_lost"
"""What "overrun" in a reading's quality means: a gap that the unit tells of it may be lost, or was never told."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A gap as the unit told it."""

    reason: str
    after: _Place | None
    before: _Place
    duration_s: float | None


def account(  # noqa: PLR0913 - each is said of the unit
    serial: str,
    interval: str,
    stretches: Sequence[Stretch],
    gaps: Iterable[str],
    *,
    undated: int = 0,
    events: EventTally = NO_EVENTS,
    shown: Sequence[Stretch] | None = None,
) -> Account:
    """Hold what is stored against what the unit told.

    Args:
        serial: of the unit.
        interval: of its readings.
        stretches: in a run by number; the runs in any order.
        gaps: the bodies (JSON) of all events of this kind.
        undated: how many readings have no time of day.
        events: of all kinds.
        shown: those, or the parts of those, that concern whoever asks; None: all of them.
    """
    bodies = [_content(body) for body in gaps]
    order = {boot: number for number, boot in enumerate(runs.in_order(stretches, runs.follows(bodies)))}
    told = [gap for body in bodies if (gap := _gap(body, order)) is not None]
    breaks: list[Break] = []
    previous: End | None = None
    ordered = sorted(stretches, key=lambda one: _place(one.first, order))
    for one in ordered:
        if previous is not None or one.first.sequence > 1 or _follows_something(one.first, bodies):
            breaks.append(_break(previous, one.first))
        previous = one.last
    explained = _explained(breaks, told, order)
    if shown is not None:
        ordered = sorted(shown, key=lambda one: _place(one.first, order))
        explained = _concerning(ordered, explained)
    return Account(
        serial=serial,
        interval=interval,
        readings=sum(one.readings for one in ordered),
        undated=undated,
        first=ordered[0].first if ordered else None,
        last=ordered[-1].last if ordered else None,
        breaks=tuple(explained),
        events=events.stored,
        missing_events=events.missing,
    )


def _break(after: End | None, before: End) -> Break:
    same = after is not None and after.boot == before.boot
    if after is None or not same:
        return Break(after, before, None if after is not None else before.sequence - 1 or None, None, None)
    lasted_s = None
    if before.monotonic_ns is not None and after.monotonic_ns is not None:
        lasted_s = (before.monotonic_ns - after.monotonic_ns) / 1e9 - 1.0
    return Break(after, before, before.sequence - after.sequence - 1, lasted_s, None)


def _concerning(shown: Sequence[Stretch], breaks: Sequence[Break]) -> list[Break]:
    """Those that end in what is shown; of one that began before, not a word of where and with how much."""
    begins, ends = {one.first for one in shown}, {one.last for one in shown}
    return [
        one if one.after in ends else replace(one, after=None, missing=None, duration_s=None)
        for one in breaks
        if one.before in begins
    ]


def _explained(breaks: Sequence[Break], gaps: Sequence[_Told], order: Mapping[str, int]) -> list[Break]:
    """Each with its reason; `breaks`: in the order of their time."""
    found: list[Break] = []
    ended_by: dict[_Place, str] = {}
    for gap in gaps:
        # nobody knows what was before it: it explains the break that it ends, and no other
        if gap.after is None and gap.reason in ALSO_BEFORE:
            ended_by.setdefault(gap.before, gap.reason)
    for one, around in zip(breaks, _covering(breaks, gaps, order), strict=True):
        if around is None:
            found.append(replace(one, reason=ended_by.get(_place(one.before, order)) or _said_by_reading(one)))
        else:
            lasted_s = one.duration_s if around.duration_s is None else around.duration_s
            found.append(replace(one, duration_s=lasted_s, reason=around.reason))
    return found


def _said_by_reading(one: Break) -> str | None:
    """Of time that is missing within a run the reading behind it tells the reason, where no gap does."""
    within = one.after is not None and one.after.boot == one.before.boot and one.missing == 0
    return SAMPLES_LOST if within and one.before.overrun else None


def _covering(breaks: Sequence[Break], gaps: Sequence[_Told], order: Mapping[str, int]) -> Iterator[_Told | None]:
    """For each break the gap around it that begins last, of several such the one told first.

    Breaks come one behind the other. So a gap that ends before one of them ends covers none of the later ones either,
    and what has begun and is not dropped lies in the order of its beginnings: the last one is the one wanted.
    """
    numbered = [(gap.after, -number, gap) for number, gap in enumerate(gaps) if gap.after is not None]
    waiting = sorted(numbered, key=lambda one: one[:2], reverse=True)
    begun: list[_Told] = []
    for one in breaks:
        if one.after is None:
            yield None
            continue
        after, before = _place(one.after, order), _place(one.before, order)
        while waiting and waiting[-1][0] <= after:
            begun.append(waiting.pop()[2])
        while begun and begun[-1].before < before:
            begun.pop()
        yield begun[-1] if begun else None


def _follows_something(first: End, gaps: Sequence[object]) -> bool:
    """Whether the unit tells of a reading before the first one that is stored."""
    for gap in gaps:
        match gap:
            case {"event": {"after": {}, "before": {"boot": first.boot, "sequence": first.sequence}}}:
                return True
            case _:
                pass
    return False


def _content(body: str) -> object:
    found: object = json.loads(body)
    return found


def _gap(body: object, order: Mapping[str, int]) -> _Told | None:
    match body:
        case {"event": {"reason": str(reason)}}:
            told = cast("Mapping[str, Mapping[str, object]]", body)["event"]
        case _:
            return None
    lasted_s = told.get("duration_s")
    begin, end = _mark(told.get("after"), order), _mark(told.get("before"), order)
    if end is None or (begin is None and told.get("after") is not None):
        return None  # of a run that is not stored: where it lies is not known, so it explains nothing
    return _Told(reason, begin, end, lasted_s if isinstance(lasted_s, (int, float)) else None)


def _mark(mark: object, order: Mapping[str, int]) -> _Place | None:
    match mark:
        case {"boot": str(boot), "sequence": int(sequence)} if boot in order:
            return order[boot], sequence
        case _:
            return None


def _place(end: End, order: Mapping[str, int]) -> _Place:
    return order[end.boot], end.sequence
