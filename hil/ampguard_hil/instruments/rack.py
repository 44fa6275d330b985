"""The instruments around a real box, opened as a bench's file names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard_hil.instruments.around import LinkCutter, ShellClock, SourceLoads
from ampguard_hil.instruments.protocols import InstrumentError, Instruments
from ampguard_hil.instruments.scpi import TIMEOUT_S, opened
from ampguard_hil.instruments.scpi_fluke6105a import Fluke6105A
from ampguard_hil.instruments.scpi_switches import ScpiMatrix, ScpiPower
from ampguard_hil.instruments.scpi_wt5000 import ERROR_QUERY, Uncertainty, Wt5000

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CROSSPOINT_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """VISA addresses, and what belongs to them; empty: there is none."""

    library: str = "@py"
    source: str = ""
    """Of a Fluke 6105A."""
    reference: str = ""
    """Of a Yokogawa WT5000."""
    power: str = ""
    """Of a supply of the E36300 series."""
    matrix: str = ""
    """Of a 34980A; wants a source."""
    crosspoints: Mapping[str, int] | None = None
    """Its relays: "1L2" puts clamp 1 on L2, "1L2-" reversed."""
    turns: int = 1
    """How often a current runs through its clamp."""
    device: str = ""
    """Of this machine, that the box's packets pass."""
    timeout_s: float = TIMEOUT_S

    def open(self, shell: Callable[[str], str] | None = None) -> Instruments:
        """All that are named; `shell` runs a command in the box. Raises InstrumentError."""
        found = Instruments(
            network=LinkCutter(self.device) if self.device else None, clock=ShellClock(shell) if shell else None
        )
        if self.source:
            line = opened("6105A", self.source, self.library, timeout_s=self.timeout_s)
            source = Fluke6105A(line, self.turns)
            found = replace(found, source=source, loads=SourceLoads(source))
        if self.reference:
            line = opened("WT5000", self.reference, self.library, ERROR_QUERY, self.timeout_s)
            found = replace(found, reference=Wt5000(line, Uncertainty(), self.turns))
        if self.power:
            line = opened("E363", self.power, self.library, timeout_s=self.timeout_s)
            found = replace(found, power=ScpiPower(line))
        if self.matrix:
            if found.source is None:
                raise InstrumentError("matrix: wanted a source beside it, which it switches off before it switches")
            line = opened("34980A", self.matrix, self.library, timeout_s=self.timeout_s)
            found = replace(found, wiring=ScpiMatrix(line, channels(self.crosspoints or {}), found.source))
        return found


def channels(crosspoints: Mapping[str, int]) -> dict[tuple[int, int, bool], int]:
    """By clamp, phase, and whether it is reversed. Raises InstrumentError."""
    found: dict[tuple[int, int, bool], int] = {}
    for name, channel in crosspoints.items():
        body = name.removesuffix("-")
        if len(body) != CROSSPOINT_LETTERS or body[0] not in "123" or body[1] != "L" or body[2] not in "123":
            raise InstrumentError(f'matrix: wanted crosspoints such as "1L2" and "1L2-", met {name!r}')
        found[int(body[0]) - 1, int(body[2]) - 1, name.endswith("-")] = channel
    return found
