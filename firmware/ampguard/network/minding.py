"""Minding the access point: it is open when its window is, and the radio goes back to a saved network afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.network import accesspoint
from ampguard.network.accesspoint import device_for_networks, has_own_device
from ampguard.network.faults import ManagerRefused
from ampguard.network.numbers import DeviceState

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from ampguard.network.accesspoint import AccessPoint
    from ampguard.network.listening import Listening
    from ampguard.network.manager import Client, Saved
    from ampguard.network.picture import Picture
    from ampguard.network.window import Window

AGAIN_S = 5.0
"""Before the access point is tried again."""
FRESH_S = 10.0
"""What was heard is good enough for so long."""
NUDGE_S = 60.0
"""How long a radio may be idle beside a saved network: NetworkManager gives up after a few failures."""


class Minding:
    """What the radio does while nothing is being joined."""

    def __init__(
        self, own: AccessPoint, window: Window, air: Listening, clock: Callable[[], float], logger: logging.Logger
    ) -> None:
        self.window = window
        self.look_s: float | None = None
        """When somebody wants the radio to listen, whatever it does; None: nobody does."""
        self._own = own
        self._air = air
        self._clock = clock
        self._log = logger
        self._again_s: float | None = None
        self._idle_s: float | None = None
        self._turn = 0
        self._beside = False

    def note(self, picture: Picture) -> None:
        """What devices there are."""
        self._beside = has_own_device(picture)

    def open(self) -> None:
        """Somebody asks for it."""
        self.window = self.window.opened(self._clock())
        self._again_s = None

    def close(self) -> None:
        """Somebody asks for it to be closed."""
        self.window = self.window.closed(self._clock())

    def hold(self) -> None:
        """Somebody is logged in."""
        self.window = self.window.held(self._clock())

    def found(self, picture: Picture) -> None:
        """What this process finds when it begins, or NetworkManager is back."""
        self._again_s = None
        if accesspoint.carrier(picture) is not None:
            self.window = self.window.found(self._clock())

    def tried(self, joined: bool) -> None:  # noqa: FBT001 - the only thing it is told
        """Joining is over: after a failure the phone must come back; after a success the radio may be needed."""
        now_s = self._clock()
        if not joined:
            self.window = self.window.opened(now_s)
        elif self._beside:
            self.window = self.window.found(now_s)
        else:
            self.window = self.window.closed(now_s)
        self._again_s = None

    async def turn(self, client: Client, saved: tuple[Saved, ...]) -> None:
        """Make it so. Raises UplinkFault."""
        if self.look_s is not None and self._clock() >= self.look_s:
            picture = await client.picture()
            if not has_own_device(picture):
                await accesspoint.close(client, picture)
            await self._air.look(client)
            self.look_s = None
            self._air.asked.set()
        picture = await client.picture()
        wanted = self.window.is_open(self._clock()) and self._own.may_open(picture)
        carrier = accesspoint.carrier(picture)
        if wanted and carrier is None:
            await self._open(client)
        elif not wanted and carrier is not None:
            await accesspoint.close(client, picture)
            # at once: nobody waits for a network that is there
            self._idle_s = self._clock() - NUDGE_S
            client.changed.set()
        elif not wanted or has_own_device(picture):
            await self._nudge(client, picture, saved)

    async def _open(self, client: Client) -> None:
        now_s = self._clock()
        if self._again_s is not None and now_s < self._again_s:
            return
        self._again_s = now_s + AGAIN_S
        picture = await client.picture()
        age_s = self._air.survey().age_s
        if not has_own_device(picture) and (age_s is None or age_s > FRESH_S):
            # the last chance to hear what is in the air
            picture = await self._air.look(client)
        try:
            await self._own.open(client, picture)
        except ManagerRefused as refusal:
            self._log.warning("access point: %s", refusal)

    async def _nudge(self, client: Client, picture: Picture, saved: tuple[Saved, ...]) -> None:
        """A radio that is idle beside a saved network is told to join it."""
        device = device_for_networks(picture)
        known = [one for one in saved if one.autoconnect]
        if device is None or device.state is not DeviceState.DISCONNECTED or not known:
            self._idle_s = None
            return
        now_s = self._clock()
        if self._idle_s is None:
            self._idle_s = now_s
        elif now_s - self._idle_s >= NUDGE_S:
            self._idle_s = now_s
            self._turn += 1
            try:
                await client.activate(known[self._turn % len(known)], device)
            except ManagerRefused as refusal:
                self._log.warning("saved network: %s", refusal)
