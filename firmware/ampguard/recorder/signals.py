"""The voltages and currents that are measured in a recording, each made of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampguard.phases import Phases


@dataclass(frozen=True, slots=True)
class Term:
    """A column's share in a signal."""

    column: int
    si_per_unit: float
    """Volts or amperes for one of the file's unit."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A voltage or current as a weighted sum of columns (nearly always one column)."""

    label: str
    terms: tuple[Term, ...]
    skew_s: float = 0.0
    """How much later than the row's time stamp it was sampled."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is measured in a recording."""

    voltage: Phases[Signal | None]
    current: Phases[Signal | None]
    neutral_current: Signal | None
    has_neutral: bool
    """False where voltages were recorded between lines: they are then referred to the artificial star point."""
    unused: tuple[tuple[str, str], ...]
    """Names of the other columns, each with the reason why it is not used."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """All signals that are there: voltages, currents, neutral current."""
        every = (*self.voltage, *self.current, self.neutral_current)
        return tuple(signal for signal in every if signal is not None)
