"""Stamps are those of the samples, however late a busy system hands them on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.metering.timebase import TimeBase

RATE_HZ, BLOCK = 8000.0, 128
BLOCK_NS = BLOCK / RATE_HZ * 1e9


@given(
    drift_ratio=st.floats(-250e-6, 250e-6),
    late_ns=st.integers(0, 40_000_000),
    seed=st.integers(0, 1000),
    began_ns=st.integers(0, 10**15),
)
def test_what_is_late_now_and_then_moves_no_stamp(drift_ratio: float, late_ns: int, seed: int, began_ns: int) -> None:
    base, chance = TimeBase(RATE_HZ), random.Random(seed)
    for number in range(1, 2000):
        complete_ns = began_ns + number * BLOCK_NS * (1.0 + drift_ratio)
        late = number > 10 and chance.random() < 0.3
        base.follow(BLOCK, 0, round(complete_ns + (late_ns if late else 0)))
        if number > 10:
            moment_ns = base.moment_ns(number * BLOCK / RATE_HZ)
            # a run of late blocks lets the base drift by what the oscillators may differ
            assert moment_ns - complete_ns == pytest.approx(0.0, abs=100_000)


def test_after_a_gap_it_begins_anew() -> None:
    base = TimeBase(RATE_HZ)
    base.follow(BLOCK, 0, 1_000_000_000)
    # the count of the missing is a guess: it was 30 ms less
    base.follow(BLOCK, 8000, 1_986_000_000)
    assert base.moment_ns((2 * BLOCK + 8000) / RATE_HZ) == 1_986_000_000
