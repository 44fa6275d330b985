"""Something that lasts, told at its beginning and at its end; and how long a finding has held without a break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ampguard.readings import Measurement

_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Told(Generic[_E]):
    """An event with the moment it began or ended at."""

    start_s: float
    """Seconds since the first sample of the stream, as windows count."""
    event: _E


class Streak:
    """A finding, window after window."""

    def __init__(self) -> None:
        self.since_s: float | None = None
        """Start of the first window in which it held; None: it does not hold."""
        self.held_s = 0.0

    def follow(self, measurement: Measurement, *, holds: bool) -> None:
        """One window more."""
        if not holds:
            self.since_s, self.held_s = None, 0.0
            return
        if self.since_s is None:
            self.since_s = measurement.start_s
        self.held_s += measurement.duration_s

    def lasted(self, wanted_s: float) -> bool:
        """Whether it has held for so long."""
        return self.since_s is not None and self.held_s >= wanted_s
