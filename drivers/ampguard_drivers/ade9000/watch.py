"""ADE9000: watching the chip's own checksum over its configuration (CRC_RSLT), which it computes all the time.

The value contains the chip's trims, so it means nothing by itself: only its change over time does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.ade9000.fields import Status1
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.errors import ConfigurationChanged

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.bus import Clock

_DEADLINE_NS = 50_000_000
"""A round over all registers takes 10.8 ms."""
_POLL_S = 0.0005

_STATUS1 = REGISTERS["STATUS1"]
_CRC_FORCE = REGISTERS["CRC_FORCE"]
_CRC_RSLT = REGISTERS["CRC_RSLT"]


class ConfigurationWatch:
    """Remembers the checksum of the configuration as it was written."""

    def __init__(self, link: RegisterLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._expected = 0

    def remember(self) -> None:
        """Take the configuration as it is now for the right one. Raises ConfigurationChanged if none is computed."""
        self._expected = self._compute()

    def check(self) -> None:
        """Raises ConfigurationChanged if the checksum moved.

        A background value may have been taken while the driver itself wrote (temperature, lock), so a difference
        counts only if a computation made on purpose shows it too.
        """
        if self._link.read(_CRC_RSLT) == self._expected:
            return
        found = self._compute()
        if found != self._expected:
            raise ConfigurationChanged(
                f"the chip's checksum over its configuration was {self._expected:#06x} after it was written"
                f" and is {found:#06x} now, though nobody wrote"
            )

    def _compute(self) -> int:
        with self._link.unlocked():
            self._link.acknowledge(_STATUS1, Status1.CRC_DONE)
            self._link.write(_CRC_FORCE, 1)
            deadline_ns = self._clock.now_ns() + _DEADLINE_NS
            while not Status1(self._link.read(_STATUS1)) & Status1.CRC_DONE:
                if self._clock.now_ns() > deadline_ns:
                    raise ConfigurationChanged(
                        f"the chip should compute a checksum over its configuration within {_DEADLINE_NS / 1e9:g} s"
                        " (CRC_DONE), but did not"
                    )
                self._clock.pause(_POLL_S)
            value = self._link.read(_CRC_RSLT)
            self._link.acknowledge(_STATUS1, Status1.CRC_DONE | Status1.CRC_CHG)
        return value
