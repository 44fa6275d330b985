"""Wall time with its quality; durations are never made of it."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

_SYNCHRONISED_MARK = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd at its first success, and never taken away."""
_SET_FROM_RTC = Path("/sys/class/rtc/rtc0/hctosys")
HOST_KEEPS_TIME = "AMPGUARD_CLOCK"
"""Environment: "host" where another system keeps this one's time (a container, a bench) and cannot be asked."""
_TIME_ERROR = 5
_KERNEL_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LOOK_NS = 5_000_000_000
PLAUSIBLE_FROM = datetime(2025, 1, 1, tzinfo=UTC)
"""No unit is older: a wall clock that says something earlier was never set."""


class ClockQuality(StrEnum):
    """How far the wall clock of a stamp can be trusted."""

    SYNCHRONISED = "synchronised"
    HOLDOVER = "holdover"
    """Was set by something better, and runs on by itself."""
    UNSYNCHRONISED = "unsynchronised"
    """Nobody has set it since the start: a system without a battery-backed clock begins where it was switched off."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment by all clocks."""

    monotonic_ns: int
    wall_s: float
    """Seconds since 1970, for deciding which interval it belongs to."""
    utc: str | None
    """ISO 8601 with offset; None where no clock was ever set."""
    quality: ClockQuality


class SystemClock:
    """The system's wall clock, its quality looked up every few seconds."""

    def __init__(self) -> None:
        self._looked_ns: int | None = None
        self._quality = ClockQuality.UNSYNCHRONISED

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for a moment that is just past."""
        now_ns = time.monotonic_ns()
        if self._looked_ns is None or now_ns - self._looked_ns > _LOOK_NS:
            self._looked_ns, self._quality = now_ns, quality(self._quality)
        utc = utc_at(monotonic_ns)
        unset = self._quality is ClockQuality.UNSYNCHRONISED
        return Stamp(
            monotonic_ns, utc.timestamp(), None if unset else utc.isoformat(timespec="milliseconds"), self._quality
        )


def boot_name() -> str:
    """A new name for this run of the process; never the same twice."""
    return os.urandom(8).hex()


def kernel_boot() -> str | None:
    """Names the run of the system (proc(5)), within which there is one monotonic clock; None where it does not tell."""
    try:
        return _KERNEL_BOOT.read_text().strip() or None
    except OSError:
        return None


def quality(before: ClockQuality = ClockQuality.UNSYNCHRONISED) -> ClockQuality:
    """Whether the system's clock is set by something better than itself.

    Args:
        before: what it was when last looked at: a clock that was synchronised once holds over.
    """
    disciplined, marked = _kernel_says_synchronised(), _SYNCHRONISED_MARK.exists()
    if disciplined or (disciplined is None and marked):
        return ClockQuality.SYNCHRONISED
    was_set = (
        marked
        or before is not ClockQuality.UNSYNCHRONISED
        or _set_from_rtc()
        or os.environ.get(HOST_KEEPS_TIME) == "host"
    )
    if was_set and datetime.now(UTC) >= PLAUSIBLE_FROM:
        return ClockQuality.HOLDOVER
    return ClockQuality.UNSYNCHRONISED


def utc_at(monotonic_ns: int) -> datetime:
    """The system's clock at a moment of the monotonic clock that is just past."""
    return datetime.now(UTC) - timedelta(microseconds=(time.monotonic_ns() - monotonic_ns) / 1000)


def _set_from_rtc() -> bool:
    try:
        return _SET_FROM_RTC.read_text().strip() == "1"
    except OSError:
        return False


def _kernel_says_synchronised() -> bool | None:
    """adjtimex(2) returns TIME_ERROR while no daemon disciplines the clock; None: it may not be asked.

    The kernel takes a clock for lost when its error may be 16 s: nine hours after the last answer of a server.
    """
    if os.name != "posix":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(208)  # struct timex with all modes 0: read only
    state: int = library.adjtimex(buffer)
    return None if state < 0 else state < _TIME_ERROR
