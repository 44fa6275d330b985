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


class Anew(StrEnum):
    """Why what was known of the wiring does not count any more, until there is another verdict."""

    ASSIGNMENT = "assignment"
    """Inputs are taken to measure something else."""
    SETTINGS = "settings"
    """The installation is another one: grid type, terminals, generation on site."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The wiring as far as it is known."""

    voltage: Condition
    current: Condition
    sentence: str
    """The reason, in one sentence with numbers."""
    decides_with_a: float | None
    """Amperes per phase that would decide what is still undecided; None when nothing is."""

    @property
    def line(self) -> str:
        """All of it, for a log: a sentence may begin with its own verdict, which is not said twice."""
        sentence = self.sentence.removeprefix(f"{self.current}: ")
        return f"voltage {self.voltage}, current {self.current}: {sentence}"
