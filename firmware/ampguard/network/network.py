"""The unit's network: one loop that sees what NetworkManager says, joins what is asked for, minds the access point.

What is asked for is written down and the loop is woken; nothing but the loop asks NetworkManager for a change, so two
people with two phones cannot get it into a knot.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard.errors import SetupError, UplinkFault
from ampguard.network.air import Security
from ampguard.network.faults import ManagerAbsent
from ampguard.network.joining import Joining
from ampguard.network.lastjoin import LastJoinFile
from ampguard.network.listening import Listening
from ampguard.network.manager import Client
from ampguard.network.minding import Minding
from ampguard.network.reason import SENTENCES, Reason
from ampguard.network.state import UNSEEN, NetworkState, seen
from ampguard.network.target import target
from ampguard.network.window import at_power_on

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from ampguard.network.accesspoint import AccessPoint
    from ampguard.network.address import FixedAddress
    from ampguard.network.air import Heard
    from ampguard.network.gateway import AskGateway
    from ampguard.network.listening import Survey
    from ampguard.network.picture import Picture

TURN_S = 1.0
"""How long the loop sleeps at most."""
GATHER_S = 0.05
"""Changes come in heaps: one look for all of them."""
ANSWER_S = 10.0
"""What somebody who asks waits for."""
GRACE_S = 1.0
"""Between the answer to whoever asked and their being thrown off the access point."""


@dataclass(frozen=True, slots=True)
class Works:
    """What the network works with."""

    clock: Callable[[], float]
    """Monotonic seconds."""
    ask_gateway: AskGateway
    tell: Callable[[NetworkState], None]
    """Given the state, whenever it has changed."""
    logger: logging.Logger
    bus: str | None
    """The address of the message bus; None: the system's own."""
    grace_s: float = GRACE_S


