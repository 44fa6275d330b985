"""The ring and the light in the centre.

The manuals at hand tell one state: steady white after the self-test, ready for use (000 and 002, section 5.3). The rest
of this table is ours, from memory of such chargers; it stands here so that a bench can see what the charger thinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Light(StrEnum):
    """Colour, and how it is lit."""

    DARK = "dark"
    WHITE = "white"
    WHITE_RUNNING = "white, running round"
    WHITE_BLINKING = "white, blinking"
    BLUE = "blue"
    BLUE_PULSING = "blue, pulsing"
    GREEN = "green"
    GREEN_PULSING = "green, pulsing"
    YELLOW = "yellow"
    RED = "red"
    RED_BLINKING = "red, blinking"


class Status(StrEnum):
    """Of the connector, as OCPP 1.6 names it."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


@dataclass(frozen=True, slots=True)
class Lit:
    """Both lights."""

    ring: Light
    centre: Light


RING: Mapping[Status, Light] = MappingProxyType({
    Status.AVAILABLE: Light.WHITE,
    Status.PREPARING: Light.BLUE,
    Status.CHARGING: Light.GREEN_PULSING,
    Status.SUSPENDED_EVSE: Light.BLUE_PULSING,
    Status.SUSPENDED_EV: Light.GREEN,
    Status.FINISHING: Light.GREEN,
    Status.UNAVAILABLE: Light.YELLOW,
    Status.FAULTED: Light.RED,
})  # fmt: skip


def lit(status: Status | None, *, waits_for_tag: bool, refused_tag: bool, online: bool) -> Lit:
    """What shows; no status: the self-test runs."""
    if status is None:
        return Lit(Light.WHITE_RUNNING, Light.DARK)
    if refused_tag:
        return Lit(RING[status], Light.RED_BLINKING)
    if waits_for_tag:
        return Lit(RING[status], Light.WHITE_BLINKING)
    return Lit(RING[status], Light.WHITE if online else Light.BLUE)
