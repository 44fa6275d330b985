"""The chip at its pins and its bus: power modes, reset, frames, registers, interrupts, sampling.

It lives lazily: whoever looks at it first lets it live until now (`live_until`). Where the data sheet leaves a question
open, the docstring of the place says what is assumed.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from ampguard_drivers.simulated.ade9000 import registers as r
from ampguard_drivers.simulated.ade9000.buffer import ALL_PAGES, SINGLE, WaveformBuffer
from ampguard_drivers.simulated.ade9000.converters import Converters, factor, processed
from ampguard_drivers.simulated.ade9000.levels import Levels
from ampguard_drivers.simulated.ade9000.results import HISTORY, PCF_FULL_SCALE, RATE_HZ, WAVEFORMS, Results

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

START_UP_NS = 50_000_000
"""From the end of a reset to RSTDONE."""
CRC_NS = 10_800_000
"""The background checksum over the configuration comes this often."""
TEMPERATURE_NS = (1_000_000, 256_000_000, 512_000_000, 1_000_000_000)
"""How long a measurement takes, by TEMP_TIME (data sheet; the vendor's driver has a quarter more)."""
ADE9000_BIT = 1 << 20
"""Of PART_ID; the other bits differ from chip to chip."""
SISTER_VERSION = 0x0040
"""What VERSION reads in an ADE9078 (its data sheet, Rev. 0)."""
_BLOCK = 128
_SAMPLE_NS = round(1e9 / RATE_HZ)

RSTDONE, CRC_CHG, CRC_DONE = 1 << 16, 1 << 26, 1 << 27
PAGE_FULL, DREADY, TEMP_RDY = 1 << 17, 1 << 15, 1 << 25
_UNMASKABLE = RSTDONE | 3 << 28


class Pins(Protocol):
    """What is wired to the converter's inputs."""

    def __call__(self, first_index: int, count: int) -> Floats:
        """(count, 7) volts at the pins; asked for consecutive stretches."""
        ...


def _nobody(_moment_ns: int) -> None:
    """Nobody listens to the interrupts."""


class ChipModel:
    """One chip. `seed` makes it this one and no other: noise, offsets, reserved bits of its identity."""

    def __init__(self, pins: Pins, *, seed: int = 0, on_interrupt: Callable[[int], None] | None = None) -> None:
        self._pins = pins
        random = np.random.default_rng(seed)
        self._converters = Converters(random)
        self._part_id = ADE9000_BIT | int(random.integers(1 << 16))
        self.is_sister = False
        """From the next reset on it says that it is an ADE9078, which has the same pins and half the rate."""
        self._on_interrupt: Callable[[int], None] = on_interrupt or _nobody
        self.buffer = WaveformBuffer()
        self.words: dict[int, int] = {}
        self._ready_ns: int | None = None
        """When the reset that is under way ends; None while RESET or PM1 hold the chip."""
        self._awake = False
        self._now_ns = 0
        self._run_ns = 0
        self._samples = 0
        """Sampled since RUN went to 1."""
        self._played = 0
        """Asked of the pins since the beginning of time."""
        self._block: NDArray[np.int32] = np.zeros((0, 7), dtype=np.int32)
        self._block_at = 0
        self._history: Floats = np.zeros((0, 7))
        self._results: Results | None = None
        self._results_at = -1
        self._crc_due_ns = 0
        self._crc_result: int | None = None
        self._temperature_ns: int | None = None
        self._power_on()

    # ------------------------------------------------------------ pins

    def hold(self, moment_ns: int) -> None:
        """RESET low or PM1 high: no chip on the bus."""
        self.live_until(moment_ns)
        self._awake, self._ready_ns = False, None
        self._on_interrupt(moment_ns)

    def release(self, moment_ns: int) -> None:
        """RESET high and PM1 low: it starts."""
        if self._ready_ns is None and not self._awake:
            self._ready_ns = moment_ns + START_UP_NS

    def restart(self, moment_ns: int) -> None:
        """The chip restarts by itself (a brown-out)."""
        self.hold(moment_ns)
        self.release(moment_ns)

    @property
    def irq0_low(self) -> bool:
        """IRQ0 is asserted."""
        return self._awake and bool(self.words[r.STATUS0] & self.words[r.MASK0])

    @property
    def irq1_low(self) -> bool:
        """IRQ1 is asserted."""
        both = self.words[r.CONFIG1] & 1 << 12 and self.irq0_low
        return self._awake and bool(self.words[r.STATUS1] & (self.words[r.MASK1] | _UNMASKABLE) or both)

    # ------------------------------------------------------------ time

    def live_until(self, moment_ns: int) -> None:
        """Let the chip live until then."""
        if self._ready_ns is not None and moment_ns >= self._ready_ns:
            ready_ns, self._ready_ns = self._ready_ns, None
            self._power_on()
            self._awake = True
            self._now_ns = self._crc_due_ns = ready_ns
            self.words[r.STATUS1] |= RSTDONE
            self._on_interrupt(ready_ns)
        self._now_ns = max(self._now_ns, moment_ns)
        if not self._awake:
            return
        if moment_ns >= self._crc_due_ns + CRC_NS:
            self._crc_due_ns = moment_ns
            self._check_configuration()
        if self._temperature_ns is not None and moment_ns >= self._temperature_ns:
            self._temperature_ns = None
            self.words[r.STATUS0] |= TEMP_RDY
            self.words[r.TEMP_RSLT] = 0x481
            self._on_interrupt(moment_ns)
        if self.words[r.RUN] & 1:
            self._sample_until((moment_ns - self._run_ns) // _SAMPLE_NS)

    def next_event_ns(self) -> int:
        """When an interrupt may come next by itself."""
        if self._ready_ns is not None:
            return self._ready_ns
        if not self._awake or not self.words[r.RUN] & 1:
            return self._now_ns + 10_000_000
        due = self._samples + self.buffer.sets_to_page_end(self._pages_that_interrupt())
        return self._run_ns + due * _SAMPLE_NS

    def _pages_that_interrupt(self) -> int:
        """As bits; all of them where something else may interrupt, too."""
        only_full_pages = self.words[r.MASK0] == PAGE_FULL and not self.words[r.MASK1] and self._capturing()
        return (self.words[r.WFB_PG_IRQEN] if only_full_pages else 0) or ALL_PAGES

    def _sample_until(self, wanted: int) -> None:
        while self._samples < wanted:
            inside = self._samples - self._block_at
            if inside >= len(self._block):
                self._next_block()
                inside = 0
            count = min(wanted - self._samples, len(self._block) - inside)
            if self._capturing():
                count = min(count, self.buffer.sets_to_page_end())
                page = self.buffer.fill(self._block[inside : inside + count], stop_when_full=self._mode() == 0)
            else:
                page = 0
            self._samples += count
            self.words[r.STATUS0] |= DREADY
            if page & self.words[r.WFB_PG_IRQEN]:
                self.words[r.STATUS0] |= PAGE_FULL
                self._on_interrupt(self._run_ns + self._samples * _SAMPLE_NS)

    def _next_block(self) -> None:
        """The converters' next samples."""
        self._block = self._converters.codes(self._pins(self._played, _BLOCK), self.words)
        self._played += _BLOCK
        self._block_at = self._samples
        self._history = np.concatenate([self._history, processed(self._block, self.words)])[-HISTORY:]
        found = self._levels.judge(self._history, _BLOCK)
        self.words[r.STATUS1] |= found
        if found & self.words[r.MASK1]:
            self._on_interrupt(self._run_ns + self._samples * _SAMPLE_NS)

    def _capturing(self) -> bool:
        return bool(self.words[r.WFB_CFG] & 0x10 and self.words[r.WFB_CFG] & 0x20)

    def _mode(self) -> int:
        return self.words[r.WFB_CFG] >> 6 & 3

    # ------------------------------------------------------------ registers

    def _power_on(self) -> None:
        self.words = dict.fromkeys((*r.WRITABLE, *range(0x400, 0x480), *range(0x480, 0x500)), 0) | dict(r.RESETS)
        self.words[r.PART_ID] = self._part_id
        if self.is_sister:
            self.words |= {r.PART_ID: self._part_id & ~ADE9000_BIT, r.VERSION: SISTER_VERSION}
        self.words[r.TEMP_TRIM] = 0x2710_3E80
        self.buffer.last_page = 0
        self._clear_results()
        self._crc_result = None
        self._temperature_ns = None
        self.locked = False

    def _clear_results(self) -> None:
        self._samples = 0
        self._block, self._block_at = self._block[:0], 0
        self._history = self._history[:0]
        self._results, self._results_at = None, -1
        self._levels = Levels(self.words)

    def read_word(self, address: int) -> int:
        """What a register holds; unmapped ones read 0 (assumed)."""
        if address in r.COMPUTED:
            return self._result(address)
        if 0x510 <= address <= 0x516 and len(self._block):  # noqa: PLR2004 - xx_LPF_DAT
            column = address - 0x510
            return int(self._block[max(0, self._samples - 1 - self._block_at), column]) & 0xFFFFFFFF
        if address == r.WR_LOCK:
            return int(self.locked)
        if address == r.WFB_TRG_STAT:
            return self.buffer.last_page << 12
        return self.words.get(address, 0)

    def _result_set(self) -> Results:
        if self._results is None or self._results_at != self._block_at:
            power_gain_ratio = (factor(self.words[0x00E]), factor(self.words[0x02E]), factor(self.words[0x04E]))
            sixty_hz = bool(self.words[r.ACCMODE] & 0x100)
            self._results = Results(self._history, sixty_hz=sixty_hz, power_gain_ratio=power_gain_ratio)
            self._results_at = self._block_at
        return self._results

    def _result(self, address: int) -> int:
        if address in WAVEFORMS and len(self._history) and len(self._block):
            # not from the end of the block, but of this sample; behind the high-pass
            column = WAVEFORMS[address]
            sample_v = self._history[max(0, self._samples - 1 - self._block_at) - len(self._block), column]
            return round(float(sample_v - self._history[:, column].mean()) * PCF_FULL_SCALE) & 0xFFFFFFFF
        if address in self._result_set().words:
            return self._result_set().words[address]
        return self.words.get(address, 0)

    def write_word(self, address: int, value: int) -> None:
        """A complete write; read-only registers ignore it (assumed)."""
        if address == r.WR_LOCK:
            if value in {r.LOCK, r.UNLOCK}:
                self.locked = value == r.LOCK
            return
        if address in {r.STATUS0, r.STATUS1}:
            # the lock's range contains them; that acknowledging an interrupt is not meant is assumed
            self.words[address] &= ~(value & ~(3 << 28))
            self._on_interrupt(self._now_ns)
            return
        if address not in r.WRITABLE or (self.locked and address in r.LOCKED):
            return
        before = self.words.get(address, 0)
        self.words[address] = value & r.WRITABLE[address] & ~r.SELF_CLEARING.get(address, 0)
        self._after_write(address, value, before)

    def _after_write(self, address: int, value: int, before: int) -> None:
        if address == r.CONFIG1 and value & 1:
            self.restart(self._now_ns)
        elif address == r.RUN and value & ~before & 1:
            self._run_ns = self._now_ns
            self._clear_results()
        elif address == r.WFB_CFG and value & ~before & 0x10:
            self.buffer.restart()
        elif address == r.WFB_CFG and before & ~value & 0x10:
            self.buffer.last_page = 0
        elif address == r.CRC_FORCE and value & 1:
            self._check_configuration()
        elif address == r.TEMP_CFG and value & 8 and value & 4 and self.words[r.RUN] & 1:
            self._temperature_ns = self._now_ns + TEMPERATURE_NS[value & 3]
        elif address in {r.MASK0, r.MASK1}:
            self._on_interrupt(self._now_ns)

    def _check_configuration(self) -> None:
        added = (each for bit, each in enumerate(r.OPTIONALLY_CHECKED) if self.words[r.CRC_OPTEN] >> bit & 1)
        content = b"".join(self.words.get(address, 0).to_bytes(4, "big") for address in (*r.CHECKED, *added))
        found = binascii.crc_hqx(content + self._part_id.to_bytes(4, "big"), 0xFFFF)
        self.words[r.CRC_RSLT] = found
        self.words[r.STATUS1] |= CRC_DONE
        if self._crc_result is not None and found != self._crc_result:
            self.words[r.STATUS1] |= CRC_CHG
        self._crc_result = found

    # ------------------------------------------------------------ frames

    def frame(self, mosi: bytes) -> bytes:
        """One chip-select period; the answer has as many bytes. A chip that is off leaves the pull-up: 0xFF."""
        if not self._awake:
            return b"\xff" * len(mosi)
        if len(mosi) < 2:  # noqa: PLR2004 - no whole header
            return bytes(len(mosi))
        header = int.from_bytes(mosi[:2], "big")
        address = header >> 4
        if not header & 8:
            self._write_frame(header, address, mosi[2:])
            return bytes(len(mosi))
        return b"\x00\x00" + self._read_frame(header, address, len(mosi) - 2)

    def _write_frame(self, header: int, address: int, data: bytes) -> None:
        width = 2 if address in r.NARROW else 4
        if len(data) < width:
            return
        value = int.from_bytes(data[:width], "big")
        self._echo(header, value, width)
        self.write_word(address, value)

    def _read_frame(self, header: int, address: int, length: int) -> bytes:
        burst_channel = self.words[r.WFB_CFG] & 0xF
        if address in r.BUFFER and burst_channel != SINGLE:
            neutral = bool(self.words[r.WFB_CFG] & 1 << 12)
            data = self.buffer.burst(address, length, burst_channel, neutral=neutral)
            self.words[r.CRC_SPI] = binascii.crc_hqx(data, 0xFFFF)
            return data
        bursting = self.words[r.CONFIG1] & 1 << 11
        group = next((group for group in r.BURSTS if address in group), None)
        if bursting and group is not None:
            words = -(-length // 4)
            span = len(group) - (address - group.start)
            addresses = [address + index % span for index in range(words)]
            return b"".join(self.read_word(each).to_bytes(4, "big") for each in addresses)[:length]
        width = 2 if address in r.NARROW else 4
        value = self.buffer.word(address) if address in r.BUFFER else self.read_word(address)
        data = value.to_bytes(width, "big")
        if address in {r.IPEAK, r.VPEAK}:
            self.words[address] = 0
        if address not in {r.LAST_CMD, r.LAST_DATA_16, r.LAST_DATA_32}:
            self._echo(header, value, width)
        checksum = binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "big")
        if address != r.CRC_SPI:
            self.words[r.CRC_SPI] = int.from_bytes(checksum, "big")
        if bursting:
            return (data * (length // width + 1))[:length]
        # after the checksum the original data come again (data sheet of the sister chip)
        return (data + checksum + data * (length // width + 1))[:length]

    def _echo(self, header: int, value: int, width: int) -> None:
        self.words[r.LAST_CMD] = header & 0xFFF8
        self.words[r.LAST_DATA_16 if width == 2 else r.LAST_DATA_32] = value  # noqa: PLR2004 - bytes
