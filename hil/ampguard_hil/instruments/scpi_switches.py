"""Relays over SCPI: the supply of a box (an output of a Keysight E36300), and a matrix of clamps (Keysight 34980A).

Commands after the makers' programming guides (OUTPut; ROUTe:OPEN, ROUTe:CLOSe), from memory. No such instrument was met
yet. A clamp's secondary must never be opened while current flows: the matrix switches only with the source off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.simulated.front_end import RIGHT_TERMINALS
from ampguard_hil.instruments.protocols import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_drivers.simulated.front_end import Wiring
    from ampguard_hil.instruments.protocols import ThreePhaseSource
    from ampguard_hil.instruments.scpi import Line

Crosspoint = tuple[int, int, bool]
"""Clamp input (0, 1, 2), phase (0, 1, 2), reversed."""


class ScpiPower:
    """`protocols.Power`."""

    def __init__(self, line: Line, channel: int = 1) -> None:
        self._line, self._channel = line, channel

    def off(self) -> None:
        """See `protocols.Power`."""
        self._switch("OFF", 0)

    def on(self) -> None:
        """See `protocols.Power`."""
        self._switch("ON", 1)

    def _switch(self, word: str, wanted: int) -> None:
        self._line.tell(f"OUTP {word},(@{self._channel})")
        found = self._line.number(f"OUTP? (@{self._channel})")
        if found != wanted:
            raise InstrumentError(f"{self._line.name}: wanted output {self._channel} {word}, met {found:g}")


class ScpiMatrix:
    """`protocols.WiringMatrix`."""

    def __init__(self, line: Line, channels: Mapping[Crosspoint, int], source: ThreePhaseSource) -> None:
        """`channels`: which relay makes which connection."""
        self._line, self._channels, self._source = line, channels, source

    def connect(self, wiring: Wiring) -> None:
        """See `protocols.WiringMatrix`; the source is off afterwards."""
        wanted = self._wanted(wiring)
        self._source.output(on=False)
        everything = ",".join(str(channel) for channel in sorted(set(self._channels.values())))
        self._line.tell(f"ROUT:OPEN (@{everything})")
        if wanted:
            chosen = ",".join(str(channel) for channel in sorted(wanted))
            self._line.tell(f"ROUT:CLOS (@{chosen})")
            found = self._line.ask(f"ROUT:CLOS? (@{chosen})")
            if set(found.split(",")) != {"1"}:
                raise InstrumentError(f"{self._line.name}: wanted {chosen} closed, met {found}")

    def _wanted(self, wiring: Wiring) -> set[int]:
        if tuple(wiring.terminals) != RIGHT_TERMINALS or not wiring.neutral:
            wires = f"{wiring.terminals}{'' if wiring.neutral else ' without N'}"
            raise InstrumentError(f"{self._line.name}: it switches clamps, not the voltages {wires}")
        wanted: set[int] = set()
        for number, clamp in enumerate(wiring.clamps):
            if clamp.coupling_ratio != 1.0:
                raise InstrumentError(f"{self._line.name}: it cannot open a clamp by {clamp.coupling_ratio:g}")
            if clamp.phase is None:
                continue
            crosspoint = (number, clamp.phase, clamp.reversed)
            if crosspoint not in self._channels:
                turned = ", reversed" if clamp.reversed else ""
                raise InstrumentError(
                    f"{self._line.name}: no relay puts clamp {number + 1} on L{clamp.phase + 1}{turned}"
                )
            wanted.add(self._channels[crosspoint])
        return wanted
