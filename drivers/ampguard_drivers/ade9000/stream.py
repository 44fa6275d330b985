"""ADE9000: the gap-free stream of samples, half a waveform buffer at a time.

The chip fills 16 pages round and round and says when pages 7 and 15 are full. Interrupts are only a hint that it is
worth asking: after each the next half is fetched, and counts as good only if the page register, asked right before
and after, shows that it was full and that the chip had not begun to overwrite it. What it did overwrite
is counted as lost.

One SPI message for each half: acknowledge, page, burst, its checksum, page. What came before its time is thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ampguard_drivers.ade9000 import configuration
from ampguard_drivers.ade9000.fields import Status0, Status1, WfbCfg
from ampguard_drivers.ade9000.interrupts import StuckLineWatch
from ampguard_drivers.ade9000.link import ATTEMPTS
from ampguard_drivers.ade9000.position import PAGE_NS, TRIGGER_STATUS, PagePosition
from ampguard_drivers.ade9000.registers import PAGES, REGISTERS, SETS_PER_PAGE, WAVEFORM_BUFFER, WORDS_PER_SET
from ampguard_drivers.ade9000.scaling import SAMPLE_FULL_SCALE_CODES, SAMPLE_RATE_HZ
from ampguard_drivers.bus import Level
from ampguard_drivers.errors import ChipMissing, ChipReset, FrameCorrupt, StreamStalled
from ampguard_drivers.samples import SampleBlock

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.ade9000.settings import Ade9000Settings
    from ampguard_drivers.board import MeteringParts

HALF_PAGES = PAGES // 2
BLOCK_SAMPLES = HALF_PAGES * SETS_PER_PAGE
"""128: how many samples a block has."""

_SAMPLE_NS = PAGE_NS // SETS_PER_PAGE
_SLOWEST_CRYSTAL = 1.01  # 24.576 MHz nominal, 24.33 MHz at the least
_GRACE_NS = 2_000_000
"""How long after the last moment at which it must come the interrupt is waited for."""
_EARLY_NS = 2 * PAGE_NS
"""By how much an interrupt may come before its time; where it does not belong to the half, a burst would be in vain."""
_LONGEST_FETCH_NS = 24_000_000
"""After it the page that was told before could be one of a round ago; and the half is overwritten by then."""
_STALL_NS = 100_000_000
_MOST_OVERRUNS = 16
_RESTART_WAIT_S = 0.2
"""A chip that fell silent because it is restarting is back by then."""
_BACK_OFF_S = 0.001

_STATUS0 = REGISTERS["STATUS0"]
_STATUS1 = REGISTERS["STATUS1"]
_RUN = REGISTERS["RUN"]
_WFB_CFG = REGISTERS["WFB_CFG"]

_FATAL = Status1.ERROR0 | Status1.ERROR1 | Status1.ERROR3


class SampleStream:
    """Blocks of samples from a running chip."""

    def __init__(self, link: RegisterLink, parts: MeteringParts, settings: Ade9000Settings) -> None:
        self._link = link
        self._irq0, self._irq1, self._clock = parts.irq0, parts.irq1, parts.clock
        self._columns = settings.channel_count
        self._wfb_cfg = int(configuration.waveform_buffer(settings) | WfbCfg.WF_CAP_EN)
        self._position = PagePosition(link, parts.clock)
        self._irq0_watch = StuckLineWatch("IRQ0", parts.clock)
        self._irq1_watch = StuckLineWatch("IRQ1", parts.clock)
        self._next_half = 0
        """Counts halves from the start of the buffer, like the pages of the position: never wraps."""
        self._next_index = 0
        """Number of the next sample if none is lost."""
        self._lost_samples = 0
        """Lost since the last block."""
        self._complete_ns: int | None = None
        """When the last block was complete; before the first one, when streaming began."""
        self.missed_interrupts = 0
        """Halves that were found by the clock because no interrupt told of them."""

    def begin(self) -> None:
        """Start filling at page 0. After a restart, what passed since the last block counts as lost."""
        self._link.write(_WFB_CFG, self._wfb_cfg & ~int(WfbCfg.WF_CAP_EN))
        self._link.write(_WFB_CFG, self._wfb_cfg)
        self._position.restart()
        began_ns = self._position.asked_ns
        self._next_half = 0
        if self._complete_ns is None:
            self._complete_ns = began_ns
        self._lost_samples = max(0, round((began_ns - self._complete_ns) / _SAMPLE_NS))

    def end(self) -> None:
        """Stop filling."""
        self._link.write(_WFB_CFG, self._wfb_cfg & ~int(WfbCfg.WF_CAP_EN))

    def next_block(self) -> SampleBlock:
        """Wait for the next half buffer and return it.

        Raises ChipReset, ChipMissing, FrameCorrupt, InterruptStuck, StreamStalled, BusFault. The count of samples
        stays true after each of them: calling again goes on, and what was missed is reported as lost.
        """
        try:
            return self._next_block()
        except (ChipMissing, FrameCorrupt):
            # a chip in reset is silent too; it tells by IRQ1 when it is back
            if self._irq1.wait_low(_RESTART_WAIT_S):
                self.check_alive()
            raise

    def check_alive(self) -> None:
        """Raise ChipReset if the chip has restarted, lost its configuration or says that it needs a restart."""
        status = Status1(self._link.read(_STATUS1))
        if status & Status1.RSTDONE:
            raise ChipReset(f"the chip restarted by itself: STATUS1 reads {status:#010x} (RSTDONE)")
        if status & _FATAL:
            raise ChipReset(f"the chip reports an internal error that only a restart clears: STATUS1 {status:#010x}")
        run, wfb_cfg = self._link.read(_RUN), self._link.read(_WFB_CFG)
        if run != 1 or wfb_cfg != self._wfb_cfg:
            raise ChipReset(
                f"the chip lost its configuration: RUN should read 1 and WFB_CFG {self._wfb_cfg:#06x};"
                f" they read {run} and {wfb_cfg:#06x}"
            )

    def _next_block(self) -> SampleBlock:
        failures = overruns = 0
        position, progress_ns = self._position, self._clock.now_ns()
        while True:
            signalled_ns = None if self._is_known_full() else self._wait()
            is_behind, before = self._is_known_full(), position.filled_pages
            data, was_full = self._fetch()
            self._check_irq1()
            if self._skip_overwritten():
                overruns += 1
                if overruns == _MOST_OVERRUNS:
                    raise StreamStalled(
                        f"{overruns} times in a row half a waveform buffer ({BLOCK_SAMPLES / SAMPLE_RATE_HZ:g} s) was"
                        " overwritten while it was read: the SPI clock is too slow, or the machine too busy"
                    )
            elif not was_full:
                progress_ns = self._progressed_ns(progress_ns) if position.filled_pages == before else position.asked_ns
                self._check_irq0()
            else:
                if not is_behind and signalled_ns is None:
                    # page register and clock alone can be deceived by a chip that lost its configuration
                    self.check_alive()
                    self.missed_interrupts += 1
                if data is not None:
                    return self._block(data, self._completion_ns(signalled_ns))
                failures += 1
                if failures == ATTEMPTS:
                    raise FrameCorrupt(f"the checksum over half a waveform buffer failed {ATTEMPTS} times in a row")

    def _wanted_pages(self) -> int:
        """How many are filled when the next half is."""
        return (self._next_half + 1) * HALF_PAGES

    def _is_known_full(self) -> bool:
        """The next half, since the one before was read late."""
        return self._position.filled_pages >= self._wanted_pages()

    def _wait(self) -> int | None:
        """Until the next half must be full, or the chip says that it is; the moment, None if it did not say so."""
        position, clock, wanted_pages = self._position, self._clock, self._wanted_pages()
        while True:
            due_ns = position.filled_by_ns(wanted_pages)
            left_ns = due_ns + _GRACE_NS - clock.now_ns()
            signalled = self._irq0.wait_low(max(left_ns / 1e9, _BACK_OFF_S))
            now_ns = clock.now_ns()
            if not signalled or now_ns >= due_ns - _EARLY_NS:
                break
            self._link.acknowledge(_STATUS0, Status0.PAGE_FULL)
            if position.update() >= wanted_pages:
                break
            self._check_irq0()
        if now_ns > position.filled_by_ns(wanted_pages + HALF_PAGES):  # it may be overwritten already
            position.update()
            if self._skip_overwritten():
                return None
        return now_ns if signalled else None

    def _fetch(self) -> tuple[bytes | None, bool]:
        """The next half of the buffer as it is now (None: it came badly), and whether it was full by then."""
        position, began_ns = self._position, self._clock.now_ns()
        found = self._link.read_waveform(
            _half_address(self._next_half),
            BLOCK_SAMPLES * self._columns * 4,
            TRIGGER_STATUS,
            acknowledged=(_STATUS0, Status0.PAGE_FULL),
        )
        position.update_after(began_ns, found.after)
        if position.asked_ns - began_ns > _LONGEST_FETCH_NS:
            return None, False
        if found.before is None:
            return None, True
        return found.data, position.pages_when(found.before) >= self._wanted_pages()

    def _block(self, data: bytes, complete_ns: int) -> SampleBlock:
        block = SampleBlock(
            codes=np.frombuffer(data, ">i4").astype(np.int32).reshape(BLOCK_SAMPLES, self._columns),
            first_index=self._next_index + self._lost_samples,
            lost_samples=self._lost_samples,
            sample_rate_hz=SAMPLE_RATE_HZ,
            full_scale_codes=SAMPLE_FULL_SCALE_CODES,
            monotonic_ns=complete_ns,
        )
        self._next_half += 1
        self._next_index = block.first_index + BLOCK_SAMPLES
        self._lost_samples = 0
        self._complete_ns = complete_ns
        return block

    def _progressed_ns(self, progress_ns: int) -> int:
        """No page was filled since. Raises StreamStalled where that is too long, ChipReset if there is a reason."""
        if self._position.asked_ns - progress_ns > _STALL_NS:
            self.check_alive()
            raise StreamStalled(f"the chip filled no page of its waveform buffer for {_STALL_NS / 1e9:g} s")
        return progress_ns

    def _check_irq0(self) -> None:
        """It was waited for in vain, or is low for no reason."""
        if self._irq0.level() is Level.HIGH:
            self._irq0_watch.seen_high()
        else:
            self._irq0_watch.seen_low(f"STATUS0 reads {self._link.read(_STATUS0):#010x}")
            self._clock.pause(_BACK_OFF_S)

    def _skip_overwritten(self) -> bool:
        """Give up the halves that the chip has begun to overwrite; whether there were any."""
        newest_full = self._position.filled_pages // HALF_PAGES - 1
        skipped = newest_full - self._next_half
        if skipped <= 0:
            return False
        self.check_alive()
        self._lost_samples += skipped * BLOCK_SAMPLES
        self._next_half = newest_full
        return True

    def _completion_ns(self, signalled_ns: int | None) -> int:
        """When the next half became full: no later than we knew of it, and no later than its samples can take."""
        known_ns = self._position.filled_by_ns(self._wanted_pages())
        if signalled_ns is not None:
            known_ns = min(known_ns, signalled_ns)
        if self._complete_ns is None:
            return known_ns
        samples = BLOCK_SAMPLES + self._lost_samples
        return min(known_ns, self._complete_ns + round(samples * _SAMPLE_NS * _SLOWEST_CRYSTAL))

    def _check_irq1(self) -> None:
        if self._irq1.level() is Level.HIGH:
            self._irq1_watch.seen_high()
            return
        self.check_alive()
        self._irq1_watch.seen_low("no bit of STATUS1 that it stands for is set")


def _half_address(half: int) -> int:
    return WAVEFORM_BUFFER.start + half % 2 * BLOCK_SAMPLES * WORDS_PER_SET
