"""ADE9000: from no power to a running, configured and locked chip.

Order of the data sheet's "power-up procedure": normal power mode, reset pulse, RSTDONE, who are you, configuration
while RUN = 0, RUN = 1, and then the lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.ade9000 import configuration
from ampguard_drivers.ade9000.fields import PART_ID_ADE9000, VERSION_CURRENT, VERSION_MASK, Status1
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.bus import Level
from ampguard_drivers.errors import ChipMissing, FrameCorrupt, ResetTimeout, WrongChip

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.ade9000.settings import Ade9000Settings
    from ampguard_drivers.board import MeteringParts

RESET_DEADLINE_S = 1.0
"""The chip needs about 50 ms (20 ms supply timer, crystal, 26 ms)."""

_RESET_PULSE_S = 0.001
_POLL_S = 0.002
_STATUS1 = REGISTERS["STATUS1"]
_PART_ID = REGISTERS["PART_ID"]
_VERSION = REGISTERS["VERSION"]
_RUN = REGISTERS["RUN"]


def power_up(parts: MeteringParts, link: RegisterLink) -> None:
    """Reset the chip and wait until it says that it is ready; RSTDONE stays set.

    Raises ChipMissing, FrameCorrupt or ResetTimeout, at the latest after RESET_DEADLINE_S.
    """
    link.forget()
    deadline_ns = parts.clock.now_ns() + round(RESET_DEADLINE_S * 1e9)
    parts.reset.drive(Level.LOW)
    parts.pm1.drive(Level.LOW)
    parts.clock.pause(_RESET_PULSE_S)
    parts.reset.drive(Level.HIGH)
    parts.irq1.wait_low(RESET_DEADLINE_S)
    # The line alone proves nothing: it may be low from before, and a missing chip leaves it floating.
    while True:
        unreadable: ChipMissing | FrameCorrupt | None = None
        try:
            status = Status1(link.read(_STATUS1))
        except (ChipMissing, FrameCorrupt) as fault:
            unreadable, status = fault, Status1(0)
        if status & Status1.RSTDONE:
            return
        if parts.clock.now_ns() >= deadline_ns:
            if unreadable is not None:
                raise unreadable
            raise ResetTimeout(
                f"the chip should report the end of its reset (RSTDONE) within {RESET_DEADLINE_S:g} s;"
                f" STATUS1 still reads {status:#010x}"
            )
        parts.clock.pause(_POLL_S)


def check_identity(link: RegisterLink) -> None:
    """Raises WrongChip unless this is an ADE9000 of the current silicon."""
    version = link.read(_VERSION)
    part = link.read(_PART_ID)
    if version & VERSION_MASK != VERSION_CURRENT or not part & PART_ID_ADE9000:
        raise WrongChip(
            f"an ADE9000 has VERSION {VERSION_CURRENT:#06x} (under mask {VERSION_MASK:#06x}) and bit 20 of PART_ID"
            f" set; this chip has VERSION {version:#06x}, PART_ID {part:#010x}"
        )


def configure_and_run(link: RegisterLink, settings: Ade9000Settings) -> None:
    """Write the configuration and start the DSP. Raises WriteRefused and what reads raise."""
    for register, value in configuration.before_run(settings):
        link.write(register, value)
    link.write(_RUN, 1)


def lock_and_acknowledge_reset(link: RegisterLink) -> None:
    """Lock the configuration, then clear RSTDONE, finding out on the way whether the lock blocks that too.

    The data sheet counts STATUS0 and STATUS1 into the locked range and does not say whether clearing is meant.
    """
    link.lock()
    link.acknowledge(_STATUS1, Status1.RSTDONE)
    if Status1(link.read(_STATUS1)) & Status1.RSTDONE:
        link.lock_blocks_acknowledgement = True
        link.acknowledge(_STATUS1, Status1.RSTDONE)
        if Status1(link.read(_STATUS1)) & Status1.RSTDONE:
            raise ResetTimeout("RSTDONE of STATUS1 cannot be acknowledged, neither locked nor unlocked")
