"""The network in the web's process: begun as soon as the unit knows its serial, and what the web asks of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING

from ampguard.errors import SetupError, UplinkFault
from ampguard.identity import read_card
from ampguard.live.subscriber import Subscriber
from ampguard.network import captive, mdns
from ampguard.network.accesspoint import access_point_of
from ampguard.network.address import ACCESS_POINT_ADDRESS, fixed_address, over_access_point
from ampguard.network.faults import ManagerAbsent
from ampguard.network.gateway import gateway_answers
from ampguard.network.network import TURN_S, Network, Works
from ampguard.services.factory_reset import NETWORK_NOTE
from ampguard.services.parts import is_simulated
from ampguard.services.power import BUS
from ampguard.web.network import Air, Fixed, Phone, ToPhone
from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from ampguard.identity import Card
    from ampguard.network.listening import Survey
    from ampguard.network.state import NetworkState
    from ampguard.readings import Json
    from ampguard.settings.places import Places
    from ampguard.web.live import Hub

LOOK_S = 1.0
"""How often somebody looks whether the meter has told who the unit is."""
HOLD_S = 15.0
"""How often somebody who is signed in holds the access point open."""
AGAIN_S = 60.0
"""Before what did not work is tried again."""
RETRY_S = 5.0
"""What whoever asks too early is told to wait."""
WISH = "access-point"
"""Of the button, on the lights' feed."""


