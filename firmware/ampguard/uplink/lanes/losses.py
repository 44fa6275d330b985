"""Readings that the journal no longer has when their turn comes: told as gaps, so that the cloud can explain them.

The meter tells of what was never kept. What was kept and is gone only shows on the way to a destination that was away
for too long, or where the medium has damaged a block. What a cloud can never store is told likewise, though the journal
still has it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.chronicle.chronicle import Chronicle
from ampguard.clock import SystemClock, boot_name
from ampguard.events import Gap, GapReason, Mark
from ampguard.readings import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

    Name: TypeAlias = "tuple[str, int]"
    """Boot and sequence of a reading."""


MOST = 100
"""How many are remembered."""


class Losses:
    """The gaps that one destination is told of; found again over a new connection, the same one is the same event."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._known: dict[tuple[GapReason, Name | None, Name], Mapping[str, Json]] = {}

    def event(self, reason: GapReason, after: Name | None, before: Name) -> Mapping[str, Json]:
        """The event that tells of it."""
        key = (reason, after, before)
        if key not in self._known:
            if len(self._known) >= MOST:  # only the latest can be met again
                del self._known[next(iter(self._known))]
            gap = Gap(reason=reason, after=_mark(after), before=_mark(before), duration_s=None)
            # each in a count of its own: if one is never told, none is missing
            occurrence = Chronicle(boot_name()).occurrence(self._clock.stamp(time.monotonic_ns()), gap)
            self._known[key] = cast("Mapping[str, Json]", as_json(occurrence))
        return self._known[key]


def reason_of(latest: Name | None, first: Name, *, damaged: bool, oldest: bool, refused: bool) -> GapReason | None:
    """Why readings between the latest one that was sent and the next one are gone; None where none are.

    Args:
        latest: the latest one; None where none ever was.
        first: the next one.
        damaged: whether something damaged lies between them, or the journal of the latest one is gone.
        oldest: whether the journal had something before the next one, and has no more.
        refused: whether something that the destination refuses lies between them.
    """
    if latest is not None and latest[0] == first[0] and latest[1] + 1 == first[1]:
        return None
    if damaged:
        return GapReason.JOURNAL_DAMAGED
    if oldest:
        return GapReason.EXPIRED
    return GapReason.REFUSED if refused else None


def _mark(name: Name | None) -> Mark | None:
    return None if name is None else Mark(boot=name[0], sequence=name[1], end_utc=None, monotonic_ns=None)
