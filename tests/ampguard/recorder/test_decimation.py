"""Decimation leaves what is measured as it is, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.recorder.decimation import Decimator, decimated, factor_for
from ampguard.recorder.stream import Block


@given(
    factor=st.integers(2, 9),
    cuts=st.lists(st.integers(1, 3999), max_size=8, unique=True),
    hertz=st.floats(40, 3300),
)
def test_every_harmonic_passes_unchanged_however_the_samples_come(factor: int, cuts: list[int], hertz: float) -> None:
    rate = 40_000.0 * factor
    signal = np.cos(2 * np.pi * hertz * np.arange(4000) / rate)[:, None] * [1.0, -2.0]
    decimator = Decimator(factor)
    outputs = [decimator.push(part) for part in np.split(signal, sorted(cuts))]
    found = np.vstack([*outputs, decimator.finish()])
    wanted = signal[::factor]
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found[30:-30], wanted[30:-30], atol=2e-4)
    np.testing.assert_allclose(found, wanted, atol=0.2)


def test_a_gap_is_counted_in_new_samples() -> None:
    blocks = [Block(np.ones((1000, 1)), 0, 0, 0.5), Block(np.ones((1000, 1)), 40, 0, 1.0)]
    found = list(decimated(blocks, 4))
    assert sum(len(block.samples) for block in found) == 500
    assert [block.lost_samples for block in found if block.lost_samples] == [10]
    assert all((np.abs(block.samples - 1) < 1e-9).all() for block in found)


def test_what_would_fold_back_is_removed() -> None:
    rate, factor = 200_000.0, 4
    signal = np.cos(2 * np.pi * 49_000 * np.arange(20_000) / rate)[:, None]
    decimator = Decimator(factor)
    found = np.vstack([decimator.push(signal), decimator.finish()])
    assert np.abs(found[100:-100]).max() < 1e-4


@pytest.mark.parametrize(("rate", "factor"), [(800.0, 1), (50_000.0, 1), (50_001.0, 2), (100_000.0, 2), (1e6, 20)])
def test_the_factor_is_as_small_as_can_be(rate: float, factor: int) -> None:
    assert factor_for(rate, 50_000.0) == factor
