"""What integration tests share: the real driver on a simulated board in virtual time, and what it streams."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.simulated.board import SimulatedBoard
from ampguard_drivers.simulated.clocks import VirtualClock
from ampguard_drivers.simulated.front_end import FrontEndModel
from ampguard_drivers.simulated.scenarios import SCENARIOS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard_drivers.samples import SampleBlock

    Floats: TypeAlias = NDArray[np.float64]

SCENARIO = SCENARIOS["steady"]()
BLOCK_S = 128 / 8000


class Rig:
    """A board with a quiet house, and the driver on it; time is virtual."""

    def __init__(self, *, neutral: bool = True, front_end: FrontEndModel | None = None) -> None:
        self.clock = VirtualClock()
        self.board = SimulatedBoard(SCENARIO.supply, front_end=front_end or FrontEndModel(), clock=self.clock, seed=1)
        self.parts = self.board.metering
        settings = Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.5, stream_neutral_current=neutral)
        self.chip = Ade9000(self.parts, settings)

    def blocks(self, seconds: float) -> list[SampleBlock]:
        """So much of the stream."""
        return [self.chip.next_block() for _ in range(round(seconds / BLOCK_S))]

    def physical(self, blocks: list[SampleBlock]) -> Floats:
        """Volts and amperes at the inputs, by the calibration this unit was made with."""
        scale = np.array([channel.scale_per_adc_v for channel in self.board.front_end.calibration().channels])
        codes = np.vstack([block.codes for block in blocks])
        return codes * (scale[: codes.shape[1]] / blocks[0].full_scale_codes)


def assert_seamless(blocks: list[SampleBlock]) -> None:
    """No sample missing anywhere, and no number given twice."""
    for before, after in itertools.pairwise(blocks):
        assert after.first_index == before.first_index + len(before.codes)
        assert after.lost_samples == 0
        assert after.monotonic_ns > before.monotonic_ns
