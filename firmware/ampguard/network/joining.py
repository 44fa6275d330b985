"""Joining, performed: what the table wants done is asked of NetworkManager, and what it says becomes events."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from ampguard.network import accesspoint
from ampguard.network.accesspoint import device_for_networks
from ampguard.network.air import merged
from ampguard.network.faults import ManagerRefused
from ampguard.network.join import BEGINNING, LIMIT_S, Attempt, Do, Event, State, step
from ampguard.network.lastjoin import LastJoin, Outcome
from ampguard.network.numbers import DeviceState
from ampguard.network.profile import station
from ampguard.network.reason import Reason, of_failure
from ampguard.network.signal import WEAK_DBM

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable

    from ampguard.network.accesspoint import AccessPoint
    from ampguard.network.gateway import AskGateway
    from ampguard.network.lastjoin import LastJoinFile
    from ampguard.network.manager import Activated, Client
    from ampguard.network.picture import Device, Picture
    from ampguard.network.target import Target

AGAIN_S = 1.0
"""Between two questions to a gateway."""


class Joining:
    """One try at a time. Everything that NetworkManager is asked raises UplinkFault.

    `over` is told at once when a network was joined (True), or nothing came of it and the access point is to be back.
    """

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        *,
        own: AccessPoint,
        kept: LastJoinFile,
        clock: Callable[[], float],
        ask_gateway: AskGateway,
        look: Callable[[Client], Awaitable[Picture]],
        over: Callable[[bool], None],
        logger: logging.Logger,
    ) -> None:
        self.attempt: Attempt = BEGINNING
        self.last: LastJoin | None = kept.read()
        self._own = own
        self._kept = kept
        self._clock = clock
        self._ask_gateway = ask_gateway
        self._look = look
        self._over = over
        self._log = logger
        self._target: Target | None = None
        self._made: Activated | None = None
        self._since_s = 0.0
        self._todo: deque[Do] = deque()
        if self.last is not None and self.last.outcome is Outcome.FAILED:
            self._keep(self.last)

    def ask(self, target: Target, begin_s: float) -> None:
        """Join a network, from a moment on: whoever asked hears first that it begins. Not while one is under way."""
        self._target = target
        self._made = None
        self._happen(Event.ASKED)
        self._since_s = begin_s
        self._keep(LastJoin(target.ssid, Outcome.UNDER_WAY, None, _is_weak(target.level_dbm)))

    def lost(self, reason: Reason) -> None:
        """NetworkManager is gone, and with it everything that is not on disk."""
        self._made = None
        self._todo.clear()
        self._happen(Event.FAILED, reason)

    async def turn(self, client: Client, picture: Picture) -> None:
        """Do what is to be done, and see what became of it."""
        if self._clock() < self._since_s:
            return
        while self._todo:
            await self._perform(client, picture, self._todo[0])
            self._todo.popleft()
            picture = await client.picture()
        if self.attempt.is_under_way:
            await self._see(client, picture)
            limit_s = LIMIT_S.get(self.attempt.state)
            if limit_s is not None and self._clock() - self._since_s > limit_s:
                self._happen(Event.LATE)
        if self._todo:
            client.changed.set()

    def _happen(self, event: Event, reason: Reason | None = None) -> None:
        before = self.attempt
        self.attempt, todo = step(before, event, reason)
        if self.attempt.state is before.state and not todo:
            return
        self._since_s = self._clock()
        self._todo.extend(todo)
        self._log.info("joining: %s -> %s%s", before.state, self.attempt.state, self._why())
        if self.attempt.state is State.RESTORING and before.state is not State.RESTORING:
            # before anything else: a power cut must not lose the reason
            self._end(Outcome.FAILED, self.attempt.reason)
            self._over(False)  # noqa: FBT003 - whether it was joined
        elif self.attempt.state is State.JOINED:
            self._end(Outcome.JOINED, None)
            self._over(True)  # noqa: FBT003 - likewise

    def _why(self) -> str:
        return f" ({self.attempt.reason})" if self.attempt.reason is not None else ""

    async def _perform(self, client: Client, picture: Picture, do: Do) -> None:
        match do:
            case Do.CLOSE_ACCESS_POINT:
                await accesspoint.close(client, picture)
            case Do.ACTIVATE:
                await self._activate(client, picture)
            case Do.ASK_GATEWAY:
                await self._ask(picture)
            case Do.KEEP:
                await self._keep_profile(client, picture)
            case Do.DROP:
                if self._made is not None:
                    await client.delete(self._made.profile)
                self._made = None
            case Do.OPEN_ACCESS_POINT:
                await self._open(client, await client.picture())

    async def _activate(self, client: Client, picture: Picture) -> None:
        device, target = device_for_networks(picture), self._target
        if device is None or target is None:
            self._happen(Event.FAILED, Reason.REFUSED)
            return
        client.changes.clear()
        try:
            self._made = await client.try_out(station(target, device.interface, autoconnect=False), device)
        except ManagerRefused as refusal:
            self._log.warning("joining %s: %s", target.name, refusal)
            self._happen(Event.FAILED, Reason.REFUSED)

    async def _ask(self, picture: Picture) -> None:
        """Until it answers, or the state has lasted too long."""
        device = device_for_networks(picture)
        gateway = None if device is None or device.address is None else device.address.gateway
        while gateway is not None and self._clock() - self._since_s <= LIMIT_S[State.CHECKING]:
            if await self._ask_gateway(gateway):
                gateway = None
            else:
                await asyncio.sleep(AGAIN_S)
        self._happen(Event.ANSWERED if gateway is None else Event.LATE)

    async def _keep_profile(self, client: Client, picture: Picture) -> None:
        device, target, made = device_for_networks(picture), self._target, self._made
        if device is not None and target is not None and made is not None:
            await client.keep(made.profile, station(target, device.interface, autoconnect=True))
            for saved in await client.saved():
                if saved.ssid == target.ssid and saved.path != made.profile:
                    await client.delete(saved.path)
        self._happen(Event.KEPT)

    async def _open(self, client: Client, picture: Picture) -> None:
        if not self._own.may_open(picture) or accesspoint.carrier(picture) is not None:
            return
        try:
            await self._own.open(client, picture)
        except ManagerRefused as refusal:
            # the state lasts too long then, and it is tried again
            self._log.warning("access point: %s", refusal)

    async def _see(self, client: Client, picture: Picture) -> None:
        """What NetworkManager says, as an event."""
        match self.attempt.state:
            case State.LEAVING if accesspoint.carrier(picture) is None:
                self._left(await self._look(client))
            case State.ASSOCIATING | State.ADDRESSING if self._made is not None:
                self._progress(client, device_for_networks(picture), self._made)
            case State.RESTORING if accesspoint.is_open(picture) or not self._own.may_open(picture):
                self._happen(Event.OPENED)
            case _:
                pass

    def _left(self, picture: Picture) -> None:
        """The radio is free and has looked around: some networks need not be tried."""
        device, target = device_for_networks(picture), self._target
        stations = () if device is None or device.radio is None else device.radio.stations
        heard = next((one for one in merged(stations) if target is not None and one.ssid == target.ssid), None)
        if heard is not None and self.last is not None:
            self._keep(LastJoin(self.last.ssid, Outcome.UNDER_WAY, None, _is_weak(heard.level_dbm)))
        if heard is not None and heard.out_of_band:
            self._happen(Event.FAILED, Reason.ONLY_UPPER_BAND)
        else:
            self._happen(Event.LEFT)

    def _progress(self, client: Client, device: Device | None, made: Activated) -> None:
        target = self._target
        failed = None
        while client.changes:
            change = client.changes.popleft()
            if device is not None and change.device == device.path and change.state is DeviceState.FAILED:
                failed = change
        if failed is not None and target is not None:
            has_password, has_dhcp = target.password is not None, target.fixed is None
            self._happen(Event.FAILED, of_failure(failed.reason, has_password=has_password, has_dhcp=has_dhcp))
        elif device is None or device.active != made.active:
            self._happen(Event.FAILED, Reason.REFUSED)
        elif device.is_joined:
            self._happen(Event.ADDRESSED)
        elif device.state >= DeviceState.IP_CONFIG:
            self._happen(Event.ASSOCIATED)

    def _end(self, outcome: Outcome, reason: Reason | None) -> None:
        if self._target is not None:
            weak = self.last is not None and self.last.weak
            self._keep(LastJoin(self._target.ssid, outcome, reason, weak))

    def _keep(self, last: LastJoin) -> None:
        self.last = last
        try:
            self._kept.write(last)
        except OSError as error:
            self._log.error("what became of joining cannot be kept: %s", error)


def _is_weak(level_dbm: int | None) -> bool:
    return level_dbm is not None and level_dbm < WEAK_DBM
