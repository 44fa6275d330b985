"""How the unit is connected: joining Wi-Fi, forgetting it, the unit's own access point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response

from ampguard.web.access.guard import Controller, Reader, visit_of
from ampguard.web.api.network_bodies import (
    SSID_DIGITS,
    AirNow,
    JoinState,
    NetworkNow,
    WantedJoin,
    WantedScan,
    air,
    state,
)
from ampguard.web.network import Fixed
from ampguard.web.refusal import Refusal, RefusedError

if TYPE_CHECKING:
    from ampguard.web.parts import Parts

RETRY_S = 5.0


def router(parts: Parts) -> APIRouter:
    """Of the network."""
    network = parts.network
    found = APIRouter(
        prefix="/api/v1/network", tags=["network"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    @found.get("")
    async def look(request: Request, _reader: Reader) -> NetworkNow:
        """As it is now; `manager` says whether anything can be asked."""
        return state(network.state(), is_yours=visit_of(request).is_over_access_point)

    @found.get("/networks")
    async def heard(_reader: Reader) -> AirNow:
        """What was heard last, without listening anew."""
        return air(network.heard(), network.state())

    @found.post("/scan")
    async def scan(_who: Controller, wanted: WantedScan | None = None) -> AirNow:
        """Listen. A radio that makes the access point cannot: then what was heard before it opened, with its age."""
        close = wanted is not None and wanted.close_access_point
        return air(await network.scan(close_access_point=close), network.state())

    @found.post("/join", status_code=202, response_class=Response)
    async def join(who: Controller, wanted: WantedJoin) -> Response:
        """Begin to join; who asks over Wi-Fi is thrown off. What becomes of it: `join` and `last_join`."""
        if network.state()["join"] not in {JoinState.IDLE, JoinState.JOINED, JoinState.FAILED}:
            raise RefusedError(409, "busy", "another network is being joined: wait for what becomes of it", RETRY_S)
        fixed = wanted.fixed
        network.join(
            _ssid(wanted),
            wanted.password or None,
            None if fixed is None else Fixed(fixed.address, fixed.gateway, tuple(fixed.name_servers)),
            who.name,
        )
        return Response(status_code=202)

    @found.delete("/networks/{ssid_hex}", status_code=204)
    async def forget(who: Controller, ssid_hex: Annotated[str, Path(pattern=SSID_DIGITS)]) -> Response:
        """Forget a network that is saved; one that is in use is left."""
        now = state(network.state(), is_yours=False)
        if now.manager and ssid_hex.lower() not in {one.ssid_hex for one in now.saved}:
            raise RefusedError(404, "not-there", "wanted a network that is saved, met another name")
        await network.forget(bytes.fromhex(ssid_hex), who.name)
        return Response(status_code=204)

    @found.post("/access-point", status_code=202, response_class=Response)
    async def open_access_point(who: Controller) -> Response:
        """Open the unit's own, or keep it open, for ten minutes."""
        network.open_access_point(who.name)
        return Response(status_code=202)

    @found.delete("/access-point", status_code=202, response_class=Response)
    async def close_access_point(who: Controller) -> Response:
        """Close it; who asks over it is thrown off."""
        network.close_access_point(who.name)
        return Response(status_code=202)

    return found


def _ssid(wanted: WantedJoin) -> bytes:
    match wanted.ssid, wanted.ssid_hex:
        case str() as text, None if text:
            return text.encode()
        case None, str() as digits:
            return bytes.fromhex(digits)
        case _:
            raise RefusedError(422, "malformed", "wanted a network's name as ssid or as ssid_hex, met none or both")
