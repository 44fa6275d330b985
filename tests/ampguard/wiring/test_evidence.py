"""What counts of what the clamps show: answers of the voltages that come at once, and of no dip."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Quality
from ampguard.wiring.evidence import SETTLED_WINDOWS, Evidence
from ampguard.wiring.installation import Installation
from ampguard.wiring.judge import Judge

if TYPE_CHECKING:
    from ampguard.wiring.response import Answer

ALL = Phases.all_of(value=True)
FULL_SCALE_A = 63.0
ONE, TWO, THREE = (cmath.rect(1.0, math.radians(angle_deg)) for angle_deg in (0.0, -120.0, 120.0))
UNITS = (ONE, TWO, THREE)


def flow(under_test: Evidence, amperes: float, voltage_v: float, windows: int) -> None:
    for _ in range(windows):
        under_test.follow((amperes * ONE, 3.0 * TWO, 4.0 * THREE), UNITS, (voltage_v, voltage_v, voltage_v))


def answers(under_test: Evidence) -> list[Answer]:
    return [one.answer for one in under_test.looks if one.answer is not None]


@pytest.mark.parametrize(("uneasy", "expected"), [(0, 1), (2, 1), (150, 0)])
def test_a_voltage_half_a_minute_later_answers_to_nothing(uneasy: int, expected: int) -> None:
    under_test = Evidence(FULL_SCALE_A)
    flow(under_test, 10.0, 231.0, 20)
    for turn in range(uneasy // 2):
        flow(under_test, 11.0 + turn % 2, 230.0, 2)
    flow(under_test, 14.0, 229.0, SETTLED_WINDOWS)
    assert len(answers(under_test)) == expected


@pytest.mark.parametrize("in_dip", [False, True])
def test_a_dip_is_no_answer_to_a_load(in_dip: bool) -> None:  # noqa: FBT001 - a case
    under_test = Judge(Installation(FULL_SCALE_A, ALL, ALL, generation_on_site=None, has_neutral=True))
    high = measurement(
        voltage_rms_v=Phases.all_of(230.0),
        current_fundamental_rms_a=Phases(20.0, 3.0, 4.0),
        current_angle_deg=Phases.all_of(0.0),
        voltage_order=PhaseOrder.L1_L2_L3,
    )
    low = replace(
        high,
        voltage_rms_v=Phases(200.0, 230.0, 230.0),
        current_fundamental_rms_a=Phases(17.4, 3.0, 4.0),
        quality=frozenset({Quality.EVENT}) if in_dip else frozenset(),
    )
    for one in (high, low):
        for _ in range(2 * SETTLED_WINDOWS):
            under_test.follow(one, PhaseOrder.L1_L2_L3)
    steps = [one.answer for one in under_test.looks if one.is_step and one.answer is not None]
    assert [any(change_v is not None for change_v in one.change_v) for one in steps] == [not in_dip]


def seen(under_test: Evidence, amperes: tuple[float, float, float], lag_deg: tuple[float, float, float]) -> None:
    currents = [
        size_a * unit * cmath.rect(1.0, -math.radians(lag))
        for size_a, unit, lag in zip(amperes, UNITS, lag_deg, strict=True)
    ]
    for _ in range(SETTLED_WINDOWS + 1):
        under_test.follow((currents[0], currents[1], currents[2]), UNITS)


@pytest.mark.parametrize(("lag_deg", "expected"), [(12.0, [(True,) * 3]), (25.0, [(True,) * 3, (True, False, False)])])
def test_more_of_the_same_load_says_nothing_new(lag_deg: float, expected: list[tuple[bool, ...]]) -> None:
    under_test = Evidence(FULL_SCALE_A)
    seen(under_test, (2.0, 3.0, 4.0), (8.0, 8.0, 8.0))
    seen(under_test, (9.0, 3.0, 4.0), (lag_deg, 8.0, 8.0))
    assert [one.counts for one in under_test.looks if not one.is_step] == expected


def test_what_was_lost_in_the_noise_is_seen_anew_at_any_angle() -> None:
    under_test = Evidence(FULL_SCALE_A)
    seen(under_test, (0.02, 3.0, 4.0), (8.0, 8.0, 8.0))
    seen(under_test, (9.0, 3.0, 4.0), (8.0, 8.0, 8.0))
    assert [one.counts for one in under_test.looks if not one.is_step] == [(True,) * 3, (True, False, False)]


@pytest.mark.parametrize(
    ("uneasy", "expected"), [(0, [(True, True, False)]), (12, [(True, False, False), (False, True, False)])]
)
def test_what_changes_slowly_was_not_switched_by_one_hand(uneasy: int, expected: list[tuple[bool, ...]]) -> None:
    """On at once: both on, or both off. Slowly, one may have gone up and the other down."""
    under_test = Evidence(FULL_SCALE_A)
    seen(under_test, (10.0, 8.0, 4.0), (8.0, 8.0, 8.0))
    for turn in range(uneasy):
        under_test.follow((10.5 * ONE + turn % 2, 8.0 * TWO, 4.0 * THREE), UNITS)
    seen(under_test, (13.0, 10.0, 4.0), (8.0, 8.0, 8.0))
    assert [one.counts for one in under_test.looks if one.is_step] == expected
