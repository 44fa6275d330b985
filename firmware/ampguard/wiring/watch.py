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
NEAR_DEG = 30.0
"""Two voltages are a turn apart if they are as near to it as that."""
ABSENT_RATIO = 1e-5
"""Of full scale: a building draws more, through at least one clamp; an unplugged transformer shows the noise alone."""

_PHASES = ("L1", "L2", "L3")
_ALL = Phases.all_of(value=True)


class WiringWatch:
    """Takes one measurement after the other; `observe` says what is known now."""

    def __init__(
        self,
        *,
        full_scale_a: float,
        generation_on_site: bool = False,
        clamps: Phases[bool] = _ALL,
        terminals: Phases[bool] = _ALL,
    ) -> None:
        """What the installation should have.

        Args:
            full_scale_a: RMS current that fills the converter.
            generation_on_site: whether the building may export.
            clamps: on which phases there is a current transformer.
            terminals: on which phases the voltage is wired; where it is not, it is inferred, and so is the order.
        """
        self._least_a = LEAST_RATIO * full_scale_a
        self._absent_a = ABSENT_RATIO * full_scale_a
        self._generation = generation_on_site
        self._clamps, self._terminals = clamps, terminals
        self._candidate = (Condition.UNDECIDED, "")
        self._streak = 0
        self._current = (Condition.UNDECIDED, "undecided: the angles are watched for some seconds first")

    def observe(self, measurement: Measurement) -> Verdict:
        """The verdict after one window more."""
        voltage, voltage_sentence = self._voltage(measurement)
        found, more_current_decides = self._judge(measurement)
        if found[0] is not Condition.UNDECIDED:
            self._streak = self._streak + 1 if found == self._candidate else 1
            self._candidate = found
            if self._streak >= CLAIM_WINDOWS:
                self._current = found
        else:
            self._streak = 0
            # a verdict stays; that nothing was connected does not, once something is
            if self._current[0] is Condition.UNDECIDED or self._current[0] is Condition.ABSENT:
                self._current = found
        sentence = voltage_sentence if voltage is not Condition.RIGHT else self._current[1]
        undecided = self._current[0] is Condition.UNDECIDED
        return Verdict(
            voltage, self._current[0], sentence, self._least_a if undecided and more_current_decides else None
        )

    def _judge(self, measurement: Measurement) -> tuple[tuple[Condition, str], bool]:
        """What one window says of the clamps, and whether more current would say more."""
        currents_a = [
            current_a or 0.0
            for current_a, there in zip(measurement.current_fundamental_rms_a, self._clamps, strict=True)
            if there
        ]
        if measurement.frequency_hz is not None and max(currents_a) < self._absent_a:
            return (Condition.ABSENT, "no current in any clamp: not connected, or nothing is switched on"), False
        order = self._order(measurement)
        if order is None:
            return (Condition.UNDECIDED, "undecided: without the order of the voltages no clamp can be judged"), False
        if min(currents_a) < self._least_a:
            need = f"undecided: each phase needs {self._least_a:.2g} A before its angle is known"
            return (Condition.UNDECIDED, need), True
        lag_deg = Phases.of(
            angle if there else None for angle, there in zip(measurement.current_angle_deg, self._clamps, strict=True)
        )
        if any(angle is None for angle, there in zip(lag_deg, self._clamps, strict=True) if there):
            return (Condition.UNDECIDED, "undecided: a voltage is missing, so its clamp has no angle"), False
        return self._weigh(posterior(lag_deg, order, generation_on_site=self._generation)), False

    def _order(self, measurement: Measurement) -> PhaseOrder | None:
        """As measured, of two voltages too; as it is taken to be where one voltage is wired."""
        if measurement.voltage_order is not None or all(self._terminals):
            return measurement.voltage_order
        if _missing(measurement, self._terminals):
            return None
        wired = [
            (number, angle_deg)
            for number, (angle_deg, there) in enumerate(
                zip(measurement.voltage_angle_deg, self._terminals, strict=True)
            )
            if there
        ]
        if len(wired) == 1:
            return PhaseOrder.L1_L2_L3
        (first, first_deg), (second, second_deg) = wired
        if first_deg is None or second_deg is None:
            return None
        for order, turn_deg in ((PhaseOrder.L1_L2_L3, -120.0), (PhaseOrder.L3_L2_L1, 120.0)):
            off_deg = (second_deg - first_deg - (second - first) * turn_deg + 180.0) % 360.0 - 180.0
            if abs(off_deg) <= NEAR_DEG:
                return order
        return None

    def _voltage(self, measurement: Measurement) -> tuple[Condition, str]:
        known = [value for value in measurement.voltage_rms_v if value is not None]
        if not known or max(known) < ABSENT_V:
            return Condition.ABSENT, "no voltage is connected"
        if missing := _missing(measurement, self._terminals):
            return Condition.ABSENT, f"no voltage on {missing}"
        order = self._order(measurement)
        if order is PhaseOrder.L1_L2_L3:
            return Condition.RIGHT, ""
        if order is PhaseOrder.L3_L2_L1:
            return Condition.WRONG, "the voltages run L3-L2-L1: two voltage wires are interchanged"
        return Condition.UNDECIDED, "the order of the voltages cannot be told"

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


def _missing(measurement: Measurement, wanted: Phases[bool]) -> str:
    """Names of the wired voltages that are not there."""
    return ", ".join(
        name
        for name, value, there in zip(_PHASES, measurement.voltage_rms_v, wanted, strict=True)
        if there and (value or 0.0) < ABSENT_V
    )
