"""Sums over a stretch of samples that begins and ends between two of them.

The sum up to a position between two samples is the cumulative sum, interpolated there by six points (Lagrange). Seen as
weights of samples: one inside the stretch, and five others at each edge. Over whole periods of a sinusoid the error is
that of the interpolation, which falls with the fifth power of frequency over sample rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

POINTS = 6
_NODES = np.arange(POINTS)
_DENOMINATORS = np.array([math.prod(j - m for m in range(POINTS) if m != j) for j in range(POINTS)], dtype=float)


def lagrange(fraction: Floats) -> Floats:
    """Weights (n, 6) of the nodes 0 to 5 for interpolation at each of n positions among them."""
    distance = fraction[:, None] - _NODES
    weights: Floats = np.empty(distance.shape)
    for j in range(POINTS):
        weights[:, j] = np.prod(np.delete(distance, j, axis=1), axis=1)
    weights /= _DENOMINATORS
    return weights


def first_nodes(position: Floats, count: int) -> NDArray[np.int64]:
    """Of the cumulative sums 0 to `count`, the first of the six around each position."""
    return np.clip(np.floor(position).astype(np.int64) - 2, 0, count + 1 - POINTS)


def sums_up_to(position: Floats, values: Floats) -> Floats:
    """The sum of `values` (count, columns) from the beginning to each position; shape (positions, columns)."""
    cumulative = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=cumulative[1:])
    first = first_nodes(position, len(values))
    neighbours = cumulative[first[:, None] + _NODES]
    sums: Floats = np.einsum("ij,ijk->ik", lagrange(np.subtract(position, first)), neighbours)
    return sums


def window_weights(start_samples: float, end_samples: float, count: int) -> Floats:
    """Weight of each of `count` samples in the sum from one position to another."""
    edges = np.array([start_samples, end_samples])
    first = first_nodes(edges, count)
    tails = lagrange(np.subtract(edges, first))[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    weights = np.ones(count)
    weights[first[1] : first[1] + POINTS - 1] = tails[1]
    weights[first[1] + POINTS - 1 :] = 0.0
    weights[: first[0]] = 0.0
    weights[first[0] : first[0] + POINTS - 1] -= tails[0]
    return weights
