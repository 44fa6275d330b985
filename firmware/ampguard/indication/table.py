"""From health to condition to light, as a table (manual, chapter on the lights).

A light that does not know keeps its last state; a meter that says nothing for a while makes its two lights go out,
because an old verdict on a light would be a lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.wiring.verdict import Condition
from ampguard_drivers.lights.panel import CommunicationColour, CurrentColour, LightColours, LogoColour, VoltageColour

if TYPE_CHECKING:
    from collections.abc import Mapping

SILENT_S = 3.0
"""A meter that says nothing for so long does not measure."""


class Communication(StrEnum):
    """How far the unit reaches."""

    CONNECTED = "connected"
    """To the cloud; where none is set up, to the owner's broker."""
    NETWORK = "network"
    """To a network, not to the cloud."""
    NONE = "none"


COMMUNICATION_LIGHT: Mapping[Communication, CommunicationColour] = MappingProxyType({
    Communication.CONNECTED: CommunicationColour.GREEN,
    Communication.NETWORK: CommunicationColour.BLUE,
    Communication.NONE: CommunicationColour.OFF,
})  # fmt: skip
VOLTAGE_LIGHT: Mapping[Condition, VoltageColour | None] = MappingProxyType({
    Condition.RIGHT: VoltageColour.GREEN,
    Condition.WRONG: VoltageColour.RED,
    Condition.ABSENT: VoltageColour.OFF,
    Condition.UNDECIDED: None,
})  # fmt: skip
CURRENT_LIGHT: Mapping[Condition, CurrentColour | None] = MappingProxyType({
    Condition.RIGHT: CurrentColour.GREEN,
    Condition.WRONG: CurrentColour.RED,
    Condition.ABSENT: CurrentColour.OFF,
    Condition.UNDECIDED: None,
})  # fmt: skip
"""None: the light keeps what it shows."""
LOGO_WORDS: Mapping[LogoColour, str] = MappingProxyType({
    LogoColour.ON: "the system is on",
    LogoColour.OFF: "the system is off",
})  # fmt: skip
COMMUNICATION_WORDS: Mapping[Communication, str] = MappingProxyType({
    Communication.CONNECTED: "connected to the cloud (where none is set up: to the owner's broker)",
    Communication.NETWORK: "connected to a network, not to the cloud",
    Communication.NONE: "no network",
})  # fmt: skip
VOLTAGE_WORDS: Mapping[Condition, str] = MappingProxyType({
    Condition.RIGHT: "all right",
    Condition.WRONG: "wrong phase order",
    Condition.ABSENT: "voltage not connected",
    Condition.UNDECIDED: "not decided",
})  # fmt: skip
CURRENT_WORDS: Mapping[Condition, str] = MappingProxyType({
    Condition.RIGHT: "all right",
    Condition.WRONG: "wrong phase order: a clamp on the wrong phase, or reversed",
    Condition.ABSENT: "clamps not connected",
    Condition.UNDECIDED: "not decided: needs more load",
})  # fmt: skip
"""In the manual's words."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the lights are about."""

    communication: Communication
    voltage: Condition
    current: Condition
    meter_silent_s: float
    """How long ago the meter last said something."""


def colours(health: Health, shown: LightColours) -> LightColours:
    """What the lights show next, given what they show."""
    if health.meter_silent_s > SILENT_S:
        voltage, current = VoltageColour.OFF, CurrentColour.OFF
    else:
        voltage = VOLTAGE_LIGHT[health.voltage] or shown.voltage
        current = CURRENT_LIGHT[health.current] or shown.current
    return LightColours(
        logo=LogoColour.ON,
        communication=COMMUNICATION_LIGHT[health.communication],
        voltage=voltage,
        current=current,
    )
