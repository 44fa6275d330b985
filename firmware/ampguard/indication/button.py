"""What a press of the button does, by how long it lasts: a table, and the lights that tell it while it is held.

    held for at least     released then                     lights while held
    0 s                   restart                           as before
    3 s                   open the access point again       communication blinks blue, slowly
    10 s                  factory reset                     voltage and current blink red, quickly
    20 s                  nothing: the way out              the logo alone; after a while as before

Nothing happens before the button is let go: who sees the wrong lights holds on until the way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.indication.pattern import LOGO, LOGO_AND_BLUE, LOGO_AND_RED, OUT, Pattern
from ampguard_drivers.lights.panel import DARK

if TYPE_CHECKING:
    from collections.abc import Mapping


class Wish(StrEnum):
    """What somebody at the button wants; told on the lights' feed by these words."""

    REBOOT = "reboot"
    ACCESS_POINT = "access-point"
    FACTORY_RESET = "factory-reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a hold; it ends where the next one begins."""

    from_s: float
    """Held for so long at least."""
    wish: Wish | None
    """What comes when the button is let go now; None: nothing."""
    shown: Pattern | None
    """While it is held; None: the lights stay as they are."""


STAGES: tuple[Stage, ...] = (
    Stage(from_s=0.0, wish=Wish.REBOOT, shown=None),
    Stage(from_s=3.0, wish=Wish.ACCESS_POINT, shown=Pattern(LOGO_AND_BLUE, LOGO, 0.5)),
    Stage(from_s=10.0, wish=Wish.FACTORY_RESET, shown=Pattern(LOGO_AND_RED, LOGO, 0.25)),
    Stage(from_s=20.0, wish=None, shown=Pattern(LOGO, LOGO, 1.0)),
)
WAY_OUT_S = 3.0
"""So long the way out is shown, then the usual again: a button that is stuck must not hide what the lights are for."""
HOLDS_S: tuple[float, ...] = tuple(stage.from_s for stage in STAGES[1:])
"""What the button's driver is told."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lights say to a wish."""

    shown: Pattern
    lasts_s: float


ANSWERS: Mapping[Wish, Answer] = MappingProxyType({
    Wish.REBOOT: Answer(OUT, 0.5),
    Wish.ACCESS_POINT: Answer(Pattern(LOGO_AND_BLUE, LOGO_AND_BLUE, 1.0), 3.0),
    Wish.FACTORY_RESET: Answer(Pattern(LOGO_AND_RED, LOGO_AND_RED, 1.0), 2.0),
})  # fmt: skip
"""At once; what was wished is done behind it."""
ENDING = Answer(OUT, 90.0)
"""The system goes down and takes this light with it; where it never does, nobody shall stand before a dark box."""
REFUSED = Answer(Pattern(LOGO, DARK, 0.25), 2.0)
"""It cannot be done; the log says why."""
