"""Waveforms of known size for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ["Va", "Vb", "Vc", "Ia", "Ib", "Ic"]
UNITS = ["V", "V", "V", "A", "A", "A"]


def three_phases(  # noqa: PLR0913 - one for each quantity
    rows: int, rate: float, *, volts: float = 230.0, amperes: float = 10.0, lag_deg: float = 30.0, hertz: float = 50.0
) -> NDArray[np.float64]:
    """Columns va, vb, vc, ia, ib, ic; RMS values as told."""
    angle = 2 * np.pi * hertz * np.arange(rows) / rate
    shifts = np.radians([0.0, -120.0, 120.0])
    voltages = volts * np.sqrt(2) * np.cos(angle[:, None] + shifts)
    currents = amperes * np.sqrt(2) * np.cos(angle[:, None] + shifts - np.radians(lag_deg))
    return np.hstack([voltages, currents])
