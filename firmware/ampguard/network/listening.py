"""What the radio has heard: kept, because it hears nothing while it is the unit's own access point."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.network import accesspoint
from ampguard.network.accesspoint import device_for_networks
from ampguard.network.air import merged
from ampguard.network.faults import ManagerRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard.network.air import Heard
    from ampguard.network.manager import Client
    from ampguard.network.picture import Device, Picture

SCAN_S = 8.0
"""What a scan may take; all channels of 2.4 GHz take two to four."""
_PATIENCE_S = 0.25


@dataclass(frozen=True, slots=True)
class Survey:
    """What was heard, and how long ago."""

    networks: tuple[Heard, ...]
    age_s: float | None
    """None: the radio has not listened yet."""


class Listening:
    """What was heard last."""

    def __init__(self, own_ssid: bytes, clock: Callable[[], float]) -> None:
        self.asked = asyncio.Event()
        """Set when a scan that somebody asked for is done."""
        self._own_ssid = own_ssid
        self._clock = clock
        self._networks: tuple[Heard, ...] = ()
        self._at_s: float | None = None

    def survey(self) -> Survey:
        """What was heard last."""
        return Survey(self._networks, None if self._at_s is None else self._clock() - self._at_s)

    def heard(self, ssid: bytes) -> Heard | None:
        """One of them; None: it was not heard."""
        return next((one for one in self._networks if one.ssid == ssid), None)

    def is_in_reach(self, ssid: bytes) -> bool:
        """Whether a network was heard, and where the unit can join it."""
        heard = self.heard(ssid)
        return heard is not None and heard.usable

    def note(self, picture: Picture) -> None:
        """Take what a picture has; one without anything is of a radio that has not listened since it was busy."""
        device = _free(picture)
        if device is not None and device.radio is not None and device.radio.stations:
            self._take(device)

    async def look(self, client: Client) -> Picture:
        """Listen now, if the radio is free, and wait until it has; the picture then. Raises UplinkFault."""
        picture = await client.picture()
        device = _free(picture)
        if device is None or device.radio is None:
            return picture
        before = device.radio.last_scan
        with contextlib.suppress(ManagerRefused):  # too soon after the last one, or busy: that one will do
            await client.scan(device)
        deadline_s = self._clock() + SCAN_S
        while device is not None and device.radio is not None and device.radio.last_scan == before:
            if self._clock() >= deadline_s:
                break
            await asyncio.sleep(_PATIENCE_S)
            picture = await client.picture()
            device = _free(picture)
        if device is not None:
            self._take(device)
        return picture

    def _take(self, device: Device) -> None:
        stations = () if device.radio is None else device.radio.stations
        self._networks = merged(one for one in stations if one.ssid != self._own_ssid)
        self._at_s = self._clock()


def _free(picture: Picture) -> Device | None:
    """The radio, if it can listen."""
    device = device_for_networks(picture)
    return None if device is None or device is accesspoint.carrier(picture) else device
