"""What the wiring is judged against: what there is, and what the installer knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
