"""Where somebody comes from: what counts as one source, and over which lane."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

_NETWORK_BITS = 64


class Lane(StrEnum):
    """Each has an allowance of its own for wrong PINs: a crowd on one cannot close another."""

    ACCESS_POINT = "access point"
    """Whoever is there has the PIN already: it is the password of that network."""
    KNOWN = "known"
    """Somebody has signed in from there."""
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as far as access goes."""

    source: str
    """As `source` makes it."""
    is_over_access_point: bool
    scheme: str
    """http or https."""


def source(address: str | None) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, of which anybody has as many as he likes."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
