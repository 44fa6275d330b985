"""A fixed IPv4 address, where a network has no DHCP or its owner wants one."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phrase import Number, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.readings import Json

ACCESS_POINT_ADDRESS = IPv4Interface("192.168.251.1/24")
"""Where the unit is on its own access point (manual 003, 6.2)."""
LONGEST_PREFIX = 30
_MOST_SHOWN = 40


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
    """As an installer writes it: `192.168.1.20/24`, its gateway, its name servers. Raises SetupError with a phrase."""
    interface = _interface(address)
    network = interface.network
    if not 1 <= network.prefixlen <= LONGEST_PREFIX:
        raise SetupError(
            phrase(
                "Fixed address: the number after the slash is from 1 to {most}, not {met}.",
                most=Number(LONGEST_PREFIX, "d"),
                met=Number(network.prefixlen, "d"),
            )
        )
    if not _is_host(interface.ip, network):
        raise SetupError(phrase("Fixed address: {address} is not the address of a device.", address=str(interface.ip)))
    if network.overlaps(ACCESS_POINT_ADDRESS.network):
        own = str(ACCESS_POINT_ADDRESS.network)
        raise SetupError(phrase("Fixed address: {network} belongs to the unit's own access point.", network=own))
    way_out = None if not gateway else _gateway(gateway)
    if way_out is not None and (way_out == interface.ip or not _is_host(way_out, network)):
        raise SetupError(
            phrase(
                "Gateway: {address} is not the address of another device in {network}.",
                address=str(way_out),
                network=str(network),
            )
        )
    return FixedAddress(interface, way_out, tuple(_name_server(one) for one in name_servers))


def over_access_point(address: str) -> bool:
    """Whether somebody at that address is on the unit's own access point."""
    try:
        return IPv4Address(address) in ACCESS_POINT_ADDRESS.network
    except ValueError:
        return False


def _is_host(address: IPv4Address, network: IPv4Network) -> bool:
    inside = address in network and address not in {network.network_address, network.broadcast_address}
    return inside and not (address.is_loopback or address.is_multicast or address.is_unspecified)


def _interface(written: str) -> IPv4Interface:
    wanted = phrase(
        "Fixed address: write it with a slash and its prefix, such as {example}, not {met}.",
        example="192.168.1.20/24",
        met=written[:_MOST_SHOWN],
    )
    if "/" not in written:
        raise SetupError(wanted)
    try:
        return IPv4Interface(written)
    except ValueError as error:
        raise SetupError(wanted) from error


def _gateway(written: str) -> IPv4Address:
    try:
        return IPv4Address(written)
    except ValueError as error:
        raise SetupError(phrase("Gateway: {met} is not an IPv4 address.", met=written[:_MOST_SHOWN])) from error


def _name_server(written: str) -> IPv4Address:
    try:
        return IPv4Address(written)
    except ValueError as error:
        raise SetupError(phrase("Name server: {met} is not an IPv4 address.", met=written[:_MOST_SHOWN])) from error
