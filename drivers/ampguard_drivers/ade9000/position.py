"""ADE9000: how far the waveform buffer has been filled since it was started, in whole pages that never wrap.

The chip tells the page it filled last, 0 to 15; how often it went round meanwhile is told by the clock.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard_drivers.ade9000.fields import LAST_PAGE_SHIFT
from ampguard_drivers.ade9000.registers import PAGES, REGISTERS, SETS_PER_PAGE
from ampguard_drivers.ade9000.scaling import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.bus import Clock

PAGE_NS = round(SETS_PER_PAGE / SAMPLE_RATE_HZ * 1e9)
"""2 ms."""

TRIGGER_STATUS = REGISTERS["WFB_TRG_STAT"]
LONGEST_READ_NS = 4_000_000
"""What took longer was interrupted by something else: nobody knows when the chip answered."""
_READ_ATTEMPTS = 5
_DOUBT_PAGES = 4
"""By how much the clock may fall behind the chip between two questions (8 ms)."""


class PagePosition:
    """Counts the pages that the chip has filled since `restart`.

    Right as long as the chip's crystal and our clock part by less than 8 ms between two questions, of which 6 ms may
    be our not knowing when it answered: at the crystal's largest error (1 %) that is 0.2 s, at an ordinary one
    (50 ppm) 40 s.
    """

    def __init__(self, link: RegisterLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self.filled_pages = 0
        """Pages filled when the chip was last asked."""
        self.asked_ns = 0
        """When that was."""
        self._last_page = 0

    def restart(self) -> None:
        """The buffer was started at page 0 just now."""
        self.filled_pages = self._last_page = 0
        self.asked_ns = self._clock.now_ns()

    def update(self) -> int:
        """Ask the chip and return how many pages it has filled. Raises what reads raise."""
        return self._told(*self._ask())

    def update_after(self, began_ns: int, said: int | None) -> int:
        """The same, where the chip has said it just now, at the end of a message; it is asked where that took too long.

        `said` is WFB_TRG_STAT, None if it did not come well.
        """
        ended_ns = self._clock.now_ns()
        if said is None or ended_ns - began_ns >= LONGEST_READ_NS:
            return self.update()
        return self._told(_page(said), ended_ns)

    def pages_when(self, said: int) -> int:
        """How many were filled when the chip said this, less than a round (32 ms) before it was last asked."""
        return self.filled_pages - (self._last_page - _page(said)) % PAGES

    def _told(self, last_page: int, at_ns: int) -> int:
        self._last_page = last_page
        passed = (at_ns - self.asked_ns) / PAGE_NS
        ahead = (last_page + 1 - self.filled_pages) % PAGES
        if self.filled_pages == 0 and last_page == 0:
            # The register starts at 0 as well: one page or none? Time can only tell whether it went round.
            if passed < PAGES - _DOUBT_PAGES:
                return 0
            ahead = 1
        # Rounds that fit into the time: rather none than one too many, or a chip that stands still would seem to run.
        rounds = max(0, math.floor((passed + _DOUBT_PAGES - ahead) / PAGES))
        self.filled_pages += ahead + rounds * PAGES
        self.asked_ns = at_ns
        return self.filled_pages

    def filled_by_ns(self, pages: int) -> int:
        """The moment by which that many pages will be filled, if the chip keeps its pace."""
        return self.asked_ns + (pages - self.filled_pages) * PAGE_NS

    def _ask(self) -> tuple[int, int]:
        """The page filled last, and when the chip said so."""
        attempt = 0
        while True:
            attempt += 1
            began_ns = self._clock.now_ns()
            last_page = _page(self._link.read(TRIGGER_STATUS))
            ended_ns = self._clock.now_ns()
            if ended_ns - began_ns < LONGEST_READ_NS or attempt == _READ_ATTEMPTS:
                return last_page, (began_ns + ended_ns) // 2


def _page(said: int) -> int:
    return said >> LAST_PAGE_SHIFT
