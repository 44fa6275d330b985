"""ADE9000: how far the waveform buffer has been filled since it was started, in whole pages that never wrap.

The chip tells the page it filled last, 0 to 15; how often it went round meanwhile is told by the clock.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard_drivers.ade9000.fields import LAST_PAGE_SHIFT, Status0
from ampguard_drivers.ade9000.registers import PAGES, REGISTERS, SETS_PER_PAGE
from ampguard_drivers.ade9000.scaling import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.bus import Clock

PAGE_NS = round(SETS_PER_PAGE / SAMPLE_RATE_HZ * 1e9)
"""2 ms."""

_STATUS = REGISTERS["STATUS0"]
_TRIGGER_STATUS = REGISTERS["WFB_TRG_STAT"]
_LONGEST_READ_NS = 4_000_000
"""A read that took longer was interrupted by something else: nobody knows when the chip answered."""
_READ_ATTEMPTS = 5
_DOUBT_PAGES = 4
"""By how much the clock may fall behind the chip between two questions (8 ms)."""


class PagePosition:
    """Counts the pages that the chip has filled since `restart`.

    Right as long as the chip's crystal and our clock part by less than 8 ms between two questions: at the crystal's
    largest error (1 %) that is 0.8 s, at an ordinary one (50 ppm) more than two minutes.
    """

    def __init__(self, link: RegisterLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self.filled_pages = 0
        """Pages filled when the chip was last asked."""
        self.asked_ns = 0
        """When that was."""

    def restart(self) -> None:
        """The buffer was started at page 0 just now."""
        self.filled_pages = 0
        self.asked_ns = self._clock.now_ns()

    def acknowledge_and_update(self) -> int:
        """The same, once the chip's word of a full page is acknowledged: what comes after that it tells anew."""
        return self._update(lambda: self._link.acknowledge_and_read(_STATUS, Status0.PAGE_FULL, _TRIGGER_STATUS))

    def update(self) -> int:
        """Ask the chip and return how many pages it has filled. Raises what reads raise."""
        return self._update(lambda: self._link.read(_TRIGGER_STATUS))

    def _update(self, ask: Callable[[], int]) -> int:
        last_page, at_ns = self._asked(ask)
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

    def _asked(self, ask: Callable[[], int]) -> tuple[int, int]:
        """The page filled last, and when the chip said so."""
        attempt = 0
        while True:
            attempt += 1
            began_ns = self._clock.now_ns()
            last_page = ask() >> LAST_PAGE_SHIFT
            ended_ns = self._clock.now_ns()
            if ended_ns - began_ns < _LONGEST_READ_NS or attempt == _READ_ATTEMPTS:
                return last_page, (began_ns + ended_ns) // 2
