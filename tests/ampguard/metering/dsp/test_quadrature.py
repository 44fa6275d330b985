"""Sums between positions that lie between samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.metering.dsp.quadrature import sums_between, window_weights


@given(start=st.floats(3.0, 40.0), length=st.floats(100.0, 900.0), order=st.integers(0, 5))
def test_polynomials_are_summed_exactly(start: float, length: float, order: int) -> None:
    count = 1000
    end = start + length
    # samples are the differences of a polynomial: its sum from a to b is the polynomial's own difference
    positions = np.arange(count + 1) / count
    values = np.diff(positions**order)
    found = window_weights(start, end, count) @ values
    assert found == pytest.approx((end / count) ** order - (start / count) ** order, abs=1e-11)


@given(hz=st.floats(45.0, 65.0), start=st.floats(3.0, 300.0), angle=st.floats(0.0, 6.28), cycles=st.integers(1, 10))
def test_the_mean_square_of_whole_cycles_has_no_ripple(hz: float, start: float, angle: float, cycles: int) -> None:
    length = cycles * 8000.0 / hz
    count = math.ceil(start + length) + 4
    wave = np.sin(2.0 * math.pi * hz / 8000.0 * np.arange(count) + angle)
    found = window_weights(start, start + length, count) @ np.square(wave) / length
    assert found == pytest.approx(0.5, abs=1e-9)


@given(
    borders=st.lists(st.floats(3.0, 990.0), min_size=2, max_size=20)
    .map(sorted)
    .filter(lambda places: min(np.diff(places)) >= 1.5)
)
def test_parts_add_up_to_the_whole(borders: list[float]) -> None:
    values = np.random.default_rng(1).standard_normal((3, 1000))
    parts = sums_between(np.array(borders), values)
    whole = values @ window_weights(borders[0], borders[-1], 1000)
    assert parts.shape == (3, len(borders) - 1)
    assert parts.sum(axis=1) == pytest.approx(whole, abs=1e-9)


def test_whole_positions_sum_whole_samples() -> None:
    values = np.arange(50.0)[None, :]
    assert sums_between(np.array([10.0, 20.0, 45.0]), values)[0] == pytest.approx([145.0, 800.0])
