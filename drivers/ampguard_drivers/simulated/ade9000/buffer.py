"""The chip's waveform buffer: 2048 words, filled set by set of eight at the sample rate (fixed-rate modes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words: TypeAlias = NDArray[np.int32]

START = 0x800
WORDS, SET_WORDS, PAGE_SETS, PAGES = 2048, 8, 16, 16
ALL_PAGES = (1 << PAGES) - 1
SETS = WORDS // SET_WORDS
_COLUMNS = {1: (0, 1), 2: (2, 3), 3: (4, 5), 8: (0,), 9: (1,), 10: (2,), 11: (3,), 12: (4,), 13: (5,), 14: (6,)}
"""Words of a set that a burst reads, by BURST_CHAN; 0 reads six, or seven with WF_IN_EN."""
SINGLE = 15


class WaveformBuffer:
    """RAM and write pointer; what it holds survives a reset."""

    def __init__(self) -> None:
        self.ram = np.zeros((SETS, SET_WORDS), dtype=">i4")
        self.next_set = 0
        self.last_page = 0
        self.stopped = False

    def restart(self) -> None:
        """WF_CAP_EN went from 0 to 1: start at the beginning."""
        self.next_set = 0
        self.stopped = False

    def fill(self, samples: Words, *, stop_when_full: bool) -> int:
        """Write sets (n, 7), n so few that at most one page is completed; the page that was, as a bit, or 0."""
        if self.stopped:
            return 0
        count = len(samples)
        self.ram[self.next_set : self.next_set + count, :7] = samples
        self.next_set += count
        if self.next_set % PAGE_SETS:
            return 0
        self.last_page = self.next_set // PAGE_SETS - 1
        if self.next_set == SETS:
            self.next_set = 0
            self.stopped = stop_when_full
        return 1 << self.last_page

    def sets_to_page_end(self, pages: int = ALL_PAGES) -> int:
        """How many sets are missing until the page that is being filled is full, or the next one of these (bits)."""
        page, inside = divmod(self.next_set, PAGE_SETS)
        ahead = next((ahead for ahead in range(PAGES) if pages >> (page + ahead) % PAGES & 1), 0)
        return (ahead + 1) * PAGE_SETS - inside

    def burst(self, address: int, length: int, burst_channel: int, *, neutral: bool) -> bytes:
        """Bytes of a burst from the set that `address` lies in; it wraps at the end of the buffer."""
        columns = _COLUMNS.get(burst_channel, (0, 1, 2, 3, 4, 5, 6) if neutral else (0, 1, 2, 3, 4, 5))
        first = (address - START) // SET_WORDS
        sets = -(-length // (4 * len(columns)))
        rows = self.ram[np.arange(first, first + sets) % SETS]
        width = columns[-1] + 1 - columns[0]
        return rows[:, columns[0] : columns[0] + width].tobytes()[:length]

    def word(self, address: int) -> int:
        """One word by its address."""
        return int(self.ram.flat[address - START]) & 0xFFFFFFFF
