"""How much the journal keeps, and what of it goes first: statements for its writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.readings import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEPT_READINGS = {
    Interval.SECOND: 700_000,
    Interval.CYCLES_150: 0,
    Interval.MINUTE: 600_000,
    Interval.MINUTES_10: 60_000,
    Interval.MINUTES_15: 40_000,
}
"""How many of each are kept: a week of seconds, thirteen months of all that is longer."""
LARGEST_BYTES = 500_000_000
"""Of the database: above it the oldest seconds go first, and with them the events that are more than those left."""
KEPT_NOTES = 20_000
"""Of each kind; of events, as many more as there are seconds: each of these may have one that explains it."""
_THINNED_BLOCKS = 100
# in two parts: that many events are not read through for this
KINDS = "SELECT DISTINCT kind FROM note WHERE kind < 'event' UNION SELECT DISTINCT kind FROM note WHERE kind > 'event'"
"""All but events."""
_READINGS = "DELETE FROM block WHERE interval = ? AND last_position <= ?"
_NOTES = (
    "DELETE FROM note WHERE kind = ?1 AND position <= "
    "(SELECT position FROM note WHERE kind = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2)"
)
# told by positions, which all kinds share: counting them so often would take too long
_EVENTS = (
    "DELETE FROM note WHERE kind = 'event' AND position <= (SELECT max(position) FROM note) - ?1 - "
    "coalesce(?2 - (SELECT first_position FROM block WHERE interval = ?3 ORDER BY last_position LIMIT 1), 0)"
)
_EACH_SECOND = (
    "DELETE FROM block WHERE interval = ?1 AND last_position IN "
    "(SELECT last_position FROM block WHERE interval = ?1 ORDER BY last_position LIMIT ?2)"
)


def too_many(following: Mapping[Interval, int], kinds: Iterable[str]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What goes because there is so much behind it: by each interval's next position; events, and these other kinds."""
    for interval, kept in KEPT_READINGS.items():
        if kept:
            yield _READINGS, (interval.value, following.get(interval, 1) - 1 - kept)
    for kind in kinds:
        yield _NOTES, (kind, KEPT_NOTES)
    yield _EVENTS, (KEPT_NOTES, following.get(Interval.SECOND, 1), Interval.SECOND.value)


def too_large(used_bytes: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What goes because the database has so many bytes."""
    if used_bytes > LARGEST_BYTES:
        yield _EACH_SECOND, (Interval.SECOND.value, _THINNED_BLOCKS)
