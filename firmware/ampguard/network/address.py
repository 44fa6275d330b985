"""A fixed IPv4 address, where a network has no DHCP or its owner wants one."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.readings import Json

ACCESS_POINT_ADDRESS = IPv4Interface("192.168.251.1/24")
"""Where the unit is on its own access point (manual 003, 6.2)."""
LONGEST_PREFIX = 30


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """What the unit uses instead of asking DHCP."""

    interface: IPv4Interface
    gateway: IPv4Address | None
    name_servers: tuple[IPv4Address, ...]

    def as_json(self) -> dict[str, Json]:
        """As it is told."""
        return {
            "address": str(self.interface),
            "gateway": None if self.gateway is None else str(self.gateway),
            "name_servers": [str(one) for one in self.name_servers],
        }


def fixed_address(address: str, gateway: str | None, name_servers: Iterable[str]) -> FixedAddress:
    """As an installer writes it: `192.168.1.20/24`, its gateway, its name servers. Raises SetupError."""
    if "/" not in address:
        raise SetupError(f"fixed address: wanted address/prefix such as 192.168.1.20/24, met {address[:40]!r}")
    try:
        interface = IPv4Interface(address)
    except ValueError as error:
        raise SetupError(
            f"fixed address: wanted address/prefix such as 192.168.1.20/24, met {address[:40]!r}"
        ) from error
    network = interface.network
    if not 1 <= network.prefixlen <= LONGEST_PREFIX:
        raise SetupError(f"fixed address: wanted a prefix from 1 to {LONGEST_PREFIX}, met {network.prefixlen}")
    if not _is_host(interface.ip, network):
        raise SetupError(f"fixed address: wanted a device's address, met {interface.ip}")
    if network.overlaps(ACCESS_POINT_ADDRESS.network):
        raise SetupError(f"fixed address: {ACCESS_POINT_ADDRESS.network} belongs to the unit's own access point")
    way_out = None if not gateway else _one(gateway, "gateway")
    if way_out is not None and (way_out == interface.ip or not _is_host(way_out, network)):
        raise SetupError(f"gateway: wanted another device's address in {network}, met {way_out}")
    return FixedAddress(interface, way_out, tuple(_one(one, "name server") for one in name_servers))


def over_access_point(address: str) -> bool:
    """Whether somebody at that address is on the unit's own access point."""
    try:
        return IPv4Address(address) in ACCESS_POINT_ADDRESS.network
    except ValueError:
        return False


def _is_host(address: IPv4Address, network: IPv4Network) -> bool:
    inside = address in network and address not in {network.network_address, network.broadcast_address}
    return inside and not (address.is_loopback or address.is_multicast or address.is_unspecified)


def _one(written: str, what: str) -> IPv4Address:
    try:
        return IPv4Address(written)
    except ValueError as error:
        raise SetupError(f"{what}: wanted an IPv4 address, met {written[:40]!r}") from error
