"""Time of a simulated board: virtual, moving as fast as it can be computed, or the real one."""

from __future__ import annotations

import threading
import time

EPOCH_NS = 1_000_000_000
"""Virtual time does not begin at 0, so that nobody takes 0 for "never"."""


class VirtualClock:
    """Time that passes only when somebody waits for it or a transfer takes it."""

    virtual = True

    def __init__(self) -> None:
        self._now_ns = EPOCH_NS

    def now_ns(self) -> int:
        """Nanoseconds since the board was made, plus EPOCH_NS."""
        return self._now_ns

    def pause(self, duration_s: float) -> None:
        """Let so much time pass at once."""
        self._now_ns += max(0, round(duration_s * 1e9))

    def jump_to(self, moment_ns: int) -> None:
        """Let time pass until then; never back."""
        self._now_ns = max(self._now_ns, moment_ns)


class RealClock:
    """The machine's monotonic clock."""

    virtual = False

    def __init__(self) -> None:
        self._never = threading.Event()

    def now_ns(self) -> int:
        """The machine's monotonic nanoseconds."""
        return time.monotonic_ns()

    def pause(self, duration_s: float) -> None:
        """Wait."""
        self._never.wait(max(0.0, duration_s))

    def jump_to(self, moment_ns: int) -> None:
        """Wait until then."""
        self.pause((moment_ns - time.monotonic_ns()) / 1e9)
