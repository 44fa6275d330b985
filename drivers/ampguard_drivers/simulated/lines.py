"""GPIO lines of a simulated board: levels that both sides can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.bus import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.simulated.clocks import RealClock, VirtualClock


class SimulatedLine:
    """A line; for the unit it is an input or an output, for the board it is whatever drives it."""

    def __init__(self, level: Level, clock: RealClock | VirtualClock) -> None:
        self._level = level
        self._clock = clock
        self._watchers: list[Callable[[Level, int], None]] = []

    def level(self) -> Level:
        """The level now."""
        return self._level

    def drive(self, level: Level) -> None:
        """Set the level; whoever watches is told."""
        self.set_at(level, self._clock.now_ns())

    def set_at(self, level: Level, monotonic_ns: int) -> None:
        """Set the level as of that moment."""
        if level is not self._level:
            self._level = level
            for watcher in self._watchers:
                watcher(level, monotonic_ns)

    def watch(self, callback: Callable[[Level, int], None]) -> None:
        """Have `callback(level, monotonic_ns)` called at each change."""
        self._watchers.append(callback)

    def close(self) -> None:
        """Nothing to give back."""


class WaitedLine:
    """A line as the unit's input: waiting lets the board's time pass."""

    def __init__(
        self,
        line: SimulatedLine,
        clock: RealClock | VirtualClock,
        live_until: Callable[[int], None],
        next_event_ns: Callable[[], int],
    ) -> None:
        self._line, self._clock = line, clock
        self._live_until, self._next_event_ns = live_until, next_event_ns

    def level(self) -> Level:
        """The level at this moment of the board's time."""
        self._live_until(self._clock.now_ns())
        return self._line.level()

    def wait_low(self, timeout_s: float) -> bool:
        """See `bus.InputLine`."""
        deadline_ns = self._clock.now_ns() + round(max(0.0, timeout_s) * 1e9)
        while self.level() is Level.HIGH:
            now_ns = self._clock.now_ns()
            if now_ns >= deadline_ns:
                return False
            self._clock.jump_to(min(max(self._next_event_ns(), now_ns + 1), deadline_ns))
        return True

    def close(self) -> None:
        """Nothing to give back."""
