"""pqopen-lib on the same samples: the peer that speed and accuracy are held against."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from daqopen.channelbuffer import AcqBuffer
from pqopen.powersystem import PowerSystem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ((1, 0), (3, 2), (5, 4))
"""Voltage and current of each phase in the order of our converter's inputs."""

logging.disable(logging.WARNING)


class Peer:
    """Its full set with 50 harmonics and the neutral current (it computes that one; we measure a seventh input)."""

    def __init__(self, sample_rate_hz: float, nominal_hz: float = 50.0) -> None:
        self._buffers = [(AcqBuffer(), AcqBuffer()) for _ in COLUMNS]
        self.system = PowerSystem(
            zcd_channel=self._buffers[0][0],
            input_samplerate=sample_rate_hz,
            nominal_frequency=nominal_hz,
            nper=10 if nominal_hz == 50.0 else 12,
        )
        for u, i in self._buffers:
            self.system.add_phase(u_channel=u, i_channel=i)
        self.system.enable_harmonic_calculation(50)
        self.system.enable_neutral_current_calculation()

    def push(self, samples: NDArray[np.float64]) -> None:
        for (u, i), (u_column, i_column) in zip(self._buffers, COLUMNS, strict=True):
            u.put_data(samples[:, u_column])
            i.put_data(samples[:, i_column])
        self.system.process()

    def values(self, name: str) -> list[Any]:
        channel = self.system.output_channels[name]
        data, _ = channel.read_data_by_acq_sidx(0, 1 << 40)
        return list(data)
