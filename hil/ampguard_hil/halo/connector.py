"""The power path of a Halo: pilot, contactor, meter, and the car at the cable. Its owner lets time pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ampguard_hil.halo.pilot import MINIMUM_A, PilotState, duty_ratio, permitted_a

if TYPE_CHECKING:
    from ampguard_hil.halo.car import Car

Three: TypeAlias = "tuple[float, float, float]"
NOMINAL_V = 230.0
POWER_FACTOR_RATIO = 0.99
CLOSE_S = 0.3
"""What the contactor takes after the car has asked."""
OPEN_S = 0.1
"""Likewise after it asks no more."""
OPEN_UNDER_LOAD_S = 3.1
"""A car that goes on after a steady pilot is cut off: IEC 61851-1 gives it 3 s."""
_SECONDS_PER_HOUR = 3600.0


class Connector:
    """One cable; terminals 0, 1, 2 are where the charger's own L1, L2, L3 come in."""

    def __init__(self, phases: int) -> None:
        self.car: Car | None = None
        self.energy_wh = 0.0
        """Its register, since it was made."""
        self.voltage_v = NOMINAL_V
        self.powered = True
        """Without it there is no pilot at all."""
        self.enabled = True
        """Without it the pilot is at -12 V."""
        self.closed = False
        """The contactor."""
        self._phases = phases
        self._routed: tuple[int, ...] = tuple(range(phases))
        self._offered_a = 0.0
        self._turn_s = 0.0
        """How long the contactor should already be what it is not."""
        self._steady_s = 0.0

    @property
    def offered_a(self) -> float:
        """What the pilot says; 0: it is steady."""
        return self._offered_a

    @property
    def duty_ratio(self) -> float:
        """Of the pilot."""
        return duty_ratio(self._offered_a)

    @property
    def pilot(self) -> PilotState:
        """As the charger sees it."""
        if not self.powered:
            return PilotState.E
        if not self.enabled:
            return PilotState.F
        return PilotState.A if self.car is None else self.car.asks

    @property
    def currents_a(self) -> Three:
        """At its terminals."""
        found = [0.0, 0.0, 0.0]
        if self.car is not None and self.closed:
            for terminal in self._routed[: self.car.behaviour.phases]:
                found[terminal] = self.car.current_a
        return found[0], found[1], found[2]

    @property
    def powers_w(self) -> Three:
        """Active, at its terminals."""
        one_a, two_a, three_a = self.currents_a
        per_a = self.voltage_v * POWER_FACTOR_RATIO
        return one_a * per_a, two_a * per_a, three_a * per_a

    def cut(self) -> None:
        """Open at once, whatever flows: a fault, or no supply."""
        self.closed = False
        self._offered_a = 0.0
        if self.car is not None:
            self.car.current_a = 0.0

    def live(self, offered_a: float, terminals: tuple[int, ...], duration_s: float) -> None:
        """Let so much time pass with that offer; the first of the terminals feeds the first wire of the cable."""
        if self.closed and terminals != self._routed:
            offered_a = 0.0  # another phase is never switched under load
        elif not self.closed:
            self._routed = terminals
        self._offered_a = offered_a if self.powered and self.enabled and offered_a >= MINIMUM_A else 0.0
        self._steady_s = 0.0 if self._offered_a else self._steady_s + duration_s
        if self.car is not None:
            told_a = permitted_a(self.duty_ratio if self.powered and self.enabled else None)
            self.car.live(told_a, supplied=self.closed, duration_s=duration_s)
        self._switch(duration_s)
        self.energy_wh += sum(self.powers_w) * duration_s / _SECONDS_PER_HOUR

    def _switch(self, duration_s: float) -> None:
        asked = self.pilot is PilotState.C and (self._offered_a > 0.0 or self.closed)
        if asked and self._steady_s >= OPEN_UNDER_LOAD_S:
            asked = False
        if asked == self.closed:
            self._turn_s = 0.0
            return
        self._turn_s += duration_s
        if self._turn_s >= (CLOSE_S if asked else OPEN_S):
            self.closed, self._turn_s = asked, 0.0
