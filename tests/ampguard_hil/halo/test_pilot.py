"""What duty cycles say, both ways (IEC 61851-1, annex A)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_hil.halo.pilot import MINIMUM_A, MOST_A, NO_PERMIT_RATIO, duty_ratio, permitted_a


@pytest.mark.parametrize(
    ("ratio", "current_a"),
    [
        (0.0, 0.0), (0.05, 0.0), (0.079, 0.0), (0.08, 6.0), (0.10, 6.0), (0.16, 9.6), (0.2667, 16.0), (0.5333, 32.0),
        (0.85, 51.0), (0.90, 65.0), (0.96, 80.0), (0.97, 80.0), (0.975, 0.0), (1.0, 0.0),
    ],
)  # fmt: skip
def test_a_car_reads_the_table(ratio: float, current_a: float) -> None:
    assert permitted_a(ratio) == pytest.approx(current_a, abs=0.01)


def test_without_a_generator_nothing_is_said() -> None:
    assert permitted_a(None) == 0.0


@given(st.floats(MINIMUM_A, MOST_A))
def test_what_is_offered_is_what_is_read(offered_a: float) -> None:
    between = 51.0 < offered_a <= 52.5 + 1e-9  # the leap of the table
    assert permitted_a(duty_ratio(offered_a)) == pytest.approx(51.0 if between else offered_a, rel=1e-9)


@given(st.floats(0.0, MINIMUM_A, exclude_max=True))
def test_what_cannot_be_said_is_a_pause(offered_a: float) -> None:
    assert duty_ratio(offered_a) == NO_PERMIT_RATIO
    assert permitted_a(duty_ratio(offered_a)) == 0.0


def test_more_than_the_pilot_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted at most 80 A"):
        duty_ratio(81.0)
