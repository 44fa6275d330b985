"""Which phase each input of the unit really measures, as somebody set it: wiring that is mended in software.

The inputs bear the names of the phases they are meant for. An assignment says what hangs on them instead. It is applied
in one place, where codes become volts and amperes; behind it everything is called by its real phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.events import Inputs
from ampguard.phases import Phase, Phases
from ampguard.settings.described import REVERSED
from ampguard.settings.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clamp:
    """Where a current transformer sits."""

    phase: Phase
    reversed: bool = False
    """The wrong way round: what it shows is turned by half a turn before anything is made of it."""

    def __str__(self) -> str:
        """As it stands in the settings file."""
        return f"{self.phase.value} {REVERSED}" if self.reversed else self.phase.value


@dataclass(frozen=True, slots=True)
class Assignment:
    """For each input what it measures; each phase is measured by one clamp and by one terminal."""

    clamps: Phases[Clamp] = Phases(Clamp(Phase.L1), Clamp(Phase.L2), Clamp(Phase.L3))  # noqa: RUF009 - frozen
    """By the current input that the clamp is plugged into."""
    voltages: Phases[Phase] = Phases(Phase.L1, Phase.L2, Phase.L3)  # noqa: RUF009 - frozen
    """By the voltage input."""

    def __post_init__(self) -> None:
        for what, phases in (("clamps", [one.phase for one in self.clamps]), ("voltages", list(self.voltages))):
            if len(set(phases)) != len(phases):
                found = ", ".join(phases)
                raise ValueError(
                    f"{what}: each of L1, L2, L3 once, met {found}: two on one phase cannot be mended here"
                )

    @property
    def clamp_inputs(self) -> Phases[int]:
        """For each phase the number of the input that its clamp is plugged into: 0 = the one named L1."""
        return _inputs_of([clamp.phase for clamp in self.clamps])

    @property
    def voltage_inputs(self) -> Phases[int]:
        """For each phase the number of its voltage input."""
        return _inputs_of(list(self.voltages))

    @property
    def reversed_clamps(self) -> Phases[bool]:
        """For each phase whether its clamp is the wrong way round."""
        clamps = list(self.clamps)
        return self.clamp_inputs.map(lambda number: clamps[number].reversed)

    @property
    def values(self) -> dict[str, str | None]:
        """By key of the settings file, all three of a kind, so that a reader sees them; None: all are as labelled."""
        kinds = {"clamps": (self.clamps, AS_LABELLED.clamps), "voltages": (self.voltages, AS_LABELLED.voltages)}
        return {
            f"wiring.{kind}.{phase.lower()}": None if found == labelled else str(one)
            for kind, (found, labelled) in kinds.items()
            for phase, one in zip(Phase, found, strict=True)
        }

    @property
    def inputs(self) -> Inputs:
        """As it stands in the settings file."""
        return Inputs(clamps=self.clamps.map(str), voltages=self.voltages.map(str))

    def __str__(self) -> str:
        """In a line: "l1=L2, l2=L1 reversed"; nothing of inputs that measure the phase whose name they bear."""
        clamps = _named(self.clamps, AS_LABELLED.clamps)
        voltages = [f"voltage {one}" for one in _named(self.voltages, AS_LABELLED.voltages)]
        return ", ".join([*clamps, *voltages]) or "as labelled"


AS_LABELLED = Assignment()
"""Every input measures the phase whose name it bears."""


def assignment(path: Path, content: object) -> Assignment:
    """From the table `[wiring]` of the settings file. Raises SetupError with one sentence."""
    table = Table(path, "wiring", content)
    clamps, voltages = (table.table(key) or Table(path, f"wiring.{key}", {}) for key in ("clamps", "voltages"))
    try:
        return Assignment(
            Phases.of(_clamp(clamps.choice(phase.lower()), phase) for phase in Phase),
            Phases.of(Phase(voltages.choice(phase.lower()) or phase) for phase in Phase),
        )
    except ValueError as why:
        raise SetupError(f"{path}: wiring.{why}") from why


def _named(found: Iterable[object], usual: Iterable[object]) -> list[str]:
    return [f"{phase.lower()}={one}" for phase, one, other in zip(Phase, found, usual, strict=True) if one != other]


def _inputs_of(phases: list[Phase]) -> Phases[int]:
    return Phases.of(phases.index(phase) for phase in Phase)


def _clamp(text: str | None, usual: Phase) -> Clamp:
    word, _, turned = (text or usual.value).partition(" ")
    return Clamp(Phase(word), reversed=turned == REVERSED)
