"""What the evidence allows to say of the clamps: right, wrong and how, or not known yet and what would decide."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.evidence import LEAK_RATIO, NOISE_RATIO, SETTLED_WINDOWS, Evidence
from ampguard.wiring.hypotheses import Connection, Posterior
from ampguard.wiring.loads import GENERATES, NOBODY_KNOWS
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import NAMES

if TYPE_CHECKING:
    from ampguard.readings import Measurement

SURE_PROBABILITY = 0.99
KNOWN_ANGLE_RAD = math.radians(5.0)
"""An angle of which no more is unknown is known: another load says more then, and more of the same does not."""
DECIDING_STEP_A = 6.0
"""Of an ordinary load on each phase."""
CHANGED_TIMES = 5
"""So many evaluations in a row must say that the clamps were moved."""
RIGHT = Connection(Phases(0, 1, 2), Phases.all_of(value=False))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of the clamps."""

    condition: Condition
    sentence: str
    connection: Connection | None
    """As it really is; None where it is not known, or where only that something is wrong is known."""
    confidence_ratio: float
    """Probability of what is claimed; of the likeliest connection where nothing is."""
    decides_with_a: float | None
    """Amperes on each phase that would decide; None where nothing is open or no current decides it."""


class Judge:
    """Follows windows and says what is known; it claims nothing that is not sure."""

    def __init__(
        self,
        full_scale_a: float,
        clamps: Phases[bool],
        *,
        generation_on_site: bool | None,
        settled: int = SETTLED_WINDOWS,
    ) -> None:
        """`settled`: windows of the same currents before they count."""
        self._full_scale_a = full_scale_a
        self._clamps = clamps
        self._evidence = Evidence(full_scale_a, settled)
        self._contrary = 0
        """So many times in a row what flows now contradicted all that was before."""
        self._posterior = Posterior(clamps, GENERATES if generation_on_site else NOBODY_KNOWS)

    def follow(self, measurement: Measurement, order: PhaseOrder) -> bool:
        """One window more; False where a clamp has no angle because its voltage is missing.

        `order`: of the voltages, as measured or taken to be; it stands in for angles of voltages that are not wired.
        """
        turn_deg = -120.0 if order is PhaseOrder.L1_L2_L3 else 120.0
        angles_deg = list(measurement.voltage_angle_deg)
        wired, wired_deg = next(((n, one) for n, one in enumerate(angles_deg) if one is not None), (0, 0.0))
        voltage: list[complex] = []
        current_a: list[complex] = []
        for number, there in enumerate(self._clamps):
            measured_deg = angles_deg[number]
            angle_deg = wired_deg + (number - wired) * turn_deg if measured_deg is None else measured_deg
            own = cmath.rect(1.0, math.radians(angle_deg))
            lag_deg = list(measurement.current_angle_deg)[number]
            flowing_a = list(measurement.current_fundamental_rms_a)[number] or 0.0
            if there and lag_deg is None and flowing_a > NOISE_RATIO * self._full_scale_a:
                return False
            voltage.append(own)
            current_a.append(own * cmath.rect(flowing_a if there else 0.0, -math.radians(lag_deg or 0.0)))
        self._evidence.follow((current_a[0], current_a[1], current_a[2]), (voltage[0], voltage[1], voltage[2]))
        return True

    def finding(self) -> Finding:
        """What all of it says."""
        now = self._evidence.now
        contrary = now is not None and self._posterior.is_changed(self._evidence.before, now)
        self._contrary = self._contrary + 1 if contrary else 0
        if self._contrary >= CHANGED_TIMES:
            self._evidence.forget()
            self._contrary = 0
        looks = self._evidence.looks
        probabilities = self._posterior.of(looks)
        connections = self._posterior.connections
        likeliest = int(probabilities.argmax())
        right = float(probabilities[connections.index(RIGHT)])
        first = connections[likeliest]
        if right >= SURE_PROBABILITY:
            return Finding(Condition.RIGHT, "each clamp sits on its own phase, the right way round", RIGHT, right, None)
        if probabilities[likeliest] >= SURE_PROBABILITY:
            return Finding(Condition.WRONG, described(first), first, float(probabilities[likeliest]), None)
        if 1.0 - right >= SURE_PROBABILITY:
            sentence = f"at least one clamp is on another phase or the wrong way round; likeliest: {described(first)}"
            return Finding(Condition.WRONG, sentence, None, 1.0 - right, self._deciding_a())
        second = connections[int(probabilities.argsort()[-2])]
        need_a = self._deciding_a()
        open_ = " or ".join(described(one) for one in (first, second))
        sentence = f"undecided: {open_}; a load of {need_a:.2g} A on each phase would tell"
        if not looks:
            sentence = "undecided: the angles are watched for some seconds first"
        return Finding(Condition.UNDECIDED, sentence, None, float(probabilities[likeliest]), need_a)

    def _deciding_a(self) -> float:
        """Where an angle is not known well, what makes it known; else a step of another load."""
        current_a = [abs(one) for one, there in zip(self._evidence.now_a, self._clamps, strict=True) if there]
        unsure_a = math.hypot(NOISE_RATIO * self._full_scale_a, LEAK_RATIO * max(current_a, default=0.0))
        known_a = unsure_a / KNOWN_ANGLE_RAD
        return known_a if min(current_a, default=0.0) < known_a else DECIDING_STEP_A


def described(connection: Connection) -> str:
    """What an electrician must change."""
    if connection == RIGHT:
        return "all clamps are right"
    placed = list(enumerate(zip(connection.phase, connection.reversed, strict=True)))
    if all(turned and place == own for own, (place, turned) in placed):
        return "all clamps are the wrong way round (or the building exports on all phases)"
    parts = [
        f"the clamp of {NAMES[own]} is on {NAMES[place]}" + (" and the wrong way round" if turned else "")
        for own, (place, turned) in placed
        if place != own
    ]
    parts += [f"the clamp of {NAMES[own]} is the wrong way round" for own, (place, t) in placed if place == own and t]
    return ", ".join(parts)
