"""What is known about the wiring, for lights, pages and reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """State of the voltage terminals, or of the current transformers, as a whole."""

    RIGHT = "right"
    WRONG = "wrong"
    """Wrong phase order; for currents also a CT on the wrong phase or reversed."""
    ABSENT = "absent"
    """Not connected, or not all that should be."""
    UNDECIDED = "undecided"
    """Not known yet; a light keeps its last state."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The wiring as far as it is known."""

    voltage: Condition
    current: Condition
    sentence: str
    """The reason, in one sentence with numbers."""
    decides_with_a: float | None
    """Amperes per phase that would decide what is still undecided; None when nothing is."""
