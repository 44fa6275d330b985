"""Notices when the wall clock is set, or steps: held against the monotonic clock, once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.clock import ClockQuality
from ampguard.events import ClockChange, ClockMove

if TYPE_CHECKING:
    from ampguard.clock import Stamp

LEAST_S = 0.5
"""A disciplined clock is slewed by at most 0.5 ms a second (adjtimex(2)); a jump of so much is a step."""
_NS = 1e9


class ClockWatch:
    """Follows the stamps of consecutive readings."""

    def __init__(self, kernel_boot: str | None) -> None:
        self._kernel_boot = kernel_boot
        self._lead_s: float | None = None
        """By how much the wall clock was ahead of the monotonic one."""
        self._trusted = False

    def follow(self, stamp: Stamp) -> ClockChange | None:
        """The next stamp; what the clock did since the one before."""
        lead_s = stamp.wall_s - stamp.monotonic_ns / _NS
        first = self._lead_s is None
        step_s = 0.0 if self._lead_s is None else lead_s - self._lead_s
        was_trusted, self._trusted = self._trusted, stamp.quality is not ClockQuality.UNSYNCHRONISED
        self._lead_s = lead_s
        if not self._trusted or stamp.utc is None or first:
            return None
        if was_trusted and abs(step_s) < LEAST_S:
            return None
        return ClockChange(
            move=ClockMove.STEPPED if was_trusted else ClockMove.SET,
            step_s=round(step_s, 3),
            utc=stamp.utc,
            monotonic_ns=stamp.monotonic_ns,
            kernel_boot=self._kernel_boot,
        )
