"""The charger's own page (manuals 000/002, section 6): PIN, then the tabs Wi-Fi, Installation, RFID and OCPP.

The makers show neither its fields nor its looks; what is asked here is what the manuals name. A CAPI Halo has only the
Wi-Fi form, and nobody is asked for a PIN again (section 6.3.1). `/bench/` is no part of the charger: it plugs, swipes
and breaks.
"""

from __future__ import annotations

import secrets
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles

from ampguard_hil.halo.car import Behaviour, Car
from ampguard_hil.halo.variant import Protocol

if TYPE_CHECKING:
    from ampguard_hil.halo.halo import Halo

_HEADERS = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'", "Cache-Control": "no-store"}


class Pin(BaseModel):
    """Who knows it may change things."""

    pin: str


class Wifi(BaseModel):
    """A network of 2.4 GHz with WPA or WPA2."""

    network: str = Field(min_length=1, max_length=32)
    password: str = Field(min_length=8, max_length=63)
    security: Literal["WPA", "WPA2"] = "WPA2"


class Installation(BaseModel):
    """What the electrician says."""

    most_a: float = Field(ge=6.0, le=32.0)
    phases: Literal[1, 3]
    grid: Literal["TN", "TT", "IT"] = "TN"


class Rfid(BaseModel):
    """Tags of a charger without a cloud."""

    tags: list[Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,20}$")]] = Field(max_length=60)


class Ocpp(BaseModel):
    """The cloud."""

    url: Annotated[str, Field(pattern=r"^(wss?://\S+)?$", max_length=200)]


class Shown(BaseModel):
    """What the page tells."""

    serial: str
    protocol: str
    status: str | None
    ring: str
    centre: str
    access_point: str | None
    online: bool
    offered_a: float
    currents_a: tuple[float, float, float]
    energy_wh: float
    network: str
    installation: Installation
    tags: list[str]
    tags_ignored: bool
    backend: str
    backend_saved: str | None


class Act(BaseModel):
    """Something that happens to the charger."""

    do: Literal["plug", "unplug", "swipe", "fault", "cut power", "connect power"]
    tag: str = ""
    fault: str | None = None
    car: Behaviour = Behaviour()


def application(halo: Halo) -> FastAPI:
    """Of one Halo."""
    app = FastAPI(title="Halo", docs_url=None, redoc_url=None, openapi_url=None)
    room = files("ampguard_hil.halo") / "static"
    sessions: set[str] = set()
    needs_pin = halo.variant.protocol is Protocol.OCPP
    cookie = f"halo_{halo.variant.serial}"

    def reachable() -> None:
        if not halo.is_reachable:
            raise HTTPException(503, "the charger is dark, or has no network and its access point is closed")

    def known(request: Request) -> None:
        if needs_pin and request.cookies.get(cookie) not in sessions:
            raise HTTPException(401, "wanted the PIN first")

    outside = APIRouter(dependencies=[Depends(reachable)])

    @outside.get("/")
    async def page() -> FileResponse:
        return FileResponse(str(room / "halo.html"), headers=_HEADERS)

    @outside.post("/login")
    async def login(told: Pin, response: Response) -> dict[str, bool]:
        if not secrets.compare_digest(told.pin, halo.variant.pin):
            raise HTTPException(401, "wrong PIN")
        token = secrets.token_urlsafe()
        sessions.add(token)
        response.set_cookie(cookie, token, httponly=True, samesite="strict")
        return {"known": True}

    app.include_router(outside)
    guards = [Depends(reachable), Depends(known)]
    app.include_router(_wifi(halo), dependencies=guards)
    if needs_pin:
        app.include_router(_settings(halo), dependencies=guards)
    app.include_router(_bench(halo), prefix="/bench")
    app.mount("/static", StaticFiles(directory=str(room)), name="static")
    return app


def shown(halo: Halo) -> Shown:
    """As it is now."""
    lights, site = halo.lights, halo.site
    return Shown(
        serial=halo.variant.serial,
        protocol=halo.variant.protocol,
        status=halo.status,
        ring=lights.ring,
        centre=lights.centre,
        access_point=halo.access_point,
        online=halo.online,
        offered_a=halo.connector.offered_a,
        currents_a=halo.connector.currents_a,
        energy_wh=halo.connector.energy_wh,
        network=site.network,
        installation=Installation.model_validate({"most_a": site.most_a, "phases": site.phases, "grid": site.grid}),
        tags=sorted(halo.tags.offline),
        tags_ignored=halo.tags.cloud_seen,
        backend=halo.backend.stored_url,
        backend_saved=halo.backend.saved_url,
    )


def _wifi(halo: Halo) -> APIRouter:
    acts = APIRouter()

    @acts.get("/state")
    async def state() -> Shown:
        return shown(halo)

    @acts.post("/wifi")
    async def join(told: Wifi) -> Shown:
        halo.site.network = told.network
        return shown(halo)

    return acts


def _settings(halo: Halo) -> APIRouter:
    acts = APIRouter()

    @acts.post("/installation")
    async def install(told: Installation) -> Shown:
        halo.site.most_a, halo.site.phases, halo.site.grid = told.most_a, told.phases, told.grid
        return shown(halo)

    @acts.post("/rfid")
    async def tags(told: Rfid) -> Shown:
        halo.tags.offline = set(told.tags)
        return shown(halo)

    @acts.post("/ocpp")
    async def backend(told: Ocpp) -> Shown:
        halo.save_backend(told.url)
        return shown(halo)

    @acts.post("/restart")
    async def restart() -> Shown:
        halo.restart()
        return shown(halo)

    return acts


def by_the_bench(x_bench_panel: Annotated[str | None, Header()] = None) -> None:
    """No page of another origin can add a header without asking."""
    if x_bench_panel is None:
        raise HTTPException(403, "wanted the header X-Bench-Panel")


def _bench(halo: Halo) -> APIRouter:
    acts = APIRouter(dependencies=[Depends(by_the_bench)])

    @acts.get("/state")
    async def state() -> Shown:
        return shown(halo)

    @acts.post("/act")
    async def act(told: Act) -> Shown:
        match told.do:
            case "plug":
                halo.connector.car = Car(told.car)
            case "unplug":
                halo.unplug()
            case "swipe":
                halo.charging.swipe(told.tag)
            case "fault":
                halo.break_down(told.fault)
            case "cut power":
                halo.cut_power()
            case "connect power":
                halo.connect_power()
        return shown(halo)

    return acts
