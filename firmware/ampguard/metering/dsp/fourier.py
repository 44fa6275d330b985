"""Phasors by the plain Fourier sum over whole cycles, as IEC 61000-4-7 defines them, with edges between samples."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complexes: TypeAlias = NDArray[np.complex128]
    Floats: TypeAlias = NDArray[np.float64]

_STRIDE = 64


@lru_cache(maxsize=8)
def _steps(coarse: int) -> Complexes:
    """Exponents for one radian a sample: fine steps, then so many coarse ones."""
    exponents: Complexes = np.multiply(-1j, np.concatenate([np.arange(_STRIDE), _STRIDE * np.arange(coarse)]))
    return exponents


def carrier(turn_rad: float, count: int) -> Complexes:
    """exp(-j k turn_rad) for k from 0: fine steps times coarse steps, which is cheaper than the function itself."""
    turns = np.exp(turn_rad * _steps(-(-count // _STRIDE)))
    turning: Complexes = turns[_STRIDE:, None] * turns[:_STRIDE]
    return turning.ravel()[:count]


def moments(samples: Floats, weights: Floats, turning: Complexes) -> tuple[Floats, Floats, Complexes]:
    """What RMS, powers and phasors are made of, in one product of matrices.

    Args:
        samples: (channels + 1, count), the last row of ones.
        weights: (count,), with a sum of 1 over whole cycles (see `quadrature.Borders`).
        turning: the `carrier` of the fundamental.

    Returns:
        mean products of any two channels (channels, channels); means; and RMS phasors of the fundamental, at sample 0.
    """
    rows, count = samples.shape
    table = np.empty((rows + 2, count))
    np.multiply(samples, weights, out=table[:rows])
    np.multiply(np.real(turning), weights, out=table[rows])
    np.multiply(np.imag(turning), weights, out=table[rows + 1])
    products = samples @ table.T
    phasors = np.empty(rows - 1, dtype=np.complex128)
    phasors.real, phasors.imag = math.sqrt(2.0) * products[:-1, rows:].T
    return products[:-1, : rows - 1], products[:-1, rows - 1], phasors


def without_fundamental(samples: Floats, phasors: Complexes, turning: Complexes) -> Floats:
    """What is left of the samples, so that the fundamental leaks into nothing."""
    parts = phasors.view(np.float64).reshape(-1, 2) * math.sqrt(2.0)
    rest: Floats = parts @ turning.view(np.float64).reshape(-1, 2).T
    return np.subtract(samples, rest, out=rest)


def harmonic_phasors(samples: Floats, weights: Floats, turn_rad: float, highest: int) -> Complexes:
    """RMS phasors of harmonics 1 to `highest`, shape (channels, highest).

    What the edges between samples let through of the mean and of the fundamental into the others is known (the weights'
    own transform), and taken off.
    """
    held = np.vstack([samples, np.ones(samples.shape[1])])
    table = np.exp(-1j * np.outer(turn_rad * np.arange(len(weights)), np.arange(1, highest + 2)))
    answers: Complexes = np.matmul(held * weights, table) * math.sqrt(2.0)
    phasors, leaks = answers[:-1, :highest], answers[-1:] / math.sqrt(2.0)
    mean = math.sqrt(2.0) * (samples @ weights)[:, None]
    first = phasors[:, :1]
    phasors[:, 1:] -= leaks[:, : highest - 1] * first + leaks[:, 2:] * first.conj() + leaks[:, 1:highest] * mean
    return phasors
