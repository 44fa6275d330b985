"""What the wiring is judged against: what there is, and what the installer knows."""

from __future__ import annotations

from dataclasses import dataclass

from ampguard.phases import Phases


@dataclass(frozen=True, slots=True)
class Installation:
    """What is told of the building and of the unit."""

    full_scale_a: float
    """RMS current that fills the converter."""
    clamps: Phases[bool]
    """On which phases there is a current transformer."""
    terminals: Phases[bool]
    """On which phases the voltage is wired; where it is not, it is inferred, and so is the order."""
    generation_on_site: bool | None
    """Whether the building may export; None: nobody told."""
    has_neutral: bool
    """False: voltages are those against the star point."""

    @property
    def is_pair(self) -> bool:
        """Whether only the voltage between two phases is measured, which tells neither order nor its own direction."""
        return not self.has_neutral and sum(self.terminals) == 2  # noqa: PLR2004 - a pair

    @property
    def inferred(self) -> Phases[bool]:
        """The phases whose voltages are those of a symmetrical supply, not measured ones."""
        return Phases.all_of(value=True) if self.is_pair else self.terminals.map(lambda there: not there)
