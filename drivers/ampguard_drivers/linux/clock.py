"""Time on a real board."""

from __future__ import annotations

import threading
import time


class MonotonicClock:
    """`bus.Clock` by CLOCK_MONOTONIC, the same clock that stamps the kernel's GPIO events."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary moment."""
        return time.monotonic_ns()

    def pause(self, duration_s: float) -> None:
        """Return when that much time has passed."""
        threading.Event().wait(duration_s)  # an event that nobody sets
