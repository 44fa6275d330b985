"""The one button, as events: waits for the line while it is up, looks at it regularly while it is down."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ampguard_drivers.bus import Level
from ampguard_drivers.button.press import ButtonEvent, PressTable

if TYPE_CHECKING:
    from ampguard_drivers.bus import Clock, InputLine

_DEBOUNCE_S = 0.03
_LOOK_S = 0.01


class Button:
    """The button of a panel."""

    def __init__(self, line: InputLine, clock: Clock, *, hold_stages_s: tuple[float, ...] = ()) -> None:
        self._line = line
        self._clock = clock
        self._table = PressTable(debounce_s=_DEBOUNCE_S, hold_stages_s=hold_stages_s)
        self._events: deque[ButtonEvent] = deque()

    def wait(self, timeout_s: float) -> ButtonEvent | None:
        """The next event; None if there is none within `timeout_s`."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        while not self._events:
            left_s = (deadline_ns - self._clock.now_ns()) / 1e9
            if left_s <= 0.0:
                return None
            if self._table.is_settled_up:
                if not self._line.wait_low(left_s):
                    return None
            else:
                self._clock.pause(min(_LOOK_S, left_s))
            low = self._line.level() is Level.LOW
            self._events.extend(self._table.observe(self._clock.now_ns(), low=low))
        return self._events.popleft()
