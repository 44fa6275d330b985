"""When a sample was taken, by the monotonic clock: blocks tell when they were complete, but only late, never early."""

from __future__ import annotations

DRIFT_RATIO = 300e-6
"""By so much the chip's oscillator and the system's may differ at most."""


class TimeBase:
    """Follows the earliest arrivals: what a busy system adds to some of them is not taken for time."""

    def __init__(self, sample_rate_hz: float) -> None:
        self._ns_per_sample = 1e9 / sample_rate_hz
        self._samples = 0
        self._first_ns: float | None = None
        """When the stream's first sample was taken, as far as the latest blocks tell."""

    def follow(self, samples: int, lost_samples: int, complete_ns: int) -> None:
        """A block more: so many samples, after so many that are missing, complete at that moment."""
        self._samples += lost_samples + samples
        told_ns = complete_ns - self._samples * self._ns_per_sample
        if self._first_ns is None or lost_samples:
            # how many are missing is not known to the sample
            self._first_ns = told_ns
        else:
            self._first_ns = min(told_ns, self._first_ns + DRIFT_RATIO * samples * self._ns_per_sample)

    def moment_ns(self, stream_s: float) -> int:
        """The monotonic clock at a moment of the stream, seconds since its first sample."""
        return round((self._first_ns or 0.0) + stream_s * 1e9)
