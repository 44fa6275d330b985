"""Raw samples as a metering IC delivers them: codes, an index, and whether any are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Codes: TypeAlias = "NDArray[np.int32]"

CHANNELS = ("current_l1", "voltage_l1", "current_l2", "voltage_l2", "current_l3", "voltage_l3", "current_n")
"""Channel order of a block's columns; the last one is absent when the neutral current is not streamed."""


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Consecutive samples of all channels, made by a chip driver."""

    codes: Codes
    """Shape (samples, 6 or 7), signed ADC codes, columns in the order of CHANNELS."""
    first_index: int
    """Number of the first sample since streaming began, lost ones included: gaps show as jumps."""
    lost_samples: int
    """How many samples are missing directly before this block (0 = seamless)."""
    sample_rate_hz: float
    """Nominal rate at which the chip samples."""
    full_scale_codes: float
    """The code that stands for full scale (1 V peak at the ADC pin for the ADE9000 with gain 1)."""
    monotonic_ns: int
    """When the block was complete, by the driver's clock."""
