"""ADE9000: a stream that mends itself: after a fault the chip is restarted, a bounded number of times.

What was missed meanwhile is the next block's `lost_samples`. A fault that restarting cannot mend (another chip sits
there) and one that comes back too often are passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ampguard_drivers.errors import HardwareFault, WrongChip

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_drivers.bus import Clock
    from ampguard_drivers.samples import SampleBlock

ATTEMPTS = 6
"""Restarts without a proof of health in between; with the waits between them up to about 15 s."""
PROVEN_BLOCKS = 63
"""So many blocks in a row (one second) prove that a restart helped."""

_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0


class RestartableChip(Protocol):
    """What `Ade9000` offers of itself here."""

    def start(self) -> None:
        """Reset, configure and stream."""
        ...

    def next_block(self) -> SampleBlock:
        """The next block."""
        ...


class RecoveringStream:
    """Blocks from a chip that is restarted when it fails. The chip must have been started."""

    def __init__(
        self, chip: RestartableChip, clock: Clock, on_fault: Callable[[HardwareFault], None] | None = None
    ) -> None:
        self._chip = chip
        self._clock = clock
        self._on_fault = on_fault
        self._unproven = 0
        self._blocks = 0
        self.restarts = 0
        """How often the chip was restarted."""

    def next_block(self) -> SampleBlock:
        """The next block, after restarts if need be. Raises WrongChip, or the last fault if restarting did not help."""
        while True:
            try:
                block = self._chip.next_block()
            except HardwareFault as fault:
                self.restart(fault)
                continue
            self._blocks += 1
            if self._blocks >= PROVEN_BLOCKS:
                self._unproven = 0
            return block

    def restart(self, fault: HardwareFault) -> None:
        """Restart because of this fault, which another call of the chip may have raised. Raises as `next_block`."""
        while True:
            self._blocks = 0
            if self._on_fault is not None:
                self._on_fault(fault)
            if isinstance(fault, WrongChip) or self._unproven >= ATTEMPTS:
                raise fault
            if self._unproven:
                self._clock.pause(min(_FIRST_WAIT_S * 2**self._unproven, _LONGEST_WAIT_S))
            self._unproven += 1
            self.restarts += 1
            try:
                self._chip.start()
            except HardwareFault as next_fault:
                fault = next_fault
            else:
                return
