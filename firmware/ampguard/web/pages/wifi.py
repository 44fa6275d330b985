"""How the unit is connected: Wi-Fi, the cable, its own access point."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.catalogue import marked
from ampguard.web.access.guard import visit_of
from ampguard.web.api.network_bodies import FailReason, JoinState, LinkState
from ampguard.web.pages.frame import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from ampguard.web.parts import Parts

REASONS: Mapping[FailReason, str] = MappingProxyType({
    FailReason.WRONG_PASSWORD: marked("The password is wrong for this network."),
    FailReason.NOT_FOUND: marked(
        "The network was not heard. Is it in range, and does its router have 2.4 GHz switched on?"
    ),
    FailReason.NO_DHCP: marked("The network gave no address. Switch on DHCP in its router, or set a fixed address."),
    FailReason.NO_GATEWAY: marked("The network was joined, but its router does not answer at the gateway's address."),
    FailReason.ADDRESS_TAKEN: marked("Another device in this network has the fixed address already."),
    FailReason.ONLY_UPPER_BAND: marked(
        "This network is on 5 GHz only; the unit needs 2.4 GHz. Switch that on in the router."
    ),
    FailReason.WEAK_SIGNAL: marked(
        "The signal is weaker than -80 dBm: expect interruptions. An outside antenna or a cable helps."
    ),
    FailReason.TIMEOUT: marked("The network did not answer in time."),
    FailReason.REFUSED: marked("The network refused the unit."),
    FailReason.NO_MANAGER: marked(
        "The unit's network service does not answer. It is started again by itself; try once more."
    ),
    FailReason.INTERRUPTED: marked("The unit was restarted while it joined the network. Try once more."),
})  # fmt: skip
"""The sentences of `ampguard.network.reason`, to be translated; a test holds them together."""
STEPS: Mapping[JoinState, str] = MappingProxyType({
    JoinState.LEAVING: marked("The unit's own Wi-Fi closes, so that the radio is free …"),
    JoinState.ASSOCIATING: marked("The network is asked to let the unit in …"),
    JoinState.ADDRESSING: marked("The unit is in, and waits for an address …"),
    JoinState.CHECKING: marked("The unit has an address, and looks whether the router is there …"),
    JoinState.KEEPING: marked("It works, and is kept …"),
    JoinState.RESTORING: marked("It did not work. The unit's own Wi-Fi is opened again …"),
})  # fmt: skip
LINKS: Mapping[LinkState, str] = MappingProxyType({
    LinkState.ABSENT: marked("not there"),
    LinkState.UNPLUGGED: marked("nothing plugged in"),
    LinkState.IDLE: marked("not in a network"),
    LinkState.JOINING: marked("joining"),
    LinkState.JOINED: marked("connected"),
    LinkState.ACCESS_POINT: marked("makes the unit's own Wi-Fi"),
})  # fmt: skip


def router(parts: Parts) -> APIRouter:
    """Of the page."""
    found = APIRouter(include_in_schema=False)

    @found.get("/wifi", response_class=HTMLResponse)
    async def wifi(request: Request) -> Response:
        return await page(
            request,
            parts,
            "wifi.html",
            reasons=REASONS,
            join_steps=STEPS,
            links=LINKS,
            is_yours=visit_of(request).is_over_access_point,
        )

    return found
