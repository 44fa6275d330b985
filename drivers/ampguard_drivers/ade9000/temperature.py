"""ADE9000: the temperature sensor on the die, good to 2 or 3 degrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.ade9000 import scaling
from ampguard_drivers.ade9000.fields import Status0, TempCfg
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.errors import StreamStalled

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.link import RegisterLink
    from ampguard_drivers.bus import Clock

_DEADLINE_NS = 10_000_000
"""One sample takes 1 ms (data sheet) or 1.25 ms (the maker's own driver); the stream waits meanwhile."""
_POLL_S = 0.0005

_STATUS0 = REGISTERS["STATUS0"]
_TEMP_CFG = REGISTERS["TEMP_CFG"]


def read_temperature_degc(link: RegisterLink, clock: Clock) -> float:
    """Measure once; the DSP must run. Raises StreamStalled if no result comes, and what reads raise."""
    link.acknowledge(_STATUS0, Status0.TEMP_RDY)
    with link.unlocked():
        link.write(_TEMP_CFG, TempCfg.TEMP_EN | TempCfg.TEMP_START)
    deadline_ns = clock.now_ns() + _DEADLINE_NS
    while not link.read(_STATUS0) & Status0.TEMP_RDY:
        if clock.now_ns() > deadline_ns:
            raise StreamStalled(f"the chip should measure its temperature within {_DEADLINE_NS / 1e9:g} s but did not")
        clock.pause(_POLL_S)
    return scaling.temperature_degc(link.read(REGISTERS["TEMP_RSLT"]), link.read(REGISTERS["TEMP_TRIM"]))
