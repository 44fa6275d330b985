"""Watching the wiring: which verdict the latest windows allow. Says "undecided" rather than something wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.hypotheses import RIGHT, Connection, posterior
from ampguard.wiring.verdict import Condition, Verdict

if TYPE_CHECKING:
    from ampguard.readings import Measurement

LEAST_RATIO = 0.005
"""Of full scale: below it a current's angle may be pickup of a neighbour's field."""
CLAIM_WINDOWS = 25
"""Five seconds in a row of the same finding."""
SURE_PROBABILITY = 0.99
ABSENT_V = 20.0

_PHASES = ("L1", "L2", "L3")


class WiringWatch:
    """Takes one measurement after the other; `observe` says what is known now."""

    def __init__(self, *, full_scale_a: float, generation_on_site: bool = False) -> None:
        self._least_a = LEAST_RATIO * full_scale_a
        self._generation = generation_on_site
        self._candidate = (Condition.UNDECIDED, "")
        self._streak = 0
        self._current = (Condition.UNDECIDED, "undecided: the angles are watched for some seconds first")

    def observe(self, measurement: Measurement) -> Verdict:
        """The verdict after one window more."""
        voltage, voltage_sentence = _voltage(measurement)
        found = self._judge(measurement)
        if found[0] is not Condition.UNDECIDED:
            self._streak = self._streak + 1 if found == self._candidate else 1
            self._candidate = found
            if self._streak >= CLAIM_WINDOWS or found[0] is Condition.ABSENT:
                self._current = found
        else:
            self._streak = 0
            if self._current[0] is Condition.UNDECIDED:
                self._current = found
        sentence = voltage_sentence if voltage is not Condition.RIGHT else self._current[1]
        undecided = self._current[0] is Condition.UNDECIDED
        return Verdict(voltage, self._current[0], sentence, self._least_a if undecided else None)

    def _judge(self, measurement: Measurement) -> tuple[Condition, str]:
        if all(value is None for value in measurement.current_rms_a):
            return Condition.ABSENT, "no current transformer is connected"
        order = measurement.voltage_order
        if order is None:
            return Condition.UNDECIDED, "undecided: without the order of the voltages no clamp can be judged"
        lags_deg = [
            lag_deg
            for lag_deg, current_a in zip(
                measurement.current_angle_deg, measurement.current_fundamental_rms_a, strict=True
            )
            if lag_deg is not None and current_a is not None and current_a >= self._least_a
        ]
        if len(lags_deg) < len(_PHASES):
            return Condition.UNDECIDED, f"undecided: each phase needs {self._least_a:.2g} A before its angle is known"
        return self._weigh(posterior(Phases.of(lags_deg), order, generation_on_site=self._generation))

    @staticmethod
    def _weigh(probabilities: dict[Connection, float]) -> tuple[Condition, str]:
        right = probabilities[RIGHT]
        if right >= SURE_PROBABILITY:
            return Condition.RIGHT, "each clamp sits on its own phase, the right way round"
        best = max(probabilities, key=lambda connection: probabilities[connection])
        if 1.0 - right < SURE_PROBABILITY:
            return Condition.UNDECIDED, f"undecided: right, or {_described(best)}; another load would tell"
        if probabilities[best] < SURE_PROBABILITY:
            return Condition.WRONG, "at least one clamp is on another phase or the wrong way round"
        return Condition.WRONG, _described(best)


def _described(connection: Connection) -> str:
    """What an electrician must change."""
    parts = [
        f"the clamp of {_PHASES[own]} is on {_PHASES[place]}" + (" and the wrong way round" if turned else "")
        for own, (place, turned) in enumerate(zip(connection.phase, connection.reversed, strict=True))
        if place != own
    ]
    parts += [
        f"the clamp of {_PHASES[own]} is the wrong way round"
        for own, (place, turned) in enumerate(zip(connection.phase, connection.reversed, strict=True))
        if place == own and turned
    ]
    return ", ".join(parts) or "a load with an unusual angle"


def _voltage(measurement: Measurement) -> tuple[Condition, str]:
    known = [value for value in measurement.voltage_rms_v if value is not None]
    if not known or max(known) < ABSENT_V:
        return Condition.ABSENT, "no voltage is connected"
    if measurement.voltage_order is PhaseOrder.L1_L2_L3:
        return Condition.RIGHT, ""
    if measurement.voltage_order is PhaseOrder.L3_L2_L1:
        return Condition.WRONG, "the voltages run L3-L2-L1: two voltage wires are interchanged"
    missing = [
        name for name, value in zip(_PHASES, measurement.voltage_rms_v, strict=True) if (value or 0.0) < ABSENT_V
    ]
    if missing:
        return Condition.UNDECIDED, f"no voltage on {', '.join(missing)}: the order cannot be told"
    return Condition.UNDECIDED, "the order of the voltages cannot be told"
