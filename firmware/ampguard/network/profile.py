"""Connection profiles as NetworkManager takes them: the network that is joined, and the unit's own access point.

Names and types: nm-settings-dbus(5). A cable needs no profile: NetworkManager makes one by itself.
"""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

from dbus_fast.signature import Variant

from ampguard.network.address import ACCESS_POINT_ADDRESS

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Interface

    from ampguard.network.address import FixedAddress
    from ampguard.network.target import Target

WIRELESS = "802-11-wireless"
SECURITY = "802-11-wireless-security"
WIFI_METRIC = 600
"""Of routes over Wi-Fi: NetworkManager gives a cable 100, so the cable is preferred where both are."""
DHCP_TIMEOUT_S = 30
ACCESS_POINT_UUID = str(uuid.UUID("5f0b9c1e-2f64-4d4e-9a3a-0d8a5a6b3c11"))
"""Tells the access point's profile from those of networks."""
_DAD_S = 1.0
_POWERSAVE_OFF, _WPS_OFF, _PMF_OFF, _ISOLATED = 2, 1, 1, 1

Profile = dict[str, dict[str, Variant]]


def station(target: Target, interface: str, *, autoconnect: bool) -> Profile:
    """The profile that joins a network.

    IPv4 must come about: NetworkManager would be content with a link-local IPv6 address. Only the 2.4 GHz band: the
    antenna and the manual know no other. The radio keeps its own address, for the router's list of devices.
    """
    profile: Profile = {
        "connection": {
            "id": Variant("s", f"ampguard {target.uuid[:8]}"),
            "uuid": Variant("s", target.uuid),
            "type": Variant("s", WIRELESS),
            "interface-name": Variant("s", interface),
            "autoconnect": Variant("b", autoconnect),
        },
        WIRELESS: {
            "ssid": Variant("ay", target.ssid),
            "mode": Variant("s", "infrastructure"),
            "band": Variant("s", "bg"),
            "hidden": Variant("b", target.hidden),
            "powersave": Variant("u", _POWERSAVE_OFF),
            "assigned-mac-address": Variant("s", "permanent"),
        },
        "ipv4": {
            "method": Variant("s", "auto"),
            "may-fail": Variant("b", False),  # noqa: FBT003 - a value on the bus
            "dhcp-timeout": Variant("i", DHCP_TIMEOUT_S),
            "route-metric": Variant("x", WIFI_METRIC),
        },
        "ipv6": {"method": Variant("s", "auto"), "route-metric": Variant("x", WIFI_METRIC)},
    }
    if target.password is not None:
        profile[SECURITY] = {
            "key-mgmt": Variant("s", "sae" if target.only_sae else "wpa-psk"),
            "psk": Variant("s", target.password),
        }
    elif target.enhanced_open:
        profile[SECURITY] = {"key-mgmt": Variant("s", "owe")}
    if target.fixed is not None:
        profile["ipv4"] |= _fixed(target.fixed)
    return profile


def access_point(ssid: bytes, key: str, interface: str, channel: int | None) -> Profile:
    """The profile of the unit's own access point: WPA2 with a key of 64 hexadecimal digits, DHCP and DNS from the unit.

    Args:
        ssid: its name.
        key: what its password stands for (`credentials.key_of`).
        interface: of the device that makes it.
        channel: the one of the network that the same radio is in; None: any of 2.4 GHz.
    """
    profile: Profile = {
        "connection": {
            "id": Variant("s", "ampguard access point"),
            "uuid": Variant("s", ACCESS_POINT_UUID),
            "type": Variant("s", WIRELESS),
            "interface-name": Variant("s", interface),
            "autoconnect": Variant("b", False),  # noqa: FBT003 - a value on the bus
        },
        WIRELESS: {
            "ssid": Variant("ay", ssid),
            "mode": Variant("s", "ap"),
            "band": Variant("s", "bg"),
            "ap-isolation": Variant("i", _ISOLATED),
        },
        SECURITY: {
            "key-mgmt": Variant("s", "wpa-psk"),
            "proto": Variant("as", ["rsn"]),
            "pairwise": Variant("as", ["ccmp"]),
            "group": Variant("as", ["ccmp"]),
            # the firmware of the Pi's radio refuses stations that could protect management frames otherwise
            "pmf": Variant("i", _PMF_OFF),
            "wps-method": Variant("u", _WPS_OFF),
            "psk": Variant("s", key),
        },
        "ipv4": {
            "method": Variant("s", "shared"),
            "address-data": Variant("aa{sv}", [_address(ACCESS_POINT_ADDRESS)]),
        },
        "ipv6": {"method": Variant("s", "disabled")},
    }
    if channel is not None:
        profile[WIRELESS]["channel"] = Variant("u", channel)
    return profile


def channel_of(frequency_hz: int) -> int | None:
    """The channel of 2.4 GHz at a frequency (IEEE 802.11, 15.4.4.3); None: it is none."""
    first_hz, last_hz, step_hz = 2_412_000_000, 2_472_000_000, 5_000_000
    if not first_hz <= frequency_hz <= last_hz:
        return None
    return 1 + (frequency_hz - first_hz) // step_hz


def _fixed(fixed: FixedAddress) -> dict[str, Variant]:
    found = {
        "method": Variant("s", "manual"),
        "address-data": Variant("aa{sv}", [_address(fixed.interface)]),
        # another device with this address is told, not met by chance
        "dad-timeout": Variant("i", round(_DAD_S * 1000)),
        "dns": Variant("au", [_as_number(one) for one in fixed.name_servers]),
    }
    if fixed.gateway is not None:
        found["gateway"] = Variant("s", str(fixed.gateway))
    return found


def _address(interface: IPv4Interface) -> dict[str, Variant]:
    return {"address": Variant("s", str(interface.ip)), "prefix": Variant("u", interface.network.prefixlen)}


def _as_number(address: IPv4Address) -> int:
    """Octets in the order of the network, read as a number of this machine: what `dns` wants."""
    return int.from_bytes(address.packed, sys.byteorder)
