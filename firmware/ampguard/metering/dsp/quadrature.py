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
_MIDDLE = (POINTS - 1) / 2.0
_NODES_OF_POWERS = np.linalg.inv(np.power.outer(np.arange(POINTS) - _MIDDLE, np.arange(POINTS)))
"""Row p: what the p-th power of a position contributes to each node's weight."""
_TAILS_OF_POWERS = _NODES_OF_POWERS[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
"""The same for samples: sample j counts in the cumulative sums behind it, at the nodes j + 1 to 5."""


def first_nodes(position_samples: Floats, count: int) -> Integers:
    """Of the cumulative sums 0 to `count`, the first of the six around each position (none is negative)."""
    return np.minimum(np.maximum(position_samples.astype(np.int64) - 2, 0), count + 1 - POINTS)


def _tails(position_samples: Floats, first: Integers) -> Floats:
    """(positions, 5) weights of the samples from `first` on, in the sum up to each position."""
    powers = np.ones((len(first), POINTS))
    powers[:, 1:] = (np.subtract(position_samples, first) - _MIDDLE)[:, None]
    np.multiply.accumulate(powers, axis=1, out=powers)
    tails: Floats = powers @ _TAILS_OF_POWERS
    return tails


def sums_between(border_samples: Floats, values: Floats) -> Floats:
    """Sums of `values` (channels, count) from each border to the next; shape (channels, borders - 1)."""
    first = first_nodes(border_samples, values.shape[1])
    near = values[:, first[:, None] + np.arange(POINTS - 1)]
    partial = np.einsum("cbt,bt->cb", near, _tails(border_samples, first))
    # whole samples from the first node of one border to that of the next
    whole = np.add.reduceat(values, first, axis=1)[:, :-1]
    sums: Floats = whole + np.diff(partial, axis=1)
    return sums


def window_weights(start_samples: float, end_samples: float, count: int) -> Floats:
    """Weight of each of `count` samples in the sum from one position to another."""
    edges = np.array([start_samples, end_samples])
    first = first_nodes(edges, count)
    tails = _tails(edges, first)
    begin, end = first.tolist()
    weights = np.ones(count)
    weights[end : end + POINTS - 1] = tails[1]
    weights[end + POINTS - 1 :] = 0.0
    weights[:begin] = 0.0
    weights[begin : begin + POINTS - 1] -= tails[0]
    return weights
