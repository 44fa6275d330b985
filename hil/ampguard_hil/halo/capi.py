"""A stand-in of the makers' public REST API, v5, in front of Halos that speak CAPI; for set-up and slow policy only.

Routes, names of fields and the read-modify-write of whole settings: as the public client `python-chargeamps` has them.
Which currents are refused, and what a group's charger answers, is a reading of public reports, not of the makers'
documents.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ampguard_hil.halo.capi_cloud import CapiCloud, Known, Session
from ampguard_hil.halo.pilot import MINIMUM_A
from ampguard_hil.halo.transaction import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "/api/v5"
TOKEN_S = 3600
_THOUSAND = 1000.0


class Login(BaseModel):
    """Who asks."""

    email: str
    password: str


class Refresh(BaseModel):
    """Likewise, later."""

    token: str
    refreshToken: str  # noqa: N815 - the name on the wire


class ConnectorSettings(BaseModel):
    """The whole object: what is left out of a PUT is refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    charge_point_id: str
    connector_id: int
    mode: Literal["On", "Off", "Schedule"]
    rfid_lock: bool
    cable_lock: bool
    max_a: float | None = Field(default=None, alias="maxCurrent")


class Remote(BaseModel):
    """To start as if a tag was held before it."""

    rfid: str
    rfidLength: int = 7  # noqa: N815 - the name on the wire
    rfidFormat: str = "Hex"  # noqa: N815 - likewise
    externalTransactionId: str = ""  # noqa: N815 - likewise


class Tokens:
    """Signed, with an end, as the client expects to decode them."""

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        self._now_s = now_s
        self._key = secrets.token_bytes(32)
        self._refreshing: set[str] = set()

    def issue(self, email: str) -> dict[str, str]:
        """A token and what renews it."""
        head = _encoded({"alg": "HS256", "typ": "JWT"})
        body = _encoded({"sub": email, "exp": int(self._now_s()) + TOKEN_S})
        refresh = secrets.token_urlsafe()
        self._refreshing.add(refresh)
        return {"token": f"{head}.{body}.{self._signed(f'{head}.{body}')}", "refreshToken": refresh}

    def renew(self, refresh: str) -> dict[str, str]:
        """Once for each. Raises KeyError."""
        self._refreshing.remove(refresh)
        return self.issue("")

    def holds(self, token: str) -> bool:
        """Whether it is ours and has not ended."""
        content, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signed(content)):
            return False
        body = content.partition(".")[2]
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return bool(told["exp"] > self._now_s())

    def _signed(self, content: str) -> str:
        return _text(hmac.new(self._key, content.encode(), hashlib.sha256).digest())


def application(cloud: CapiCloud, api_key: str, account: Login, tokens: Tokens | None = None) -> FastAPI:
    """The API of one account."""
    app = FastAPI(title="Stand-in of the makers' API", docs_url=None, redoc_url=None, openapi_url=None)
    issued = tokens or Tokens()

    @app.post(f"{PREFIX}/auth/login")
    async def login(told: Login, api_key_told: Annotated[str, Header(alias="apiKey")] = "") -> dict[str, object]:
        if not hmac.compare_digest(api_key_told, api_key) or told != account:
            raise HTTPException(401, "unknown key, account or password")
        return {"message": "Login successful", "user": {"email": told.email}, **issued.issue(told.email)}

    @app.post(f"{PREFIX}/auth/refreshToken")
    async def refresh(told: Refresh) -> dict[str, str]:
        try:
            return issued.renew(told.refreshToken)
        except KeyError:
            raise HTTPException(401, "unknown token") from None

    def known(authorization: Annotated[str, Header()] = "") -> None:
        kind, _, token = authorization.partition(" ")
        if kind != "Bearer" or not issued.holds(token):
            raise HTTPException(401, "wanted a token")

    guards = [Depends(known)]
    app.include_router(_reading(cloud), prefix=f"{PREFIX}/chargepoints", dependencies=guards)
    app.include_router(_changing(cloud), prefix=f"{PREFIX}/chargepoints", dependencies=guards)
    return app


def _reading(cloud: CapiCloud) -> APIRouter:
    asked = APIRouter()

    @asked.get("/owned")
    async def owned() -> list[dict[str, object]]:
        return [_charge_point(known) for known in cloud.chargers.values()]

    @asked.get("/{identity}/status")
    async def status(identity: str) -> dict[str, object]:
        return _status(cloud, _one(cloud, identity))

    @asked.get("/{identity}/settings")
    async def settings(identity: str) -> dict[str, object]:
        known = _one(cloud, identity)
        down = known.halo.configuration["Downlight"] == "1"
        return {"id": identity, "dimmer": "Medium", "downLight": down}

    @asked.get("/{identity}/connectors/{connector}/settings")
    async def connector_settings(identity: str, connector: int) -> ConnectorSettings:
        return _settings(_one(cloud, identity), connector)

    @asked.get("/{identity}/chargingsessions")
    async def sessions(identity: str) -> list[dict[str, object]]:
        known = _one(cloud, identity)
        return [_session(known, session) for session in known.sessions]

    return asked


