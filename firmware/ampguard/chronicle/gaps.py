"""Which readings are not there, and why: between two runs of the meter, and within one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.events import Gap, GapReason, Mark
from ampguard.readings import Quality

if TYPE_CHECKING:
    from ampguard.readings import Reading

LEAST_S = 0.5
"""Readings of one run so far apart have lost samples between them, whatever they say themselves."""
LOST_ALL = frozenset((GapReason.NEW_JOURNAL, GapReason.JOURNAL_DAMAGED))
_NS = 1e9


def why_ended(*, kernel_boot: str | None, earlier_kernel_boot: str | None, in_order: bool) -> GapReason:
    """Why there was nothing between the end of the run before and this one.

    Args:
        kernel_boot: this run of the system; None where it does not tell.
        earlier_kernel_boot: that of the run before.
        in_order: whether the run before noted its end.
    """
    if kernel_boot is None or earlier_kernel_boot is None:
        return GapReason.UNKNOWN
    if kernel_boot == earlier_kernel_boot:
        return GapReason.STOPPED if in_order else GapReason.RESTART
    return GapReason.SHUT_DOWN if in_order else GapReason.POWER_OFF


def mark(reading: Reading) -> Mark:
    """The name of a reading."""
    return Mark(
        boot=reading.boot, sequence=reading.sequence, end_utc=reading.end_utc, monotonic_ns=reading.monotonic_ns
    )


class GapWatch:
    """Follows the readings of a second as they are kept.

    Args:
        earlier: the last one of the run before; None where there is none.
        why: the reason of the gap between that and the first one.
        same_clock: whether the monotonic clock ran through.
    """

    def __init__(self, earlier: Mark | None, why: GapReason, *, same_clock: bool) -> None:
        self._latest = earlier
        self._why: GapReason | None = why
        self._same_clock = same_clock

    def follow(self, reading: Reading) -> Gap | None:
        """The next reading that is kept; the gap before it, if there is one."""
        before, (latest, why) = mark(reading), (self._latest, self._why)
        between_s = None
        if latest is not None and latest.monotonic_ns is not None and self._same_clock:
            between_s = (reading.monotonic_ns - latest.monotonic_ns) / _NS - reading.duration_s
        self._latest, self._why, self._same_clock = before, None, True
        if why is None and latest is not None:
            if reading.sequence > latest.sequence + 1:
                why = GapReason.STORAGE_FULL
            elif Quality.OVERRUN in reading.quality or (between_s is not None and between_s > LEAST_S):
                why = GapReason.SAMPLES_LOST
        elif why is not None and reading.sequence > 1 and why not in LOST_ALL:
            why = GapReason.STORAGE_FULL  # this run has measured what it could not keep
        if why is None:
            return None
        duration_s = None if between_s is None else round(max(between_s, 0.0), 3)
        return Gap(reason=why, after=latest, before=before, duration_s=duration_s)
