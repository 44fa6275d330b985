"""Sums over a stretch of samples that begins and ends between two of them.

The sum up to a position between two samples is the cumulative sum, interpolated there by six points (Lagrange). Seen as
weights of samples: one inside the stretch, and five others at each edge. Over whole periods of a sinusoid the error is
that of the interpolation, which falls with the fifth power of frequency over sample rate.

Arrays of samples have the shape (channels, count) throughout this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]

POINTS = 6
_BEFORE = POINTS // 2 - 1
"""How many of the six lie before the sum up to the whole sample below the position."""
_NEAR = np.arange(POINTS - 1)
_MIDDLE = (POINTS - 1) / 2.0
_NODES_OF_POWERS = np.linalg.inv(np.power.outer(np.arange(POINTS) - _MIDDLE, np.arange(POINTS)))
"""Row p: what the p-th power of a position contributes to each node's weight."""
_TAILS_OF_POWERS = _NODES_OF_POWERS[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
"""The same for samples: sample j counts in the cumulative sums behind it, at the nodes j + 1 to 5."""


class Borders:
    """Positions between which samples are summed; what each sample counts depends on nothing else."""

    def __init__(self, position_samples: Floats, count: int) -> None:
        """`position_samples` (borders,) rise and lie among `count` samples."""
        self._count = count
        # of the cumulative sums 0 to `count`, the first of the six around each border (none is negative)
        whole = position_samples.astype(np.int64)
        self._first: Integers = np.minimum(np.maximum(whole - _BEFORE, 0), count + 1 - POINTS)
        powers = np.ones((len(whole), POINTS))
        powers[:, 1:] = (np.subtract(position_samples, self._first) - _MIDDLE)[:, None]
        np.multiply.accumulate(powers, axis=1, out=powers)
        self._tails: Floats = powers @ _TAILS_OF_POWERS
        """(borders, 5) weights of the samples from the first node on, in the sum up to each border."""

    def sums(self, values: Floats) -> Floats:
        """Sums of `values` (channels, count) from each border to the next; shape (channels, borders - 1)."""
        near = values.take(self._first[:, None] + _NEAR, axis=1)
        partial = np.einsum("cbt,bt->cb", near, self._tails)
        # whole samples from the first node of one border to that of the next
        whole = np.add.reduceat(values, self._first, axis=1)
        sums: Floats = whole[:, :-1] + partial[:, 1:] - partial[:, :-1]
        return sums

    def weights(self) -> Floats:
        """Weight of each of the samples in the sum from the first border to the last."""
        begin, end = int(self._first[0]), int(self._first[-1])
        weights = np.ones(self._count)
        weights[end : end + POINTS - 1] = self._tails[-1]
        weights[end + POINTS - 1 :] = 0.0
        weights[:begin] = 0.0
        weights[begin : begin + POINTS - 1] -= self._tails[0]
        return weights
