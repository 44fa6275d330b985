"""The four lights: which colours each can show, and the GPIO lines behind them.

Each light has its own type of colours, so that a colour it has not is an error before anything runs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING

from ampguard_drivers.board import LIGHT_LINES
from ampguard_drivers.bus import Level

if TYPE_CHECKING:
    from ampguard_drivers.board import PanelParts


class Light(Enum):
    """A light on the front, by its symbol."""

    LOGO = "logo"
    COMMUNICATION = "communication"
    VOLTAGE = "voltage"
    CURRENT = "current"


class LogoColour(Enum):
    """The value of every colour is the name of the line that lights it, None for dark."""

    OFF = None
    ON = "logo"


class CommunicationColour(Enum):
    """Network and cloud."""

    OFF = None
    GREEN = "communication_green"
    BLUE = "communication_blue"


class VoltageColour(Enum):
    """The voltage terminals."""

    OFF = None
    GREEN = "voltage_green"
    RED = "voltage_red"


class CurrentColour(Enum):
    """The current transformers."""

    OFF = None
    GREEN = "current_green"
    RED = "current_red"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightColours:
    """What all four lights show. Fields bear the names of `Light`."""

    logo: LogoColour
    communication: CommunicationColour
    voltage: VoltageColour
    current: CurrentColour


DARK = LightColours(
    logo=LogoColour.OFF,
    communication=CommunicationColour.OFF,
    voltage=VoltageColour.OFF,
    current=CurrentColour.OFF,
)


class LightPanel:
    """The lights of one unit. Dark until told otherwise."""

    def __init__(self, parts: PanelParts) -> None:
        missing = [name for name in LIGHT_LINES if name not in parts.lights]
        if missing:
            raise ValueError(f"the board has no line for {', '.join(missing)}")
        self._lines = parts.lights
        for name in LIGHT_LINES:
            self._lines[name].drive(Level.LOW)
        self._shown = DARK

    @property
    def shown(self) -> LightColours:
        """What they show now."""
        return self._shown

    def show(self, colours: LightColours) -> None:
        """Show these colours; lines that need no change are left alone, and no two colours are ever lit at once."""
        before, after = _lit(self._shown), _lit(colours)
        for name in LIGHT_LINES:
            if name in before - after:
                self._lines[name].drive(Level.LOW)
        for name in LIGHT_LINES:
            if name in after - before:
                self._lines[name].drive(Level.HIGH)
        self._shown = colours

    def dark(self) -> None:
        """Everything off."""
        self.show(DARK)


def _lit(colours: LightColours) -> frozenset[str]:
    """The lines that are lit."""
    shown = (getattr(colours, field.name) for field in fields(colours))
    return frozenset(colour.value for colour in shown if colour.value is not None)
