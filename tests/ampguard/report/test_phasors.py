"""Arrows and lines: they point where the quantities do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.report import made

from ampguard.phases import Phase, Phases
from ampguard.report import phasors, trace
from ampguard.report.phasors import _arrows, _free

ANGLES = st.floats(-180.0, 180.0)


def test_a_current_points_its_lag_behind_its_own_voltage() -> None:
    found = {name: angle_deg for name, _, _, angle_deg, _ in _arrows(made.RIGHT.phasors)}
    assert found == {"U1": 0.0, "I1": -6.0, "U2": -120.1, "I2": -132.1, "U3": 119.9, "I3": 98.9}


def test_the_longest_of_each_kind_sets_its_scale_and_voltages_are_longer_and_thinner() -> None:
    found = {name: (length, pen.thickness) for name, _, length, _, pen in _arrows(made.RIGHT.phasors)}
    assert found["U2"][0] == 0.8
    assert found["I1"][0] == 0.55
    assert found["I2"][0] == pytest.approx(0.55 * 4.2 / 9.8)
    assert found["U1"][1] < found["I1"][1]


def test_what_has_no_angle_or_no_size_is_not_drawn() -> None:
    nothing = Phases(None, None, None)
    one = made.phasors((6.0, 12.0, 21.0), (9.8, 0.0, 0.001))
    assert {name for name, *_ in _arrows(one)} == {"U1", "U2", "U3", "I1"}
    assert not list(_arrows(made.facts.Phasors(
        voltage_rms_v=nothing, voltage_angle_deg=nothing, current_fundamental_rms_a=one.voltage_rms_v,
        current_angle_deg=nothing,
    )))  # fmt: skip


def test_phases_are_told_apart_without_colours() -> None:
    assert len({phasors.pen_of(phase, 1.0).dashes for phase in Phase}) == 3


@given(st.lists(st.tuples(ANGLES, st.floats(5.0, 60.0)), min_size=1, max_size=6))
def test_names_keep_clear_of_each_other(tips: list[tuple[float, float]]) -> None:
    taken: list[tuple[float, float]] = []
    for angle_deg, length in tips:
        tip = length * math.cos(math.radians(angle_deg)), length * math.sin(math.radians(angle_deg))
        place = _free((0.0, 0.0), tip, taken, [tip])
        assert place == tip or all(math.dist(place, other) >= 11.0 for other in taken)
        taken.append(place)


def test_a_name_stands_beside_an_arrow_that_passes_its_tip() -> None:
    tip, along = (0.0, 40.0), (0.0, 60.0)
    assert _free((0.0, 0.0), tip, [], [tip]) == pytest.approx((0.0, 49.5))
    assert phasors._distance(_free((0.0, 0.0), tip, [], [tip, along]), (0.0, 0.0), along) >= 7.0


@given(st.floats(0.0, 1e7))
def test_a_scale_has_a_handful_of_round_steps(span_w: float) -> None:
    step_w = trace._step(span_w)
    assert span_w / step_w <= 5.01
    assert f"{step_w:.0e}"[0] in "125"


def test_a_gap_in_the_readings_is_a_gap_in_the_line() -> None:
    day = made.trace(144, range(60, 66))
    scale = trace._Scale(day, 500.0)
    pieces = list(trace._pieces(scale, [one.active_power_w.l1 for one in day.points], 960.0))
    assert [len(one) for one in pieces] == [60, 78]


def test_a_phase_that_is_absent_for_a_while_is_a_gap_in_its_line() -> None:
    day = made.trace(10, range(0))
    powers_w = [1.0, 2.0, None, 4.0, None, None, 7.0, 8.0, 9.0, None]
    assert [len(one) for one in trace._pieces(trace._Scale(day, 500.0), powers_w, 960.0)] == [2, 1, 3]
