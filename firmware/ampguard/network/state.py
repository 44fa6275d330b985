"""How the unit is connected, as its page, its lights and programs are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.network import accesspoint
from ampguard.network.accesspoint import device_for_networks
from ampguard.network.address import ACCESS_POINT_ADDRESS
from ampguard.network.credentials import shown
from ampguard.network.numbers import DeviceState
from ampguard.network.signal import WEAK_DBM, bars_of, dbm_of

if TYPE_CHECKING:
    from ampguard.network.join import Attempt
    from ampguard.network.lastjoin import LastJoin
    from ampguard.network.picture import Device, Picture
    from ampguard.readings import Json


class LinkState(StrEnum):
    """Of a cable or a radio."""

    ABSENT = "absent"
    """There is no such device, or nobody knows."""
    UNPLUGGED = "unplugged"
    """No cable; or a radio that is switched off."""
    IDLE = "idle"
    JOINING = "joining"
    JOINED = "joined"
    ACCESS_POINT = "access_point"
    """The radio makes the unit's own access point, and cannot be in a network."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cable or a radio."""

    state: LinkState
    interface: str
    address: str | None
    """With its prefix, as in 192.168.1.20/24."""
    gateway: str | None

    def as_json(self) -> dict[str, Json]:
        """As it is told."""
        return {
            "state": self.state.value, "interface": self.interface, "address": self.address, "gateway": self.gateway
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reception:
    """The network that the radio is in."""

    ssid: bytes
    level_dbm: int

    def as_json(self) -> dict[str, Json]:
        """As it is told."""
        return {
            "ssid": shown(self.ssid),
            "ssid_hex": self.ssid.hex(),
            "signal_dbm": self.level_dbm,
            "bars": bars_of(self.level_dbm),
            "weak": self.level_dbm < WEAK_DBM,
        }


@dataclass(frozen=True, slots=True)
class NetworkState:
    """All of it."""

    manager: bool
    """Whether NetworkManager answers; if not, the rest is what was known last or nothing."""
    lan: Link
    wifi: Link
    reception: Reception | None
    access_point_ssid: bytes
    access_point_open: bool
    closes_in_s: float | None
    """None: it is closed, or about to be opened or closed."""
    closes_monotonic_s: float | None
    """The same as a moment: it moves only when somebody holds the access point open, or opens it again."""
    beside_network: bool
    """Whether access point and network can be there at the same time: then nobody is thrown off for long."""
    attempt: Attempt
    last: LastJoin | None
    saved: tuple[bytes, ...]
    in_reach: frozenset[bytes]
    """Those of them that the radio has heard when it listened last; it joins one when the access point closes."""
    name: str
    """By which the unit is found in its network."""

    @property
    def connected(self) -> bool:
        """Whether the unit is in a network that somebody else makes: what the communication light is about."""
        return LinkState.JOINED in {self.lan.state, self.wifi.state}

    def as_json(self) -> dict[str, Json]:
        """As it is told."""
        return {
            "manager": self.manager,
            "connected": self.connected,
            "lan": self.lan.as_json(),
            "wifi": self.wifi.as_json() | {"reception": None if self.reception is None else self.reception.as_json()},
            "access_point": {
                "ssid": shown(self.access_point_ssid),
                "address": str(ACCESS_POINT_ADDRESS.ip),
                "open": self.access_point_open,
                "closes_in_s": _whole(self.closes_in_s),
                "closes_monotonic_s": _whole(self.closes_monotonic_s),
                "beside_network": self.beside_network,
            },
            "join": self.attempt.state.value,
            "last_join": None if self.last is None else self.last.as_json(),
            "saved": [
                {"ssid": shown(one), "ssid_hex": one.hex(), "in_reach": one in self.in_reach} for one in self.saved
            ],
            "name": self.name,
        }


def _whole(duration_s: float | None) -> int | None:
    return None if duration_s is None else round(duration_s)


NOWHERE = Link(LinkState.ABSENT, "", None, None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture says of it."""

    lan: Link
    wifi: Link
    reception: Reception | None
    access_point_open: bool
    beside_network: bool
    saved: tuple[bytes, ...]


UNSEEN = Seen(NOWHERE, NOWHERE, None, access_point_open=False, beside_network=False, saved=())


def seen(picture: Picture, saved: tuple[bytes, ...]) -> Seen:
    """What a picture says."""
    radio = device_for_networks(picture)
    # of several sockets the one that is used
    cable = max(picture.cables, key=lambda one: (one.is_joined, one.state), default=None)
    associated = radio.radio.associated if radio is not None and radio.radio is not None and radio.is_joined else None
    return Seen(
        lan=_link(cable, is_access_point=False),
        wifi=_link(radio, is_access_point=radio is not None and accesspoint.carrier(picture) is radio),
        reception=None if associated is None else Reception(associated.ssid, dbm_of(associated.strength_percent)),
        access_point_open=accesspoint.is_open(picture),
        beside_network=accesspoint.has_own_device(picture),
        saved=tuple(dict.fromkeys(saved)),
    )


def _link(device: Device | None, *, is_access_point: bool) -> Link:
    if device is None:
        return NOWHERE
    if is_access_point:
        return Link(LinkState.ACCESS_POINT, device.interface, str(ACCESS_POINT_ADDRESS), None)
    if device.is_joined and device.address is not None:
        gateway = None if device.address.gateway is None else str(device.address.gateway)
        return Link(LinkState.JOINED, device.interface, str(device.address.interface), gateway)
    if device.state <= DeviceState.UNAVAILABLE:
        state = LinkState.UNPLUGGED
    elif DeviceState.DISCONNECTED < device.state < DeviceState.DEACTIVATING:
        state = LinkState.JOINING
    else:
        state = LinkState.IDLE
    return Link(state, device.interface, None, None)
