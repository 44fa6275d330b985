"""Wall time with its quality; durations are never made of it."""

from __future__ import annotations

import ctypes
import os
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

_SYNCHRONISED_MARK = Path("/run/systemd/timesync/synchronized")
_TIME_ERROR = 5
_PLAUSIBLE_FROM = datetime(2025, 1, 1, tzinfo=UTC)


class ClockQuality(StrEnum):
    """How far the wall clock of a stamp can be trusted."""

    SYNCHRONISED = "synchronised"
    HOLDOVER = "holdover"
    UNSYNCHRONISED = "unsynchronised"


def boot_name() -> str:
    """A new name for this run of the process; never the same twice."""
    return secrets.token_hex(8)


def quality() -> ClockQuality:
    """Whether the system's clock is set by something better than itself."""
    if _SYNCHRONISED_MARK.exists() or _kernel_says_synchronised():
        return ClockQuality.SYNCHRONISED
    if datetime.now(UTC) >= _PLAUSIBLE_FROM:
        return ClockQuality.HOLDOVER
    return ClockQuality.UNSYNCHRONISED


def now_utc() -> datetime:
    """Now, by the system's clock."""
    return datetime.now(UTC)


def _kernel_says_synchronised() -> bool:
    """adjtimex(2) returns TIME_ERROR while no daemon disciplines the clock."""
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(208)  # struct timex with all modes 0: read only
    state: int = library.adjtimex(buffer)
    return 0 <= state < _TIME_ERROR
