"""The parts of a board that one process holds, opened by whoever knows how (`linux` or `simulated`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_drivers.bus import Clock, I2cBus, InputLine, OutputLine, SpiBus

LIGHT_LINES = (
    "logo",
    "communication_green",
    "communication_blue",
    "voltage_green",
    "voltage_red",
    "current_green",
    "current_red",
)
"""One GPIO line for each colour of the four lights."""


@dataclass(frozen=True, slots=True)
class MeteringParts:
    """What the meter process holds: the metering IC with its pins, and the identity memory."""

    spi: SpiBus
    i2c: I2cBus
    irq0: InputLine
    irq1: InputLine
    reset: OutputLine
    """Active low."""
    pm1: OutputLine
    """Power mode: LOW = normal (PSM0), HIGH = idle (PSM3); PM0 is tied low or follows PM1 by the board's wiring."""
    clock: Clock
    eeprom_address: int


@dataclass(frozen=True, slots=True)
class PanelParts:
    """What the lights process holds: lights and button."""

    lights: Mapping[str, OutputLine]
    """One line for each name in LIGHT_LINES; HIGH = lit."""
    button: InputLine
    """LOW while pressed."""
    clock: Clock