class Network:
    """How the unit is connected, and what can be asked of that. All of it belongs to one event loop."""

    def __init__(self, folder: Path, own: AccessPoint, name: str, power_on_s: float, works: Works) -> None:
        """`folder` keeps what became of joining; `power_on_s` is a moment of the clock."""
        self._own = own
        self._name = name
        self._works = works
        self._log = works.logger
        self._air = Listening(own.ssid, works.clock)
        self._minding = Minding(own, at_power_on(power_on_s), self._air, works.clock, works.logger)
        self._joining = Joining(
            own=own, kept=LastJoinFile(folder), clock=works.clock, ask_gateway=works.ask_gateway, look=self._air.look,
            over=self._minding.tried, logger=works.logger,
        )  # fmt: skip
        self._client: Client | None = None
        self._seen = UNSEEN
        self._forget: set[bytes | None] = set()
        self._forgotten = asyncio.Event()
        self._told: NetworkState | None = None
        self._was_there: bool | None = None

    def state(self) -> NetworkState:
        """How the unit is connected."""
        is_open, now_s = self._seen.access_point_open, self._works.clock()
        left_s = self._minding.window.left_s(now_s) if is_open else None
        return NetworkState(
            manager=self._client is not None,
            lan=self._seen.lan,
            wifi=self._seen.wifi,
            reception=self._seen.reception,
            access_point_ssid=self._own.ssid,
            access_point_open=is_open,
            closes_in_s=left_s,
            closes_monotonic_s=None if left_s is None else self._minding.window.until_s,
            beside_network=self._seen.beside_network,
            attempt=self._joining.attempt,
            last=self._joining.last,
            saved=self._seen.saved,
            in_reach=frozenset(one for one in self._seen.saved if self._air.is_in_reach(one)),
            name=self._name,
        )

    async def scan(self, *, close_access_point: bool = False) -> Survey:
        """What is in the air. A radio that is the access point cannot listen: then what was heard before it opened.

        Args:
            close_access_point: listen all the same; whoever is on the access point is thrown off for some seconds,
                and what was heard is there when they are back.

        Raises:
            ManagerAbsent: NetworkManager does not answer.
        """
        self._there()
        blocked = self._seen.access_point_open and not self._seen.beside_network
        if self._joining.attempt.is_under_way:
            return self._air.survey()
        if blocked:
            if close_access_point:
                self._minding.look_s = self._works.clock() + self._works.grace_s
            return self._air.survey()
        self._air.asked.clear()
        self._minding.look_s = self._works.clock()
        self._wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self._air.asked.wait()
        return self._air.survey()

    def survey(self) -> Survey:
        """What was heard last, without listening."""
        return self._air.survey()

    def join(self, ssid: bytes, password: str | None, fixed: FixedAddress | None) -> None:
        """Join a network; `state` tells what becomes of it. None or "" for one that has no password.

        Raises:
            SetupError: it cannot be joined like this; nothing was begun.
            ManagerAbsent: NetworkManager does not answer.
        """
        self._there()
        if not self._seen.wifi.interface:
            raise SetupError("Wi-Fi: wanted a radio, met none")
        if self._joining.attempt.is_under_way:
            raise SetupError("Wi-Fi: another network is being joined; wait for what becomes of it")
        heard = self._air.heard(ssid)
        wanted = target(ssid, password, fixed, heard)
        if heard is not None:
            _check(heard, has_password=wanted.password is not None)
        self._joining.ask(wanted, self._works.clock() + self._works.grace_s)
        self._wake()

    async def forget(self, ssid: bytes | None) -> None:
        """Forget a network, None: all of them; one that is in use is left. Raises ManagerAbsent."""
        self._there()
        self._forgotten.clear()
        self._forget.add(ssid)
        self._wake()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._forgotten.wait()
        except TimeoutError as error:
            raise ManagerAbsent("forget: wanted NetworkManager to forget a network, met no answer") from error

    def open_access_point(self) -> None:
        """Open it, or keep it open, for the time that the button gives."""
        self._minding.open()
        self._wake()

    def close_access_point(self) -> None:
        """Close it: the radio is free for a saved network."""
        self._minding.close()
        self._wake()

    def somebody_logged_in(self) -> None:
        """Somebody who is logged in over the access point gave a sign of life: it stays open."""
        self._minding.hold()

    async def run(self) -> None:
        """For ever. What NetworkManager does not say or do is waited for."""
        while True:
            client = Client()
            try:
                await client.connect(self._works.bus)
                self._minding.found(await client.picture())
                self._client = client
                self._report(None)
                while True:
                    await self._turn(client)
                    await self._sleep(client)
            except UplinkFault as fault:
                self._report(fault)
                self._joining.lost(Reason.NO_MANAGER)
                self._seen = UNSEEN
            finally:
                client.close()
                self._client = None
            self._tell()
            await asyncio.sleep(TURN_S)

    async def _turn(self, client: Client) -> None:
        picture = await client.picture()
        self._air.note(picture)
        self._minding.note(picture)
        await self._joining.turn(client, picture)
        await self._forget_asked(client)
        saved = await client.saved()
        if not self._joining.attempt.is_under_way:
            await self._minding.turn(client, saved)
        self._see(await client.picture(), tuple(one.ssid for one in saved if one.autoconnect))
        self._tell()

    async def _forget_asked(self, client: Client) -> None:
        if not self._forget:
            return
        for saved in await client.saved():
            if saved.ssid in self._forget or None in self._forget:
                await client.delete(saved.path)
        self._forget.clear()
        self._forgotten.set()

    def _see(self, picture: Picture, saved: tuple[bytes, ...]) -> None:
        self._air.note(picture)
        self._seen = seen(picture, saved)

    def _tell(self) -> None:
        """Say it if it is not as it was; that time passes is no news, that there is more of it is."""
        state = replace(self.state(), closes_in_s=None)
        if state != self._told:
            self._told = state
            self._works.tell(self.state())

    def _report(self, fault: UplinkFault | None) -> None:
        """Once each time that it comes or goes."""
        if self._was_there is not (fault is None):
            self._was_there = fault is None
            if fault is None:
                self._log.info("network: NetworkManager answers")
            else:
                self._log.warning("network: %s", fault)

    def _there(self) -> None:
        if self._client is None:
            raise ManagerAbsent(SENTENCES[Reason.NO_MANAGER])

    def _wake(self) -> None:
        if self._client is not None:
            self._client.changed.set()

    async def _sleep(self, client: Client) -> None:
        """Until something has changed, or a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TURN_S):
                await client.changed.wait()
        await asyncio.sleep(GATHER_S)
        client.changed.clear()


def _check(heard: Heard, *, has_password: bool) -> None:
    """Raises SetupError for what cannot succeed: then nobody is thrown off for it."""
    if heard.out_of_band:
        raise SetupError(SENTENCES[Reason.ONLY_UPPER_BAND])
    match heard.security:
        case Security.ENTERPRISE:
            raise SetupError("Wi-Fi: wanted a network with one password for all, met one that asks for a user's name")
        case Security.WEP:
            raise SetupError("Wi-Fi: wanted WPA2 or WPA3, met WEP, which protects nothing")
        case Security.PERSONAL if not has_password:
            raise SetupError("Wi-Fi password: this network has one; wanted 8 to 30 characters, met none")
        case Security.OPEN | Security.ENHANCED_OPEN if has_password:
            raise SetupError("Wi-Fi password: this network has none; leave it empty")
        case _:
            pass
