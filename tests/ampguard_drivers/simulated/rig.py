"""A chip model on a bench of bytes: what the data sheet's SPI chapter (section 2) says, and nothing of the model's own.

Section numbers in this folder are those of the project's fact sheet of the ADE9000.
"""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from ampguard_drivers.simulated.ade9000.chip import ChipModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ampguard_drivers.simulated.ade9000.chip import Pins

    Floats: TypeAlias = NDArray[np.float64]
    Words: TypeAlias = NDArray[np.int64]

ROOT = Path(__file__).resolve().parents[3]
FACTS = Path(os.environ.get("AMPGUARD_FACTS", ROOT.parent / "shared" / "facts"))
LIST = FACTS / "ade9000_registers.csv"
NO_LIST = "the data sheet's register list is not at AMPGUARD_FACTS"

MS = 1_000_000
SAMPLE_NS = 125_000
PAGE_NS = 16 * SAMPLE_NS

STATUS0, STATUS1, MASK0, MASK1 = 0x402, 0x403, 0x405, 0x406
RUN, CONFIG1, ACCMODE, WR_LOCK = 0x480, 0x481, 0x492, 0x4BF
WFB_CFG, WFB_PG_IRQEN, WFB_TRG_STAT = 0x4A0, 0x4A1, 0x4A3
CRC_SPI, LAST_DATA_16, LAST_DATA_32, LAST_CMD = 0x4A9, 0x4AC, 0x423, 0x4AE
LOCK, UNLOCK = 0x3C64, 0x4AD1
RSTDONE, PAGE_FULL, SEQERR = 1 << 16, 1 << 17, 1 << 18
BURST_EN = 1 << 11


class Row(NamedTuple):
    """A register as the data sheet prints it; `reset` is None where it differs from chip to chip."""

    address: int
    name: str
    width_bits: int
    access: str
    reset: int | None


def rows() -> list[Row]:
    """Every register of the list, without the buffer's RAM; none where the list is absent."""
    if not LIST.exists():
        return []
    with LIST.open() as lines:
        printed = [row for row in csv.DictReader(lines) if row["name"] != "WFB"]
    return [
        Row(
            int(row["address"], 16),
            row["name"],
            int(row["width_bits"]),
            row["access"],
            None if "X" in row["reset"][2:] else int(row["reset"], 16),
        )
        for row in printed
    ]


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE bit by bit (2.4)."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte << 8
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x1021 if remainder & 0x8000 else 0)) & 0xFFFF
    return remainder


def width_bytes(address: int) -> int:
    """2.2: 0x480 to 0x4FE have 16 bits, everything else 32."""
    return 2 if 0x480 <= address <= 0x4FE else 4


def header(address: int, *, read: bool) -> bytes:
    """2.2: address in the upper twelve bits, bit 3 says read."""
    return (address << 4 | (8 if read else 0)).to_bytes(2, "big")


def signed(value: int) -> int:
    """A 32-bit word as two's complement."""
    return value - (1 << 32) if value >> 31 else value


def silent(first_index: int, count: int) -> Floats:  # noqa: ARG001 - whenever
    """Nothing at the pins."""
    return np.zeros((count, 7))


def constant(*volts: float) -> Pins:
    """Seven direct voltages, in the order IA, VA, IB, VB, IC, VC, IN."""

    def pins(first_index: int, count: int) -> Floats:  # noqa: ARG001 - whenever
        return np.tile(np.array(volts, dtype=np.float64), (count, 1))

    return pins


@dataclass
class Sines:
    """A three-phase supply at the pins: amplitudes in volts, angles in degrees, may be changed while it runs."""

    hz: float = 50.0
    voltages: tuple[float, float, float] = (0.5, 0.5, 0.5)
    currents: tuple[float, float, float] = (0.25, 0.25, 0.25)
    neutral: float = 0.0
    voltage_degrees: tuple[float, float, float] = (0.0, -120.0, 120.0)
    lag_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, first_index: int, count: int) -> Floats:
        turn = 2.0 * math.pi * self.hz / 8000.0 * np.arange(first_index, first_index + count)
        pins = np.zeros((count, 7))
        for phase in range(3):
            angle = math.radians(self.voltage_degrees[phase])
            lag = math.radians(self.lag_degrees[phase])
            pins[:, 2 * phase] = self.currents[phase] * np.cos(turn + angle - lag)
            pins[:, 2 * phase + 1] = self.voltages[phase] * np.cos(turn + angle)
        pins[:, 6] = self.neutral * np.cos(turn)
        return pins


class Rig:
    """A chip, its clock, and an SPI master that knows only the data sheet."""

    def __init__(self, pins: Pins = silent, *, seed: int = 0, ready: bool = True) -> None:
        self.chip = ChipModel(pins, seed=seed)
        self.now_ns = 0
        self.chip.release(0)
        if ready:
            self.wait(100 * MS)
            self.write(STATUS1, RSTDONE)

    def wait(self, duration_ns: int) -> None:
        """Let time pass."""
        self.now_ns += duration_ns
        self.chip.live_until(self.now_ns)

    def read_bytes(self, address: int, count: int) -> bytes:
        """What comes after the header."""
        answer = self.chip.frame(header(address, read=True) + bytes(count))
        assert len(answer) == count + 2
        return answer[2:]

    def read(self, address: int) -> int:
        """One register, by its width."""
        return int.from_bytes(self.read_bytes(address, width_bytes(address)), "big")

    def read_signed(self, address: int) -> int:
        """One 32-bit register as two's complement."""
        return signed(self.read(address))

    def write(self, address: int, value: int) -> None:
        """One register, by its width."""
        self.chip.frame(header(address, read=False) + value.to_bytes(width_bytes(address), "big"))

    def run(self, duration_ns: int = 1_100 * MS) -> None:
        """Start the DSP and let it settle (4: about one second)."""
        self.write(RUN, 1)
        self.wait(duration_ns)

    def capture(self, config: int, pages: int = 0) -> None:
        """Start the waveform buffer, then let so many pages pass."""
        self.write(WFB_CFG, config)
        self.wait(pages * PAGE_NS)

    def words(self, address: int, count: int) -> Words:
        """A burst of signed words."""
        return np.frombuffer(self.read_bytes(address, 4 * count), dtype=">i4").astype(np.int64)
