"""What a button's level over time means: pressed, held for so long, released. Pure; contact bounce is ignored.

    is     sees    for                     becomes   says
    UP     low     debounce_s              DOWN      PRESSED
    DOWN   low     the next hold stage     DOWN      HELD (with the stage, 1 for the first)
    DOWN   high    debounce_s              UP        RELEASED (with the duration and the last stage)

A glitch shorter than the debounce time says nothing. Durations count from the first low to the first high.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise


class Action(Enum):
    """What the button did."""

    PRESSED = "pressed"
    HELD = "held"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class ButtonEvent:
    """Something the button did."""

    action: Action
    duration_s: float
    """Since it was pressed."""
    stage: int
    """How many of the hold stages were reached; 0 = a short press so far."""


class PressTable:
    """The table above, with the times filled in."""

    def __init__(self, *, debounce_s: float, hold_stages_s: tuple[float, ...]) -> None:
        if any(later <= earlier for earlier, later in pairwise((debounce_s, *hold_stages_s))):
            raise ValueError(f"hold stages rise, and are longer than the debounce time: {hold_stages_s}")
        self._debounce_ns = round(debounce_s * 1e9)
        self._stages_ns = tuple(round(stage * 1e9) for stage in hold_stages_s)
        self._down = False
        self._contrary_ns: int | None = None
        """Since when the level contradicts the state."""
        self._pressed_ns = 0
        self._stage = 0

    @property
    def is_settled_up(self) -> bool:
        """Whether nothing can happen until the level goes low."""
        return not self._down and self._contrary_ns is None

    def observe(self, now_ns: int, *, low: bool) -> list[ButtonEvent]:
        """Take in the level at a moment (moments never go back); what that means, usually nothing."""
        if low == self._down:
            self._contrary_ns = None
            return self._held(now_ns) if self._down else []
        if self._contrary_ns is None:
            self._contrary_ns = now_ns
        if now_ns - self._contrary_ns < self._debounce_ns:
            return []
        changed_ns, self._contrary_ns = self._contrary_ns, None
        self._down = low
        if low:
            self._pressed_ns, self._stage = changed_ns, 0
            return [self._event(Action.PRESSED, now_ns), *self._held(now_ns)]
        return [self._event(Action.RELEASED, changed_ns)]

    def _held(self, now_ns: int) -> list[ButtonEvent]:
        events: list[ButtonEvent] = []
        while self._stage < len(self._stages_ns) and now_ns - self._pressed_ns >= self._stages_ns[self._stage]:
            self._stage += 1
            events.append(self._event(Action.HELD, now_ns))
        return events

    def _event(self, action: Action, at_ns: int) -> ButtonEvent:
        return ButtonEvent(action, (at_ns - self._pressed_ns) / 1e9, self._stage)
