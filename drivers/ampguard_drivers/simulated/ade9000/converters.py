"""From the pins to the samples: amplifiers, converters, and which converter feeds which datapath.

An input is linear up to `LARGEST_INPUT_V` and stays there beyond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard_drivers.simulated.ade9000 import registers as r

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Codes: TypeAlias = NDArray[np.int32]

LPF_FULL_SCALE = 74_518_668.0
LARGEST_INPUT_V = 1.2
"""Where an input's range ends: full scale is 1 V between the pins, and neither pin may go further than 0.6 V from AGND
(data sheet Rev. B). What the chip shows beyond is not specified; that it saturates there is assumed, and that behind an
amplifier of 2 or 4 the converter ends at the same voltage."""
SNR_DB = {1: 101.0, 2: 98.5, 4: 96.0}
"""At 8 kSPS against a full-scale sinusoid, by gain (data sheet Table 1; 2 is between, assumed)."""
_FIELDS = (0, 4, 1, 5, 2, 6, 3)
"""Where IA, VA, IB, VB, IC, VC, IN are in the registers that count IA, IB, IC, IN, VA, VB, VC."""
_COLUMNS = (0, 2, 4, 6, 1, 3, 5)
_GAINS = (1, 2, 4, 4)
_UNIT = 1 << 27
_SAMPLE_GAINS = (0x000, 0x00B, 0x020, 0x02B, 0x040, 0x04B, 0x06D)
"""AIGAIN, AVGAIN, BIGAIN and so on."""


class Converters:
    """Seven of them, each with its offset and its noise."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._offset_v = random.uniform(-0.00004, 0.00004, 7)

    def codes(self, pins_v: Floats, words: Mapping[int, int]) -> Codes:
        """24-bit codes, shifted left by four as the buffer has them."""
        gains = [_GAINS[words[r.PGA_GAIN] >> 2 * field & 3] for field in _FIELDS]
        noise_v = np.array([10.0 ** (-SNR_DB[gain] / 20.0) / 2.0**0.5 for gain in gains])
        volts = np.clip(pins_v * np.array(gains), -LARGEST_INPUT_V, LARGEST_INPUT_V) + self._offset_v
        volts += self._random.standard_normal(pins_v.shape) * noise_v
        codes = np.rint(volts * (LPF_FULL_SCALE / 16.0)) * 16.0
        codes[:, [bool(words[r.CHNL_DIS] >> field & 1) for field in _FIELDS]] = 0.0
        wanted = [words[r.ADC_REDIRECT] >> 3 * field & 7 for field in _FIELDS]
        sources = [own if code >= len(_COLUMNS) else _COLUMNS[code] for own, code in enumerate(wanted)]
        routed: Codes = codes[:, sources].astype(np.int32)
        return routed


def processed(codes: Codes, words: Mapping[int, int]) -> Floats:
    """Samples in volts as the signal processing has them, behind its gains."""
    factors = [factor(words[address]) for address in _SAMPLE_GAINS]
    scaled: Floats = codes * (np.array(factors) / LPF_FULL_SCALE)
    return scaled


def factor(gain: int) -> float:
    """What a gain register multiplies by: one at 0, signed."""
    return 1.0 + (gain - (gain >> 31 << 32)) / _UNIT
