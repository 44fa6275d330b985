"""Instruments of the simulated board: they reach it through its bench socket, as wires reach a real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ampguard_drivers.errors import BusFault
from ampguard_hil.instruments.protocols import InstrumentError
from ampguard_hil.instruments.truth import LABORATORY, Accuracy, truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.simulated.client import BenchPanel
    from ampguard_drivers.simulated.front_end import Tolerances, Wiring
    from ampguard_drivers.simulated.supply import State
    from ampguard_hil.instruments.protocols import Truth
    from ampguard_hil.torture.falseclock import FalseClock

_Answer = TypeVar("_Answer")


class SimulatedSource:
    """`protocols.ThreePhaseSource`: the supply itself."""

    def __init__(self, panel: Callable[[], BenchPanel]) -> None:
        """`panel`: of whichever board runs now."""
        self._panel = panel
        self._told: State | None = None
        self._on = False

    def apply(self, state: State) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._told = state
        self._show()

    def output(self, *, on: bool) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._on = on
        self._show()

    @property
    def told(self) -> State:
        """See `protocols.ThreePhaseSource`."""
        if self._told is None:
            raise InstrumentError("simulated source: wanted to know what it was told, met nothing told yet")
        return self._told

    @property
    def makes(self) -> State:
        """What comes out: without output nothing, at the frequency that it was told."""
        if self._on:
            return self.told
        loads = (replace(load, current_a=0.0, dc_a=0.0) for load in self.told.loads)
        first, second, third = loads
        return replace(self.told, voltage_v=(0.0, 0.0, 0.0), voltage_dc_v=0.0, loads=(first, second, third))

    def _show(self) -> None:
        if self._told is not None:
            makes = self.makes
            _asked("source", lambda: self._panel().supply(makes))


class SimulatedReference:
    """`protocols.ReferenceMeter`: what the source makes, known as well as a laboratory would know it."""

    def __init__(self, source: SimulatedSource, accuracy: Accuracy = LABORATORY) -> None:
        self._source, self._accuracy = source, accuracy

    def read(self) -> Truth:
        """See `protocols.ReferenceMeter`."""
        return truth(self._source.makes, self._accuracy)


class SimulatedLoads:
    """`protocols.LoadSteps`: the board's heaters."""

    def __init__(self, panel: Callable[[], BenchPanel]) -> None:
        self._panel = panel

    def heat(self, phase: int, power_w: float) -> None:
        """See `protocols.LoadSteps`."""
        _asked("loads", lambda: self._panel().heat(phase, power_w))


class SimulatedMatrix:
    """`protocols.WiringMatrix`: the board's clamps and terminals."""

    def __init__(self, panel: Callable[[], BenchPanel]) -> None:
        self._panel = panel

    def connect(self, wiring: Wiring) -> None:
        """See `protocols.WiringMatrix`."""
        _asked("wiring", lambda: self._panel().wire(wiring))


class SimulatedDrift:
    """`protocols.Drift`: of the model behind the pins."""

    def __init__(self, panel: Callable[[], BenchPanel]) -> None:
        self._panel = panel

    def deviate(self, by: Tolerances) -> None:
        """See `protocols.Drift`."""
        _asked("inputs", lambda: self._panel().deviate(by))


class SimulatedPower:
    """`protocols.Power`: of a place that can be switched."""

    def __init__(self, off: Callable[[], None], on: Callable[[], None]) -> None:
        self._off, self._on = off, on

    def off(self) -> None:
        """See `protocols.Power`."""
        self._off()

    def on(self) -> None:
        """See `protocols.Power`."""
        self._on()


class SimulatedClock:
    """`protocols.ClockStepper`: a wall clock of the unit's processes alone."""

    def __init__(self, clock: FalseClock) -> None:
        self._clock = clock

    def step_to(self, ahead_s: int) -> None:
        """See `protocols.ClockStepper`."""
        self._clock.jump_to(ahead_s)


def _asked(who: str, ask: Callable[[], _Answer]) -> _Answer:
    """Raises InstrumentError where the board refuses or is away."""
    try:
        return ask()
    except (ValueError, BusFault) as why:
        raise InstrumentError(f"simulated {who}: {why}") from why
