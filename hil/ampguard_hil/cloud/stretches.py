"""Where readings follow each other without a break: kept beside them, so that an account of a year is a few rows.

Only the first reading of each stretch is written down; where it ends is found in the readings' own key. So a block that
goes on where the one before ended writes nothing here. What a block may have changed, that is its own readings and the
one after each run of them, is decided anew from what is stored, in the transaction that stores it: whichever blocks
come, in whatever order and how often, the table says of the readings what a look at all of them would say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ampguard.readings import Interval, Quality
from ampguard_hil.cloud.columns import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from ampguard_hil.cloud.arrived import Received, Row

    Run: TypeAlias = "tuple[str, str, str, int, int]"
    """Serial, interval and boot; the first and the last of so many numbers without one left out."""

_INTERVAL, _QUALITY = 1, 5
_MONOTONIC_NS, _DURATION_S = (6 + NAMES.index(name) for name in ("monotonic_ns", "duration_s"))
"""Where they are in a row."""
SAYS_SO = f'"{Quality.OVERRUN}"'
"""In the quality of a reading before which, or within which, samples were lost."""
OUTDATED = "DROP TABLE IF EXISTS stretch"
"""As it was called when readings that say so began none: made anew, under a name that no program of then writes to."""
_NEIGHBOURS = """
SELECT reading.serial, reading.interval, reading.boot, sequence, monotonic_ns, duration_s, quality,
    lag(sequence) OVER run AS before, lag(monotonic_ns) OVER run AS before_ns"""
# a reading begins a stretch where its number does not follow, or its time does not, or where it says so itself
BEGINS = f"""before IS NULL OR sequence > before + 1 OR monotonic_ns - before_ns > duration_s * 1e9 + 5e8
    OR (interval = '{Interval.SECOND}' AND replace(quality, '{SAYS_SO}', '') <> quality)"""
_RUN = "WINDOW run AS (PARTITION BY reading.serial, reading.interval, reading.boot ORDER BY sequence)"
FILL = f"""
INSERT INTO unbroken (serial, interval, boot, first_sequence)
SELECT serial, interval, boot, sequence FROM ({_NEIGHBOURS} FROM reading {_RUN}) AS neighbours WHERE {BEGINS}"""  # noqa: S608 - ours
"""Of all that is stored: for a store from before there was this table, called so."""
FORGET = "DELETE FROM unbroken WHERE serial = ? AND interval = ? AND boot = ? AND first_sequence BETWEEN ? AND ? + 1"
FIND = f"""
INSERT INTO unbroken (serial, interval, boot, first_sequence)
SELECT serial, interval, boot, sequence FROM ({_NEIGHBOURS} FROM reading
    WHERE serial = ? AND interval = ? AND boot = ? AND sequence BETWEEN ? - 1 AND ? + 1 {_RUN}) AS neighbours
WHERE sequence >= ? AND ({BEGINS})"""  # noqa: S608 - ours
"""Of a run, whose first number comes once more at the end."""
_RUNS = """(SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[]))
    AS brought (serial, interval, boot, first, last)"""
FORGET_ALL = f"""
DELETE FROM unbroken USING {_RUNS} WHERE unbroken.serial = brought.serial AND unbroken.interval = brought.interval
    AND unbroken.boot = brought.boot AND first_sequence BETWEEN first AND last + 1"""  # noqa: S608 - ours
"""As FORGET, of many runs at once: a list of each part of them."""
FIND_ALL = f"""
INSERT INTO unbroken (serial, interval, boot, first_sequence)
SELECT serial, interval, boot, sequence FROM (
    {_NEIGHBOURS.strip()}, first FROM {_RUNS} JOIN reading ON
        reading.serial = brought.serial AND reading.interval = brought.interval AND reading.boot = brought.boot
        AND sequence BETWEEN first - 1 AND last + 1
    WINDOW run AS (PARTITION BY reading.serial, reading.interval, reading.boot, first ORDER BY sequence)) AS neighbours
WHERE sequence >= first AND ({BEGINS})"""  # noqa: S608 - ours
"""As FIND, of many runs at once."""


def touched(blocks: Iterable[Received], *, all_new: bool) -> list[Run]:
    """Where it must be decided anew what begins a stretch, in order; none touches another.

    `all_new`: none of the blocks' readings was stored before. Then within a block that leaves nothing out there is
    nothing to look for: what is stored is the block itself, and only its two ends meet what others brought.
    """
    found: list[Run] = []
    runs = (run for block in blocks for run in _of_block(block.rows, all_new=all_new))
    for serial, interval, boot, first, last in sorted(runs):
        if found and found[-1][:3] == (serial, interval, boot) and first <= found[-1][4] + 1:
            found[-1] = (serial, interval, boot, found[-1][3], max(last, found[-1][4]))
        else:
            found.append((serial, interval, boot, first, last))
    return found


def _of_block(rows: Sequence[Row], *, all_new: bool) -> Iterator[Run]:
    serial, interval, boot, first = (cast("Any", one) for one in rows[0][:4])
    last = first + len(rows) - 1
    if [row[1:4:2] for row in rows] != [(interval, number) for number in range(first, last + 1)]:
        for row in rows:
            of, among, run, number = (cast("Any", one) for one in row[:4])
            yield of, among, run, number, number
    elif all_new and _is_smooth(rows):  # as nearly all are
        yield serial, interval, boot, first, first
        yield serial, interval, boot, last, last
    else:
        yield serial, interval, boot, first, last


def _is_smooth(rows: Sequence[Row]) -> bool:
    """Whether surely nothing is left out: what BEGINS asks of two neighbours."""
    moments = [cast("Any", row[_MONOTONIC_NS]) for row in rows]
    lasting = [cast("Any", row[_DURATION_S]) for row in rows]
    if None in moments or None in lasting:
        return False
    if any(row[_INTERVAL] == Interval.SECOND and SAYS_SO in cast("str", row[_QUALITY]) for row in rows[1:]):
        return False
    neighbours = zip(moments, moments[1:], lasting[1:], strict=False)
    return all(after - before <= lasts_s * 1e9 + 5e8 for before, after, lasts_s in neighbours)
