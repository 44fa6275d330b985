"""Which Halo it is: what its nameplate and the papers in its box say (manuals 000 and 002, sections 2 and 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

SERIAL = re.compile(r"\d{6,12}M")
"""Digits and an M: the name of the access point and a serial in a public log agree in it."""
OCPP_PRODUCTS = ("130577", "130578", "130800", "131134", "131114", "131133")
CAPI_PRODUCTS = ("100307", "100308", "101082")
RATINGS = ((1, 16.0), (1, 32.0), (3, 16.0))
"""Phases and amperes: 3.7, 7.4 and 11 kW (section 4.4.1); none has 32 A on three phases."""


class Protocol(StrEnum):
    """How it speaks to a cloud."""

    OCPP = "OCPP 1.6J"
    CAPI = "CAPI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One Halo."""

    serial: str
    pin: str = "12345678"
    protocol: Protocol = Protocol.OCPP
    phases: int = 3
    rated_a: float = 16.0
    firmware: str = "180"

    def __post_init__(self) -> None:
        if SERIAL.fullmatch(self.serial) is None:
            raise ValueError(f"wanted a serial of 6 to 12 digits and an M, met {self.serial!r}")
        if (self.phases, self.rated_a) not in RATINGS:
            raise ValueError(f"wanted 1 x 16, 1 x 32 or 3 x 16 A, met {self.phases} x {self.rated_a:g} A")

    @property
    def access_point(self) -> str:
        """The name of its own network: `HALO_nnnnnnM` with the last 6 digits of the serial; its key is the PIN."""
        return f"HALO_{self.serial[-7:]}"

    @property
    def has_ethernet(self) -> bool:
        """Only those that speak OCPP have a socket for it."""
        return self.protocol is Protocol.OCPP
