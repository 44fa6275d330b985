"""What one window says of the voltage terminals: all there, each on a phase of its own, in the right order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ampguard.phases import PhaseOrder, Phases
from ampguard.phrase import Number, Phrase, joined, phrase
from ampguard.wiring.finding import NAMES
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from ampguard.readings import Measurement

ABSENT_V = 20.0
NEAR_DEG = 30.0
"""Two voltages are a turn apart if they are as near to it as that."""
SAME_DEG, SAME_RATIO = 10.0, 0.03
"""Two terminals as near to each other as that are on one phase."""
MOVED_RATIO, UNBALANCED_RATIO = 0.25, 0.08
"""Where a neutral is broken, the voltages between phases stay: so little negative over zero, and positive, sequence."""
_HALF_TURN_DEG = 180.0
_TURN_DEG = {PhaseOrder.L1_L2_L3: -120.0, PhaseOrder.L3_L2_L1: 120.0}


@dataclass(frozen=True, slots=True)
class VoltageFinding:
    """What is known of the terminals."""

    condition: Condition
    sentence: str
    order: PhaseOrder | None
    """As measured, or as it is taken to be where one voltage is wired; None where clamps cannot be judged by it."""


@dataclass(frozen=True, slots=True)
class _Wired:
    """A terminal with a voltage."""

    number: int
    angle_deg: float
    rms_v: float


def judged(measurement: Measurement, terminals: Phases[bool]) -> VoltageFinding:
    """Of one window.

    Args:
        measurement: what it says.
        terminals: on which phases the voltage is wired; where it is not, it is inferred, and so is the order. Of two
            between which alone a voltage is measured no angle is told: nor do these wires tell an order.
    """
    known_v = [value for value in measurement.voltage_rms_v if value is not None]
    if not known_v or max(known_v) < ABSENT_V:
        return VoltageFinding(Condition.ABSENT, phrase("no voltage is connected"), None)
    missing = ", ".join(
        name
        for name, value, there in zip(NAMES, measurement.voltage_rms_v, terminals, strict=True)
        if there and (value or 0.0) < ABSENT_V
    )
    if missing:
        return VoltageFinding(
            Condition.ABSENT, phrase("no voltage on {phases}", phases=missing), measurement.voltage_order
        )
    wired = [
        _Wired(number, angle_deg, value or 0.0)
        for number, (angle_deg, value, there) in enumerate(
            zip(measurement.voltage_angle_deg, measurement.voltage_rms_v, terminals, strict=True)
        )
        if there and angle_deg is not None
    ]
    if _is_split(terminals, wired):
        return VoltageFinding(Condition.RIGHT, "", PhaseOrder.L1_L2_L3)
    if (doubled := _doubled(wired)) is not None:
        return VoltageFinding(Condition.WRONG, doubled, None)
    return _ordered(wired, _order(measurement, terminals, wired), is_moved=_is_moved(measurement))


def _ordered(wired: list[_Wired], order: PhaseOrder | None, *, is_moved: bool) -> VoltageFinding:
    if order is None:
        return VoltageFinding(Condition.UNDECIDED, phrase("the order of the voltages cannot be told"), None)
    if not _well_apart(wired, order):
        angles = joined(
            ", ",
            (
                phrase("{phase} at {degrees}°", phase=NAMES[one.number], degrees=Number(one.angle_deg, ".0f"))
                for one in wired
            ),
        )
        if is_moved:
            sentence = phrase(
                "the voltages do not stand 120° apart ({angles}), and between phases do: the neutral may be broken",
                angles=angles,
            )
            return VoltageFinding(Condition.UNDECIDED, sentence, None)
        sentence = phrase("the voltages do not stand 120° apart: {angles}", angles=angles)
        return VoltageFinding(Condition.WRONG, sentence, None)
    if order is PhaseOrder.L3_L2_L1:
        sentence = phrase("the voltages run L3-L2-L1: two voltage wires are interchanged")
        return VoltageFinding(Condition.WRONG, sentence, order)
    return VoltageFinding(Condition.RIGHT, "", order)


def _is_split(terminals: Phases[bool], wired: list[_Wired]) -> bool:
    """Two voltages half a turn apart are those of a split phase (120/240 V): they have no order, and need none."""
    if sum(terminals) != 2 or len(wired) != 2:  # noqa: PLR2004 - of a transformer with a tap in the middle
        return False
    return abs(_folded_deg(wired[1].angle_deg - wired[0].angle_deg - _HALF_TURN_DEG)) <= NEAR_DEG


def _doubled(wired: list[_Wired]) -> Phrase | None:
    for one, other in combinations(wired, 2):
        apart_deg, apart_v = abs(_folded_deg(one.angle_deg - other.angle_deg)), abs(one.rms_v - other.rms_v)
        if apart_deg <= SAME_DEG and apart_v <= SAME_RATIO * max(one.rms_v, other.rms_v):
            return phrase(
                "the terminals {one} and {other} carry the same phase ({degrees}° apart)",
                one=NAMES[one.number],
                other=NAMES[other.number],
                degrees=Number(apart_deg, ".0f"),
            )
    return None


def _is_moved(measurement: Measurement) -> bool:
    """Whether it is the neutral alone that stands elsewhere."""
    zero_v, positive_v = measurement.voltage_zero_sequence_v, measurement.voltage_positive_sequence_v
    negative_v = measurement.voltage_negative_sequence_v
    if zero_v is None or positive_v is None or negative_v is None:
        return False
    weaker_v, stronger_v = sorted((positive_v, negative_v))
    return weaker_v <= min(MOVED_RATIO * zero_v, UNBALANCED_RATIO * stronger_v)


def _well_apart(wired: list[_Wired], order: PhaseOrder) -> bool:
    return all(_off_deg(one, other, order) <= NEAR_DEG for one, other in combinations(wired, 2))


def _off_deg(one: _Wired, other: _Wired, order: PhaseOrder) -> float:
    """How far the other is from where it would stand behind the one."""
    behind_deg = (other.number - one.number) * _TURN_DEG[order]
    return abs(_folded_deg(other.angle_deg - one.angle_deg - behind_deg))


def _order(measurement: Measurement, terminals: Phases[bool], wired: list[_Wired]) -> PhaseOrder | None:
    if measurement.voltage_order is not None or all(terminals):
        return measurement.voltage_order
    if len(wired) < 2:  # noqa: PLR2004 - two phasors have an order; one, or what two phases have between them, gets the usual one
        return PhaseOrder.L1_L2_L3
    first, second = wired
    return next((order for order in PhaseOrder if _off_deg(first, second, order) <= NEAR_DEG), None)


def _folded_deg(angle_deg: float) -> float:
    return (angle_deg + 180.0) % 360.0 - 180.0
