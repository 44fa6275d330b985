"""The voltage terminals: what is told of them, and that a broken neutral is not blamed on the electrician."""

from __future__ import annotations

import pytest
from hypothesis import given
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


def test_a_broken_neutral_is_no_mistake_of_the_wiring() -> None:
    one = found((0.0, -85.0, 85.0), (120.0, 290.0, 290.0))
    assert one.condition is Condition.UNDECIDED
    assert "the neutral may be broken" in one.sentence
