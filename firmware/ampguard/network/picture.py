"""All that NetworkManager knows at one moment, read out of the one answer in which it tells all its objects."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from ampguard.network.air import Station, security_of
from ampguard.network.bus import NAME
from ampguard.network.faults import ManagerUnclear
from ampguard.network.numbers import DeviceKind, DeviceState, KeyManagement, WifiMode, device_state
from ampguard.network.values import listed, mapping, number, paths, taken, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.network.values import Objects

ROOT = "/org/freedesktop/NetworkManager"
DEVICE = f"{NAME}.Device"
WIRELESS = f"{DEVICE}.Wireless"
WIRED = f"{DEVICE}.Wired"
STATION = f"{NAME}.AccessPoint"
ACTIVE = f"{NAME}.Connection.Active"
CONFIG = f"{NAME}.IP4Config"
NOTHING = "/"
"""The path that stands for no object."""
_CAN_BE_ACCESS_POINT = 0x40
"""NM_WIFI_DEVICE_CAP_AP."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device is on its network."""

    interface: IPv4Interface
    gateway: IPv4Address | None


@dataclass(frozen=True, slots=True)
class Radio:
    """What a Wi-Fi device has beside what all have."""

    mode: WifiMode
    can_be_access_point: bool
    last_scan: int
    """A moment of NetworkManager's own clock; it changes when a scan is done."""
    associated: Station | None
    stations: tuple[Station, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """One network device."""

    path: str
    interface: str
    kind: int
    state: DeviceState
    active: str | None
    """The active connection that it carries."""
    active_uuid: str
    """Of that connection's profile; "" without one."""
    address: Address | None
    radio: Radio | None
    """None: it is no Wi-Fi device."""

    @property
    def is_joined(self) -> bool:
        """Whether it is in a network, with an address: one that somebody else makes."""
        joined = self.state is DeviceState.ACTIVATED and self.address is not None
        return joined and not (self.radio is not None and self.radio.mode is WifiMode.ACCESS_POINT)


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it, as far as it matters here."""

    devices: tuple[Device, ...]

    def of(self, path: str | None) -> Device | None:
        """The device at a path."""
        return next((one for one in self.devices if one.path == path), None)

    @property
    def cables(self) -> tuple[Device, ...]:
        """Devices with a socket."""
        return tuple(one for one in self.devices if one.kind == DeviceKind.ETHERNET)

    @property
    def radios(self) -> tuple[Device, ...]:
        """Wi-Fi devices that are managed, by name."""
        return tuple(one for one in self.devices if one.radio is not None and one.state > DeviceState.UNMANAGED)


def picture(objects: Objects) -> Picture:
    """What the answer says. Raises ManagerUnclear."""
    found = [_device(path, objects) for path, interfaces in objects.items() if DEVICE in interfaces]
    return Picture(tuple(sorted(found, key=lambda one: one.interface)))


def _device(path: str, objects: Objects) -> Device:
    about = objects[path][DEVICE]
    active = taken(about, "ActiveConnection", str)
    connection = objects.get(active, {}).get(ACTIVE)
    return Device(
        path=path,
        interface=taken(about, "Interface", str),
        kind=taken(about, "DeviceType", int),
        state=device_state(taken(about, "State", int)),
        active=None if connection is None else active,
        active_uuid="" if connection is None else taken(connection, "Uuid", str),
        address=_address(objects.get(taken(about, "Ip4Config", str), {}).get(CONFIG)),
        radio=_radio(objects[path][WIRELESS], objects) if WIRELESS in objects[path] else None,
    )


def _radio(about: Mapping[str, object], objects: Objects) -> Radio:
    mode = taken(about, "Mode", int)
    known = {path: _station(objects[path][STATION]) for path in paths(about, "AccessPoints") if _has(objects, path)}
    return Radio(
        mode=WifiMode(mode) if mode in list(WifiMode) else WifiMode.UNKNOWN,
        can_be_access_point=bool(taken(about, "WirelessCapabilities", int) & _CAN_BE_ACCESS_POINT),
        last_scan=taken(about, "LastScan", int),
        associated=known.get(taken(about, "ActiveAccessPoint", str)),
        stations=tuple(known.values()),
    )


def _has(objects: Objects, path: str) -> bool:
    # an access point may have gone between the list and the object
    return STATION in objects.get(path, {})


def _station(about: Mapping[str, object]) -> Station:
    wpa, rsn = taken(about, "WpaFlags", int), taken(about, "RsnFlags", int)
    return Station(
        ssid=_octets(about.get("Ssid")),
        bssid=taken(about, "HwAddress", str),
        frequency_hz=taken(about, "Frequency", int) * 1_000_000,
        strength_percent=_strength(about.get("Strength")),
        security=security_of(taken(about, "Flags", int), wpa, rsn),
        only_sae=bool(rsn & KeyManagement.SAE) and not (wpa | rsn) & KeyManagement.PSK,
    )


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ManagerUnclear(f"Ssid: wanted octets, met {type(value).__name__}")
    return value


def _strength(value: object) -> int:
    return min(max(number(value, "Strength"), 0), 100)


def _address(about: Mapping[str, object] | None) -> Address | None:
    """The first address; None: it has none."""
    entries = [] if about is None else listed(about, "AddressData")
    if about is None or not entries:
        return None
    entry = mapping(entries[0], "AddressData")
    written = f"{text(entry.get('address'), 'address')}/{number(entry.get('prefix'), 'prefix')}"
    gateway = taken(about, "Gateway", str)
    try:
        return Address(IPv4Interface(written), IPv4Address(gateway) if gateway else None)
    except ValueError as error:
        raise ManagerUnclear(f"AddressData: wanted an IPv4 address and a gateway, met {error}") from error
