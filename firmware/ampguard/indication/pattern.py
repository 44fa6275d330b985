"""What all four lights show together for a while: steady, or by turns with another picture."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ampguard_drivers.lights.panel import (
    DARK,
    CommunicationColour,
    CurrentColour,
    LightColours,
    LogoColour,
    VoltageColour,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGO = LightColours(
    logo=LogoColour.ON,
    communication=CommunicationColour.OFF,
    voltage=VoltageColour.OFF,
    current=CurrentColour.OFF,
)
LOGO_AND_BLUE = LightColours(
    logo=LogoColour.ON,
    communication=CommunicationColour.BLUE,
    voltage=VoltageColour.OFF,
    current=CurrentColour.OFF,
)
LOGO_AND_RED = LightColours(
    logo=LogoColour.ON,
    communication=CommunicationColour.OFF,
    voltage=VoltageColour.RED,
    current=CurrentColour.RED,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """First one picture, then the other, and so on."""

    first: LightColours
    then: LightColours
    turn_s: float
    """How long each of them stands."""

    def at(self, since_s: float) -> LightColours:
        """What is shown so long after it began."""
        return self.first if int(since_s / self.turn_s) % 2 == 0 else self.then

    @property
    def words(self) -> str:
        """As somebody sees it, for the manual."""
        first, then = named(self.first), named(self.then)
        lit = {light: first[light] if first[light] != "off" else then[light] for light in first}
        steady = [_say(light, first[light]) for light in first if first[light] == then[light] != "off"]
        turning = [_say(light, lit[light]) for light in first if first[light] != then[light]]
        blinking = f"{' and '.join(turning)} {_tempo(self.turn_s)}" if turning else ""
        return "; ".join(filter(None, (blinking, ", ".join(steady)))) or "all lights out"


OUT = Pattern(DARK, DARK, 1.0)


def named(colours: LightColours) -> Mapping[str, str]:
    """Light and colour in small letters, as they are told to others."""
    return {field.name: getattr(colours, field.name).name.lower() for field in fields(colours)}


_SLOW_S = 0.4
"""Blinking with longer turns looks slow."""


def _tempo(turn_s: float) -> str:
    return "blinking slowly" if turn_s >= _SLOW_S else "blinking quickly"


def _say(light: str, colour: str) -> str:
    return light if colour == "on" else f"{light} {colour}"
