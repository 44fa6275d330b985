"""Phasors by the plain Fourier sum over whole cycles, as IEC 61000-4-7 defines them, with edges between samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complexes: TypeAlias = NDArray[np.complex128]
    Floats: TypeAlias = NDArray[np.float64]


def fundamental_phasors(samples: Floats, weights: Floats, turn_rad: float) -> Complexes:
    """RMS phasors, at sample 0, of signals that turn by `turn_rad` a sample.

    Args:
        samples: (count, columns).
        weights: (count,), with a sum of 1 over whole cycles (see `quadrature.window_weights`).
        turn_rad: angle from one sample to the next.
    """
    turns_rad = turn_rad * np.arange(len(samples))
    table = np.stack([np.cos(turns_rad), np.sin(turns_rad)]) * (weights * math.sqrt(2.0))
    real, imaginary = table @ samples
    phasors: Complexes = real - 1j * imaginary
    return phasors


def harmonic_phasors(samples: Floats, weights: Floats, turn_rad: float, highest: int) -> Complexes:
    """The same for harmonics 1 to `highest`, shape (highest, columns).

    What the edges between samples let through of the mean and of the fundamental into the others is known (the weights'
    own transform), and taken off.
    """
    held = np.column_stack([samples, np.ones(len(samples))])
    table = np.exp(-1j * np.outer(np.arange(1, highest + 2), turn_rad * np.arange(len(samples)))) * weights
    answers: Complexes = np.matmul(table, held) * math.sqrt(2.0)
    phasors, leaks = answers[:highest, :-1], answers[:, -1:] / math.sqrt(2.0)
    mean = math.sqrt(2.0) * (weights @ samples)
    phasors[1:] -= leaks[: highest - 1] * phasors[0] + leaks[2:] * phasors[0].conj() + leaks[1:highest] * mean
    return phasors