def _changing(cloud: CapiCloud) -> APIRouter:
    orders = APIRouter()

    @orders.put("/{identity}/connectors/{connector}/settings")
    async def change(identity: str, connector: int, told: ConnectorSettings) -> dict[str, str]:
        known = _one(cloud, identity)
        before = _settings(known, connector)
        if (told.charge_point_id, told.connector_id) != (identity, connector):
            raise HTTPException(400, "wanted the settings of that connector")
        wanted_a = told.max_a
        if wanted_a is not None and wanted_a != 0.0 and not MINIMUM_A <= wanted_a <= known.halo.variant.rated_a:
            raise HTTPException(400, f"wanted 0 or 6 to {known.halo.variant.rated_a:g} A, met {wanted_a:g} A")
        if known.is_load_balanced and wanted_a != before.max_a:
            raise HTTPException(400, "wanted a charger that no group balances")
        known.mode, known.cable_lock = told.mode, told.cable_lock
        cloud.order(lambda: _apply(known, told))
        return {"message": "Settings updated"}

    @orders.put("/{identity}/connectors/{connector}/remotestart")
    async def start(identity: str, connector: int, told: Remote) -> dict[str, str]:
        known = _one(cloud, identity)
        _settings(known, connector)
        cloud.order(lambda: _ignore(known.halo.charging.ordered(told.rfid[:20], None)))
        return {"message": "Remote start sent"}

    @orders.put("/{identity}/connectors/{connector}/remotestop")
    async def stop(identity: str, connector: int) -> dict[str, str]:
        known = _one(cloud, identity)
        _settings(known, connector)
        cloud.order(lambda: known.halo.charging.stop("Remote"))
        return {"message": "Remote stop sent"}

    @orders.put("/{identity}/reboot")
    async def reboot(identity: str) -> dict[str, str]:
        known = _one(cloud, identity)
        cloud.order(known.halo.restart)
        return {"message": "Reboot sent"}

    return orders


def _one(cloud: CapiCloud, identity: str) -> Known:
    if identity not in cloud.chargers:
        raise HTTPException(404, "no such charge point")
    return cloud.chargers[identity]


def _apply(known: Known, told: ConnectorSettings) -> None:
    """What was ordered arrives at the charger."""
    halo = known.halo
    halo.configuration.set("RfidLock", "true" if told.rfid_lock else "false")
    if told.max_a is not None:
        halo.user_a = told.max_a
    if told.mode == "Off":
        halo.charging.stop("Remote")
    halo.want_operative(operative=told.mode != "Off")


def _ignore(_taken: bool) -> None:  # noqa: FBT001 - the API does not say whether it was
    """An order that the charger refuses: nobody is told."""


def _charge_point(known: Known) -> dict[str, object]:
    variant = known.halo.variant
    return {
        "id": variant.serial,
        "name": variant.serial,
        "password": variant.pin,
        "type": "HALO",
        "isLoadbalanced": known.is_load_balanced,
        "firmwareVersion": variant.firmware,
        "hardwareVersion": "2",
        "connectors": [{"chargePointId": variant.serial, "connectorId": 1, "type": "Type2"}],
    }


def _settings(known: Known, connector: int) -> ConnectorSettings:
    if connector != 1:
        raise HTTPException(404, "no such connector")
    return ConnectorSettings(
        charge_point_id=known.halo.variant.serial,
        connector_id=connector,
        mode=known.mode,  # type: ignore[arg-type]  # it came from these settings
        rfid_lock=known.halo.configuration.is_on("RfidLock"),
        cable_lock=known.cable_lock,
        maxCurrent=known.halo.user_a,
    )


def _status(cloud: CapiCloud, known: Known) -> dict[str, object]:
    variant, session = known.halo.variant, known.sessions[-1] if known.sessions else None
    measured = [
        {"phase": f"L{phase + 1}", "current": current_a, "voltage": known.voltage_v}
        for phase, current_a in enumerate(known.currents_a)
    ]
    connector: dict[str, object] = {
        "chargePointId": variant.serial,
        "connectorId": 1,
        "totalConsumptionKwh": _consumed(known, session),
        "status": known.status,
        "measurements": measured,
        "sessionId": None if session is None else session.number,
        "startTime": None if session is None else stamp(session.begin_utc),
        "endTime": None if session is None or session.end_utc is None else stamp(session.end_utc),
    }
    online = cloud.online and known.halo.online
    return {"id": variant.serial, "status": "Online" if online else "Offline", "connectorStatuses": [connector]}


def _session(known: Known, session: Session) -> dict[str, object]:
    return {
        "id": session.number,
        "chargePointId": known.halo.variant.serial,
        "connectorId": 1,
        "sessionType": "Rfid",
        "totalConsumptionKwh": _consumed(known, session),
        "startTime": stamp(session.begin_utc),
        "endTime": None if session.end_utc is None else stamp(session.end_utc),
    }


def _consumed(known: Known, session: Session | None) -> float:
    """What the makers tell is in kilowatt-hours."""
    if session is None:
        return 0.0
    end_wh = known.energy_wh if session.end_wh is None else session.end_wh
    return round(max(0.0, end_wh - session.begin_wh) / _THOUSAND, 3)


def _encoded(told: dict[str, object]) -> str:
    return _text(json.dumps(told).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
