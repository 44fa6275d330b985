"""When the unit's own access point is open. Pure: seconds of the monotonic clock in, an answer out.

Open for ten minutes after power-on; as long as somebody is logged in; again when the button or the page asks. A login
opens nothing: only what is open is held open. It is closed early only when that is asked for, or when the radio is
needed for the network that was joined.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

OPEN_S = 600.0
"""After power-on, and whenever it is asked for (manual 003, 6.2)."""
HELD_S = 300.0
"""After the last sign of somebody who is logged in."""


@dataclass(frozen=True, slots=True)
class Window:
    """Until when it is open."""

    until_s: float

    def is_open(self, now_s: float) -> bool:
        """Whether it is open."""
        return now_s < self.until_s

    def left_s(self, now_s: float) -> float | None:
        """How long it stays open; None: it is closed."""
        return self.until_s - now_s if self.is_open(now_s) else None

    def opened(self, now_s: float) -> Window:
        """Asked for: by the button, the page, or a join that failed."""
        return replace(self, until_s=max(self.until_s, now_s + OPEN_S))

    def held(self, now_s: float) -> Window:
        """Somebody who is logged in gave a sign of life."""
        return replace(self, until_s=max(self.until_s, now_s + HELD_S)) if self.is_open(now_s) else self

    def found(self, now_s: float) -> Window:
        """The access point was open when this process began: somebody may be using it."""
        return replace(self, until_s=max(self.until_s, now_s + HELD_S))

    def closed(self, now_s: float) -> Window:
        """Closed on request, or because the radio is needed."""
        return replace(self, until_s=min(self.until_s, now_s))


def at_power_on(power_on_s: float) -> Window:
    """The window that power-on opens; `power_on_s` is that moment by the monotonic clock."""
    return Window(until_s=power_on_s + OPEN_S)
