"""What a check asks of the instruments of a bench, whoever makes them.

`State` (what a connection carries) and `Wiring` (which clamp is on which phase) are the words of the simulated
supply; a source of current and voltage in a laboratory is told the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_drivers.simulated.front_end import Tolerances, Wiring
    from ampguard_drivers.simulated.supply import State


Amount: TypeAlias = float
"""In the unit of its function: V, A, W, Hz, percent."""


class InstrumentError(Exception):
    """An instrument cannot do what is asked of it, or did not answer; a sentence for people."""


class Function(StrEnum):
    """What is measured, by the symbols of IEC 61557-12."""

    VOLTAGE = "U"
    CURRENT = "I"
    ACTIVE_POWER = "P"
    REACTIVE_POWER = "Q"
    APPARENT_POWER = "S"
    POWER_FACTOR = "PF"
    FREQUENCY = "f"
    ENERGY = "Ea"
    VOLTAGE_UNBALANCE = "Unb"
    VOLTAGE_THD = "THDu"
    CURRENT_THD = "THDi"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """One value of a function: of a phase, or of the whole connection."""

    function: Function
    phase: str = ""
    """"l1", "l2", "l3"; empty where the function is of the whole connection."""

    def __str__(self) -> str:
        """As a person writes it: U L1."""
        return f"{self.function} {self.phase.upper()}".rstrip()


@dataclass(frozen=True, slots=True)
class Known:
    """A value and how well it is known."""

    value: float
    uncertainty: Amount
    """Expanded, k = 2, in the value's own unit."""


Truth: TypeAlias = "Mapping[Spot, Known]"


class ThreePhaseSource(Protocol):
    """Makes voltages and currents."""

    def apply(self, state: State) -> None:
        """Set amplitudes, angles, frequency and harmonics of all phases. Raises InstrumentError."""
        ...

    def output(self, *, on: bool) -> None:
        """Let it out, or not. Raises InstrumentError."""
        ...

    @property
    def told(self) -> State:
        """What it was told last. Raises InstrumentError before it was told anything."""
        ...


class ReferenceMeter(Protocol):
    """Knows better than the box."""

    def read(self) -> Truth:
        """What is there now, each with its uncertainty; a spot that it cannot tell is not there."""
        ...


class LoadSteps(Protocol):
    """Heaters on a phase."""

    def heat(self, phase: int, power_w: float) -> None:
        """On L1, L2 or L3 (0, 1, 2); 0 W: off. Raises InstrumentError."""
        ...


class Power(Protocol):
    """A relay in the supply of the box."""

    def off(self) -> None:
        """Cut. Raises InstrumentError."""
        ...

    def on(self) -> None:
        """Close. Raises InstrumentError."""
        ...


class WiringMatrix(Protocol):
    """Which clamp is on which phase, and which way round."""

    def connect(self, wiring: Wiring) -> None:
        """Raises InstrumentError."""
        ...


class Drift(Protocol):
    """What only a model can do: inputs that are not what they were when they were calibrated."""

    def deviate(self, by: Tolerances) -> None:
        """From the calibration, from now on: gains and leads of the seven inputs. Raises InstrumentError."""
        ...


class NetworkCutter(Protocol):
    """Between the box and its network."""

    def unplug(self) -> None:
        """The link is down, and the box sees it. Raises InstrumentError."""
        ...

    def swallow(self) -> None:
        """The link is up, and every packet vanishes. Raises InstrumentError."""
        ...

    def restore(self) -> None:
        """As before."""
        ...


class ClockStepper(Protocol):
    """The wall clock of the box."""

    def step_to(self, ahead_s: int) -> None:
        """So far ahead of the bench's own clock; less than 0: behind it. Raises InstrumentError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """Those of one place; None: it has none."""

    source: ThreePhaseSource | None = None
    reference: ReferenceMeter | None = None
    loads: LoadSteps | None = None
    power: Power | None = None
    wiring: WiringMatrix | None = None
    drift: Drift | None = None
    network: NetworkCutter | None = None
    clock: ClockStepper | None = None

    @property
    def names(self) -> frozenset[str]:
        """Of those that are there."""
        return frozenset(each.name for each in fields(self) if getattr(self, each.name) is not None)
