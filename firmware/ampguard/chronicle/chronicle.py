"""Gives each event its number and its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.events import KINDS, Occurrence

if TYPE_CHECKING:
    from ampguard.clock import Stamp
    from ampguard.events import Event


class Chronicle:
    """The events of one run of the meter; the one maker of `Occurrence`."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._count = 0

    def occurrence(self, stamp: Stamp, event: Event) -> Occurrence:
        """The event that began at that moment, numbered."""
        self._count += 1
        return Occurrence(
            boot=self._boot,
            sequence=self._count,
            kind=KINDS[type(event)],
            start_utc=stamp.utc,
            start_monotonic_ns=stamp.monotonic_ns,
            clock_quality=stamp.quality,
            event=event,
        )
