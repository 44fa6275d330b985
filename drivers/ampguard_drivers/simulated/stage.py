"""A simulated board in real time with a scenario that can be changed while it runs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from enum import Enum

from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.appliances import MOST_W, Drawn, WithAppliances
from ampguard_drivers.simulated.board import SimulatedBoard
from ampguard_drivers.simulated.clocks import RealClock
from ampguard_drivers.simulated.front_end import FrontEndModel, Tolerances, Wiring
from ampguard_drivers.simulated.scenarios import SCENARIOS, Scenario
from ampguard_drivers.simulated.supply import Floats, Source, State, Supply, Three

TOLD = "told"
"""In place of a scenario's name: the bench tells the supply state by state."""


class FromNowOn:
    """A supply that begins when it is first asked, not when the board was switched on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._begin: int | None = None

    def sample(self, first_index: int, count: int, rate_hz: float) -> Floats:
        """See `supply.Source`. A board that counts anew (its chip was reset) lets the story begin anew."""
        if self._begin is None or first_index < self._begin:
            self._begin = first_index
        return self._source.sample(first_index - self._begin, count, rate_hz)


class ScenarioStage:
    """`bench.Stage` over a `SimulatedBoard`."""

    def __init__(self, scenario: str, *, seed: int, variant: Variant = Variant.ONE_MODULE) -> None:
        """Set the stage. Raises ValueError for a scenario that does not exist."""
        played = _scenario(scenario)
        self._power_w = [0.0, 0.0, 0.0]
        self._drawn = Drawn()
        self._made = FrontEndModel(variant=variant, tolerances=Tolerances.of_unit(seed + 1))
        """The inputs as they were when the unit was calibrated."""
        self._by = Tolerances()
        self.board = SimulatedBoard(
            self._in_the_building(played.supply), front_end=self._made, clock=RealClock(), seed=seed
        )
        self.wire(played.wiring)
        self.scenario = scenario
        self._begin_ns = time.monotonic_ns()
        self._injected: list[str] = []

    @property
    def scenarios(self) -> Sequence[str]:
        """See `bench.Stage`."""
        return sorted(SCENARIOS)

    @property
    def faults(self) -> Sequence[str]:
        """The fields of `board.Faults`."""
        return [field.name for field in dataclasses.fields(self.board.faults) if field.init]

    @property
    def injected(self) -> Sequence[str]:
        """See `bench.Stage`."""
        return tuple(self._injected)

    @property
    def elapsed_s(self) -> float:
        """See `bench.Stage`."""
        return (time.monotonic_ns() - self._begin_ns) / 1e9

    def switch(self, scenario: str) -> None:
        """Other loads and other wiring on the same unit: its chip runs on, its transformers stay the same."""
        played = _scenario(scenario)
        self._play(played.supply, scenario)
        self.wire(played.wiring)

    def supply(self, state: State) -> None:
        """See `bench.Stage`."""
        self._play(Supply([(0.0, state)]), TOLD)

    def wire(self, wiring: Wiring) -> None:
        """See `bench.Stage`; the transformers stay those of the unit, so its calibration stays true."""
        gains = zip(self._made.tolerances.gain_ratio, self._by.gain_ratio, strict=True)
        leads = zip(self._made.tolerances.lead_deg, self._by.lead_deg, strict=True)
        become = Tolerances(tuple(made * by for made, by in gains), tuple(made + by for made, by in leads))
        self.board.front_end = FrontEndModel(self._made.variant, wiring, become)

    def deviate(self, tolerances: Tolerances) -> None:
        """See `bench.Stage`: against the calibration, not against what it was told before."""
        self._by = tolerances
        self.wire(self.board.front_end.wiring)

    def _play(self, supply: Supply, name: str) -> None:
        self.board.supply = self._in_the_building(supply)
        self.scenario = name
        self._begin_ns = time.monotonic_ns()

    def _in_the_building(self, supply: Supply) -> Source:
        """From now on, with what is switched on beside it."""
        return WithAppliances(FromNowOn(dataclasses.replace(supply, behind=self._drawn)), self._power_w)

    @property
    def heaters_w(self) -> Sequence[float]:
        """See `bench.Stage`."""
        return tuple(self._power_w)

    def heat(self, phase: int, power_w: float) -> None:
        """Switch a heater of that power on L1, L2 or L3 (0, 1, 2); 0 W: off. Raises ValueError with a sentence."""
        if not 0 <= phase < len(self._power_w) or not 0.0 <= power_w <= MOST_W:
            raise ValueError(f"wanted phase 0, 1 or 2 and 0 to {MOST_W:g} W, met phase {phase} and {power_w:g} W")
        self._power_w[phase] = power_w

    @property
    def drawn_a(self) -> Sequence[float]:
        """See `bench.Stage`."""
        return self._drawn.current_a

    def draw(self, name: str, current_a: Three, lag_deg: float) -> None:
        """See `bench.Stage`; who does not say it again within `appliances.SPOKEN_FOR_S` draws nothing."""
        self._drawn.draw(name, current_a, lag_deg)

    def inject(self, fault: str, arguments: Mapping[str, object]) -> None:
        """Set a field of `board.Faults` to the argument `value`. Raises ValueError with a sentence."""
        if fault not in self.faults:
            raise ValueError(f"no fault {fault}; there are {', '.join(self.faults)}")
        before = getattr(self.board.faults, fault)
        value = _of_kind(before, arguments["value"]) if "value" in arguments else type(before)(1)
        if type(value) is not type(before) or set(arguments) - {"value"}:
            raise ValueError(f"{fault} takes one argument, value, of the kind of {before!r}, not {dict(arguments)}")
        setattr(self.board.faults, fault, value)
        self._injected.append(f"{fault} = {value}")


def _of_kind(before: object, value: object) -> object:
    """A name as the member of the enumeration it belongs to; everything else as it is."""
    return type(before)(value) if isinstance(before, Enum) else value


def _scenario(name: str) -> Scenario:
    if name not in SCENARIOS:
        raise ValueError(f"no scenario {name}; there are {', '.join(sorted(SCENARIOS))}")
    return SCENARIOS[name]()
