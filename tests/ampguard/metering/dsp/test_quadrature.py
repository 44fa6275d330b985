"""Sums between positions that lie between samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.metering.dsp.quadrature import Borders
from ampguard.metering.window import Window


@given(start=st.floats(3.0, 40.0), length=st.floats(100.0, 900.0), order=st.integers(0, 5))
def test_polynomials_are_summed_exactly(start: float, length: float, order: int) -> None:
    count = 1000
    end = start + length
    # samples are the differences of a polynomial: its sum from a to b is the polynomial's own difference
    positions = np.arange(count + 1) / count
    values = np.diff(positions**order)
    found = Borders(np.array([start, end]), count).weights() @ values
    assert found == pytest.approx((end / count) ** order - (start / count) ** order, abs=1e-11)


@given(hz=st.floats(45.0, 65.0), start=st.floats(3.0, 300.0), angle=st.floats(0.0, 6.28), cycles=st.integers(1, 10))
def test_the_mean_square_of_whole_cycles_has_no_ripple(hz: float, start: float, angle: float, cycles: int) -> None:
    length = cycles * 8000.0 / hz
    count = math.ceil(start + length) + 4
    wave = np.sin(2.0 * math.pi * hz / 8000.0 * np.arange(count) + angle)
    found = Borders(np.array([start, start + length]), count).weights() @ np.square(wave) / length
    assert found == pytest.approx(0.5, abs=1e-9)


@given(
    borders=st.lists(st.floats(3.0, 990.0), min_size=2, max_size=20)
    .map(sorted)
    .filter(lambda places: min(np.diff(places)) >= 1.5)
)
def test_parts_add_up_to_the_whole(borders: list[float]) -> None:
    values = np.random.default_rng(1).standard_normal((3, 1000))
    cut = Borders(np.array(borders), 1000)
    parts, whole = cut.sums(values), values @ cut.weights()
    assert parts.shape == (3, len(borders) - 1)
    assert parts.sum(axis=1) == pytest.approx(whole, abs=1e-9)


def test_whole_positions_sum_whole_samples() -> None:
    values = np.arange(50.0)[None, :]
    assert Borders(np.array([10.0, 20.0, 45.0]), 50).sums(values)[0] == pytest.approx([145.0, 800.0])


@pytest.mark.parametrize(("frequency_hz", "halves"), [(50.02, 20), (49.97, 20), (60.0, 24), (None, 20)])
def test_the_half_cycles_of_a_window_fill_it(frequency_hz: float | None, halves: int) -> None:
    length = 8000.0 * (halves / 2) / (frequency_hz or 50.0)
    window = Window(
        samples=np.ones((2, 1610)),
        start_samples=3.25,
        end_samples=3.25 + length,
        start_s=0.0,
        sample_rate_hz=8000.0,
        frequency_hz=frequency_hz,
        quality=frozenset(),
    )
    borders = window.half_cycle_borders()
    assert borders.sums(window.samples)[0] == pytest.approx(np.full(halves, length / halves))
    assert borders.weights().sum() == pytest.approx(length)
