"""What is in the air around the bench: access points as a test or an operator sets them, at any time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MHZ_2_4, MHZ_5 = 2437, 5180


class Trouble(StrEnum):
    """How an access point can disappoint, beside a wrong password."""

    NONE = "none"
    MUTE = "mute"
    """Answers nothing to whoever associates."""
    NO_DHCP = "no_dhcp"
    REFUSES = "refuses"
    """Takes nobody: its list of devices, or its number of them."""


@dataclass(frozen=True, slots=True)
class Router:
    """One access point and the network behind it."""

    ssid: bytes
    password: str | None = None
    """None: open."""
    strength_percent: int = 80
    frequency: int = MHZ_2_4
    """In MHz, as NetworkManager tells it."""
    bssid: str = "02:00:00:00:01:00"
    trouble: Trouble = Trouble.NONE
    sae: bool = False
    """WPA3 alone."""
    hidden: bool = False
    address: str = "127.0.0.50"
    """What its DHCP gives to the unit. The bench's own machine answers there, and at the gateway."""
    prefix: int = 8
    gateway: str = "127.0.0.1"
    taken: tuple[str, ...] = ()
    """Addresses that other devices have."""