class UnitNetwork:
    """See `ampguard.web.network.Network`."""

    def __init__(
        self,
        places: Places,
        hub: Hub,
        signed_in_from: Callable[[], frozenset[str]],
        http_port: int | None,
        logger: logging.Logger,
    ) -> None:
        """`signed_in_from`: the addresses; `http_port`: of the page, to be announced; None: it is not."""
        self._places = places
        self._hub = hub
        self._signed_in_from = signed_in_from
        self._http_port = http_port
        self._log = logger
        self._network: Network | None = None
        self._why_not = "the unit does not know its serial yet: its meter has not started"
        self._own_hosts: tuple[str, ...] = (str(ACCESS_POINT_ADDRESS.ip),)

    async def run(self) -> None:
        """For ever."""
        card = await self._introduced()
        try:
            network = self._begun(card)
        except SetupError as why:
            # the page must stay: it is where an installer reads of it
            self._why_not = f"the network was not begun: {why}"
            self._log.error("%s", self._why_not)
            await asyncio.Event().wait()
            return
        self._network = network
        async with asyncio.TaskGroup() as tasks:
            for work in (network.run(), self._button(network), self._hold(network), self._reset(network)):
                tasks.create_task(work)
            if self._http_port is not None:
                tasks.create_task(self._announce(card.serial, self._http_port))

    def _begun(self, card: Card) -> Network:
        """Raises SetupError."""
        psk, name = card.access_point_psk, mdns.name_of(card.serial)
        if psk is None:
            self._log.warning("access point: wanted its key in the identity memory, met none: it stays closed")
        own = access_point_of(card.serial, None if psk is None else psk.hex())
        self._own_hosts = (*self._own_hosts, name, mdns.host_name(card.serial))
        works = Works(time.monotonic, gateway_answers, self._tell, self._log, _bus_of(self._places))
        return Network(self._places.network, own, name, _power_on_s(self._places), works)

    def state(self) -> Mapping[str, Json]:
        """See `Network`."""
        return self._found().state().as_json()

    def heard(self) -> Air:
        """See `Network`."""
        return _air(self._found().survey())

    async def scan(self, *, close_access_point: bool) -> Air:
        """See `Network`."""
        return _air(await self._found().scan(close_access_point=close_access_point))

    def join(self, ssid: bytes, password: str | None, fixed: Fixed | None, who: str) -> None:
        """See `Network`."""
        address = None if fixed is None else fixed_address(fixed.address, fixed.gateway, fixed.name_servers)
        self._found().join(ssid, password, address)
        self._log.info("network: %s has the unit join %r", who, ssid)

    async def forget(self, ssid: bytes, who: str) -> None:
        """See `Network`."""
        await self._found().forget(ssid)
        self._log.info("network: %s has the unit forget %r", who, ssid)

    def open_access_point(self, who: str) -> None:
        """See `Network`."""
        network = self._there()
        network.open_access_point()
        self._log.info("access point: opened by %s", who)

    def close_access_point(self, who: str) -> None:
        """See `Network`."""
        network = self._there()
        network.close_access_point()
        self._log.info("access point: closed by %s", who)

    def to_phone(self, host: str, path: str, source: str) -> ToPhone | None:
        """See `Network`."""
        page = captive.leads_to(host, path, self._own_hosts)
        if page is None:
            return None
        wanted = captive.satisfies(host, path)
        if wanted is not None and source in self._signed_in_from():
            return ToPhone(Phone.CONTENT, wanted)
        return ToPhone(Phone.LED, page)

    def _found(self) -> Network:
        if self._network is None:
            raise RefusedError(503, "no-meter", self._why_not, RETRY_S)
        return self._network

    def _there(self) -> Network:
        network = self._found()
        if not network.state().manager:
            raise ManagerAbsent("access point: wanted the unit's network service, met nobody")
        return network

    async def _introduced(self) -> Card:
        """When the meter has told who the unit is."""
        while True:
            with contextlib.suppress(SetupError):
                if (card := read_card(self._places.identity)) is not None:
                    return card
            await asyncio.sleep(LOOK_S)

    def _tell(self, state: NetworkState) -> None:
        """All but how long the access point stays open, which is old at once; until when is not."""
        told = state.as_json()
        if isinstance(own := told["access_point"], dict):
            del own["closes_in_s"]
        self._hub.tell("network", told)

    async def _button(self, network: Network) -> None:
        async for message in Subscriber(self._places.lights_feed).messages():
            if message is not None and message.kind == "button" and message.body.get("wish") == WISH:
                network.open_access_point()
                self._log.info("access point: opened by the button")

    async def _hold(self, network: Network) -> None:
        """As long as somebody is signed in over it."""
        while True:
            if any(over_access_point(source) for source in self._signed_in_from()):
                network.somebody_logged_in()
            await asyncio.sleep(HOLD_S)

    async def _reset(self, network: Network) -> None:
        """After a factory reset: the profiles are NetworkManager's, and go now."""
        note = self._places.data / NETWORK_NOTE
        while note.exists():
            with contextlib.suppress(UplinkFault):
                await network.forget(None)
                await asyncio.sleep(2 * TURN_S)
                if network.state().manager and not network.state().saved:
                    note.unlink(missing_ok=True)
                    self._log.info("factory reset: the networks are forgotten")
                    break
                self._log.error("factory reset: wanted NetworkManager to forget all networks, met some that stay")
            await asyncio.sleep(LOOK_S)
        # a task of the group may end: the others go on

    async def _announce(self, serial: str, port: int) -> None:
        """By avahi, as soon as it is there."""
        said = False
        while True:
            with contextlib.suppress(UplinkFault, OSError):
                await mdns.announce(_bus_of(self._places), serial, port)
                self._log.info("the page is announced as %s", mdns.name_of(serial))
                return
            if not said:
                said = True
                self._log.info("the page is not announced: there is no avahi")
            await asyncio.sleep(AGAIN_S)


def _air(survey: Survey) -> Air:
    return Air(tuple(one.as_json() for one in survey.networks), survey.age_s)


def _bus_of(places: Places) -> str | None:
    """None: the system's own. A simulated board must never reach that of the machine that it is on."""
    is_nobodys = is_simulated(places.board) and not os.environ.get(BUS)
    return f"unix:path={places.run / 'no-bus'}" if is_nobodys else None


def _power_on_s(places: Places) -> float:
    """By the monotonic clock, which begins with the computer; a simulated board begins now."""
    return time.monotonic() if is_simulated(places.board) else 0.0
