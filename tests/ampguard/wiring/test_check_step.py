"""Steps are recognised within three seconds, whatever they are; what is none is not."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.wiring.heated import ALL, BASE, NOISE_A, on_phase, played, share, snapped, steps, window

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Quality
from ampguard.wiring.check_snapshot import snapshot
from ampguard.wiring.check_step import Pace, Recogniser

moments = st.floats(3.0, 4.0)


@given(
    current_a=st.floats(1.0, 32.0),
    lag_deg=st.floats(-30.0, 60.0),
    on_s=moments,
    phase=st.integers(0, 2),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_a_switched_load_is_seen_within_three_seconds(
    current_a: float, lag_deg: float, on_s: float, phase: int, seed: int
) -> None:
    drawn = cmath.rect(current_a, -math.radians(lag_deg))
    found = steps(played(lambda start_s: on_phase(phase, drawn * share(start_s, on_s)), on_s + 3.0, seed=seed), 0.8)
    assert len(found) == 1, "once, however long it stays on"
    (step,) = found
    assert step.clamp == phase
    assert step.seen_s - on_s <= 3.0
    assert abs(step.start_s + 0.1 - on_s) <= 0.31
    turn = cmath.rect(1.0, math.radians(-120.0 * phase))
    assert abs(step.change_a[phase] - drawn * turn) <= max(5.0 * step.unsure_a[phase], 0.03 * current_a)
    assert [clamp for clamp in range(3) if step.answers(clamp)] == [phase]


@given(on_s=moments, lasts_s=st.floats(2.5, 4.0))
@settings(max_examples=30, deadline=None)
def test_on_and_off_are_two_steps_that_cancel_each_other(on_s: float, lasts_s: float) -> None:
    found = steps(played(lambda s: on_phase(1, 8.0 * share(s, on_s, on_s + lasts_s)), 12.0))
    assert len(found) == 2
    assert abs(found[0].change_a[1] + found[1].change_a[1]) < 0.3


@given(on_s=moments, lasts_s=st.floats(1.4, 20.0), current_a=st.floats(1.0, 32.0))
@settings(max_examples=60, deadline=None)
def test_a_ramp_is_no_step(on_s: float, lasts_s: float, current_a: float) -> None:
    def drawn(start_s: float) -> tuple[complex, complex, complex]:
        return on_phase(0, current_a * min(max((start_s + 0.1 - on_s) / lasts_s, 0.0), 1.0))

    assert steps(played(drawn, on_s + lasts_s + 4.0)) == []


def test_a_charger_may_take_its_time_where_one_is_expected() -> None:
    def drawn(start_s: float) -> tuple[complex, complex, complex]:
        one = 10.0 * min(max((start_s + 0.1 - 4.0) / 2.5, 0.0), 1.0)
        return one, one, one

    (step,) = steps(played(drawn, 12.0), 5.0, Pace.GRADUAL)
    assert [abs(one) for one in step.change_a] == pytest.approx([10.0] * 3, rel=0.03)


@given(slope_a_per_s=st.floats(-1.6, 1.6), on_s=moments)
@settings(max_examples=40, deadline=None)
def test_what_drifts_meanwhile_is_taken_off(slope_a_per_s: float, on_s: float) -> None:
    (step,) = steps(played(lambda s: on_phase(0, slope_a_per_s * s + 8.0 * share(s, on_s)), on_s + 3.0), 5.0)
    assert abs(step.change_a[0]) == pytest.approx(8.0, rel=0.05)


def test_an_inrush_is_waited_for() -> None:
    def drawn(start_s: float) -> tuple[complex, complex, complex]:
        since_s = max(start_s + 0.1 - 4.0, 0.0)
        return on_phase(2, 7.0 * share(start_s, 4.0) * (1.0 + 4.0 * math.exp(-since_s / 0.12)))

    (step,) = steps(played(drawn, 8.0))
    assert abs(step.change_a[2]) == pytest.approx(7.0, rel=0.04)
    assert step.seen_s <= 7.0


def test_nothing_smaller_than_what_is_looked_for_is_told() -> None:
    assert steps(played(lambda s: on_phase(0, 1.5 * share(s, 4.0)), 8.0), 2.0) == []


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_noise_is_no_step(seed: int) -> None:
    assert steps(played(lambda _: (0j, 0j, 0j), 10.0, seed=seed), 10.0 * NOISE_A) == []


@given(hole_s=st.floats(0.2, 1.7), into_ratio=st.floats(-0.5, 1.5), drift_a_per_s=st.floats(-0.5, 0.5))
@settings(max_examples=60, deadline=None)
def test_what_is_switched_around_a_short_hole_of_the_stream_is_seen_once(
    hole_s: float, into_ratio: float, drift_a_per_s: float
) -> None:
    begin_s = 4.0 - into_ratio * hole_s
    played_windows = played(lambda s: on_phase(0, drift_a_per_s * s + 8.0 * share(s, 4.0)), 11.0)
    (step,) = steps(one for one in played_windows if not begin_s <= one.start_s < begin_s + hole_s)
    assert abs(step.change_a[0]) == pytest.approx(8.0, rel=0.08)


def test_a_hole_of_the_stream_is_no_step() -> None:
    assert steps(one for one in played(lambda s: on_phase(0, 0.4 * s), 11.0) if not 4.0 < one.start_s < 5.7) == []


def test_what_is_switched_in_a_long_hole_of_the_stream_is_not_seen() -> None:
    windows = [one for one in played(lambda s: on_phase(0, 8.0 * share(s, 5.0)), 12.0) if not 3.5 < one.start_s < 6.0]
    assert steps(iter(windows)) == []


def test_a_stream_that_begins_anew_is_another_one() -> None:
    quiet = list(played(lambda _: (0j, 0j, 0j), 4.0))
    hot = list(played(lambda _: on_phase(0, 8.0 + 0j), 4.0))
    assert steps(iter([*quiet, *hot])) == []


def test_a_saturated_window_is_no_ground_to_see_a_step_on() -> None:
    rough = frozenset({Quality.CLIPPED})
    windows = [replace(one, quality=rough) for one in played(lambda s: on_phase(0, 8.0 * share(s, 4.0)), 9.0)]
    assert steps(iter(windows)) == []


def test_a_clamp_that_is_not_there_shows_no_step() -> None:
    only = Phases(l1=True, l2=False, l3=False)
    under_test = Recogniser(only, 1.0, Pace.SUDDEN)
    for one in played(lambda s: on_phase(1, 8.0 * share(s, 4.0)), 9.0):
        seen = snapshot(one, PhaseOrder.L1_L2_L3, only)
        assert seen is not None
        assert under_test.follow(seen) is None


def test_a_torn_window_says_nothing() -> None:
    torn = replace(window(BASE), quality=frozenset({Quality.OVERRUN}))
    assert snapshot(torn, PhaseOrder.L1_L2_L3, ALL) is None


def test_voltages_that_are_not_wired_are_taken_from_the_order() -> None:
    alone = replace(window(BASE), voltage_angle_deg=Phases(0.0, None, None))
    for order, sign in ((PhaseOrder.L1_L2_L3, -1.0), (PhaseOrder.L3_L2_L1, 1.0)):
        seen = snapshot(alone, order, ALL)
        assert seen is not None
        assert math.degrees(cmath.phase(seen.voltage_v[1])) == pytest.approx(sign * 120.0)
        assert abs(seen.voltage_v[1]) == pytest.approx(1.0), "its size is not known"


def test_lag_is_positive_for_what_is_inductive() -> None:
    assert snapped(window((cmath.rect(5.0, -math.radians(30.0)), 1 + 0j, 1 + 0j))).lag_deg(0) == pytest.approx(30.0)
