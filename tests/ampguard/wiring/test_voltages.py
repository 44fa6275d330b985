"""The voltage terminals: what is told of them, and that a broken neutral is not blamed on the electrician."""

from __future__ import annotations

import cmath
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding, judged

ALL = Phases.all_of(value=True)


def found(
    angle_deg: tuple[float, float, float],
    voltage_v: tuple[float, float, float] = (230.0, 231.0, 229.0),
    order: PhaseOrder | None = PhaseOrder.L1_L2_L3,
) -> VoltageFinding:
    one = measurement(voltage_rms_v=Phases.of(voltage_v), voltage_angle_deg=Phases.of(angle_deg), voltage_order=order)
    return judged(one, ALL)


@given(off=st.tuples(*[st.floats(-12.0, 12.0)] * 2), volts=st.tuples(*[st.floats(190.0, 260.0)] * 3))
def test_an_ordinary_grid_is_right(off: tuple[float, float], volts: tuple[float, float, float]) -> None:
    assert found((0.0, -120.0 + off[0], 120.0 + off[1]), volts).condition is Condition.RIGHT


@pytest.mark.parametrize(
    ("angle_deg", "order", "sentence"),
    [
        ((0.0, 120.0, -120.0), PhaseOrder.L3_L2_L1, "the voltages run L3-L2-L1: two voltage wires are interchanged"),
        ((0.0, 0.5, 120.0), None, "the terminals L1 and L2 carry the same phase (0° apart)"),
        ((0.0, -120.0, -120.0), None, "the terminals L2 and L3 carry the same phase (0° apart)"),
        (
            (0.0, -61.0, -121.0),
            PhaseOrder.L1_L2_L3,
            "the voltages do not stand 120° apart: L1 at 0°, L2 at -61°, L3 at -121°",
        ),
    ],
)
def test_a_mistake_is_named(angle_deg: tuple[float, float, float], order: PhaseOrder | None, sentence: str) -> None:
    one = found(angle_deg, order=order)
    assert (one.condition, one.sentence) == (Condition.WRONG, sentence)


@given(shift=st.complex_numbers(min_magnitude=110.0, max_magnitude=400.0, allow_nan=False))
def test_a_moved_neutral_is_no_mistake_of_the_wiring(shift: complex) -> None:
    volts = [cmath.rect(230.0, math.radians(-120.0 * n)) + shift for n in range(3)]
    assume(min(map(abs, volts)) > 25.0)
    angles = [math.degrees(cmath.phase(one / volts[0])) for one in volts]
    one = judged(
        measurement(
            voltage_rms_v=Phases.of(map(abs, volts)),
            voltage_angle_deg=Phases.of(angles),
            voltage_order=PhaseOrder.L1_L2_L3,
            voltage_zero_sequence_v=abs(shift),
            voltage_positive_sequence_v=230.0,
            voltage_negative_sequence_v=0.0,
        ),
        ALL,
    )
    assert one.condition is not Condition.WRONG
    assert one.condition is Condition.RIGHT or "the neutral may be broken" in one.sentence
