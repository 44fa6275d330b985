"""The unit's own access point: which device makes it, whether it is open, and opening and closing it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.network.credentials import access_point_ssid, check_key
from ampguard.network.numbers import DeviceState
from ampguard.network.profile import ACCESS_POINT_UUID, access_point, channel_of

if TYPE_CHECKING:
    from ampguard.network.manager import Client
    from ampguard.network.picture import Device, Picture

INTERFACE = "ap0"
"""A second interface of the same radio, where the system made one: then a network can be used beside it."""

CLOSE_S = 5.0
_PATIENCE_S = 0.1


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """Its name, and the key that its password stands for."""

    ssid: bytes
    key: str | None
    """None: the unit was made without one, and never opens it."""

    def may_open(self, picture: Picture) -> bool:
        """Whether there is a key, and a device that can."""
        device = device_for_access_point(picture)
        return (
            self.key is not None
            and device is not None
            and device.radio is not None
            and device.radio.can_be_access_point
        )

    async def open(self, client: Client, picture: Picture) -> None:
        """Open it, on the channel of the network that the radio is in. Raises UplinkFault."""
        device, station = device_for_access_point(picture), device_for_networks(picture)
        if self.key is None or device is None or station is None:
            return
        associated = station.radio.associated if station.radio is not None and station.path != device.path else None
        channel = None if associated is None else channel_of(associated.frequency_hz)
        await client.open_access_point(access_point(self.ssid, self.key, device.interface, channel), device)


def access_point_of(serial: str, key: str | None) -> AccessPoint:
    """The access point of a unit, with a key of 64 hexadecimal digits. Raises SetupError."""
    return AccessPoint(access_point_ssid(serial), None if key is None else check_key(key))


def device_for_networks(picture: Picture) -> Device | None:
    """The device that joins networks; None: there is no radio."""
    return next((one for one in picture.radios if one.interface != INTERFACE), None)


def device_for_access_point(picture: Picture) -> Device | None:
    """The device that makes the access point: one of its own, or else the one that joins networks."""
    own = next((one for one in picture.radios if one.interface == INTERFACE), None)
    return own or device_for_networks(picture)


def has_own_device(picture: Picture) -> bool:
    """Whether a network and the access point can be there at the same time."""
    return device_for_access_point(picture) is not device_for_networks(picture)


def carrier(picture: Picture) -> Device | None:
    """The device with the access point on it, open or becoming so."""
    return next((one for one in picture.devices if one.active_uuid == ACCESS_POINT_UUID), None)


def is_open(picture: Picture) -> bool:
    """Whether phones can see it."""
    device = carrier(picture)
    return device is not None and device.state is DeviceState.ACTIVATED


async def close(client: Client, picture: Picture) -> None:
    """Close it, if it is open or becomes so, and wait until the radio is free, or a while. Raises UplinkFault."""
    device = carrier(picture)
    if device is None or device.active is None:
        return
    await client.deactivate(device.active)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            while carrier(await client.picture()) is not None:  # noqa: ASYNC110 - it is asked over the bus
                await asyncio.sleep(_PATIENCE_S)
