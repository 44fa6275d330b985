"""What the unit is, how long it runs, restarting it, and giving it back as it came."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from ampguard.errors import SetupError
from ampguard.identity import read_card
from ampguard.web.access.guard import Controller, Owner, Reader
from ampguard.web.access.sessions import is_same
from ampguard.web.refusal import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from ampguard.web.parts import Parts

LONGEST_SERIAL = 40


class Identity(BaseModel):
    """Of the unit; null: its meter has not told."""

    serial: str | None
    variant: str | None
    rated_current_a: float | None
    ct_set: str | None
    calibration: str | None
    """Names the calibration: 16 digits of its SHA-256."""


class Software(BaseModel):
    """What runs on what."""

    ampguard: str
    python: str
    kernel: str
    computer: str


class SystemNow(BaseModel):
    """The unit."""

    identity: Identity
    software: Software
    boot: str | None
    """Another one after each restart of the computer."""
    unit_up_s: float | None
    """Since the computer was started."""
    processes_up_s: dict[str, float | None]
    """Since each process of the unit was; null: it does not run, or nobody can tell."""


class ResetEffect(BaseModel):
    """What a factory reset does to one kind of thing."""

    what: str
    is_kept: bool
    why: str


class WantedReset(BaseModel):
    """Said on purpose."""

    model_config = ConfigDict(extra="forbid")

    serial: str = Field(max_length=LONGEST_SERIAL)
    """Of the unit, typed by whoever wants it."""


def router(parts: Parts) -> APIRouter:
    """Of the unit as a whole."""
    found = APIRouter(
        prefix="/api/v1/system", tags=["system"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    system = parts.system

    @found.get("")
    async def look(_reader: Reader) -> SystemNow:
        """What it is, and how long it runs."""
        return await asyncio.to_thread(now, parts)

    @found.post("/reboot", status_code=202, response_class=Response)
    async def reboot(who: Controller) -> Response:
        """Restart the unit. It measures again within a minute; nothing that is stored is lost, sessions end."""
        await _ended(system.ending.reboot(who.name))
        return Response(status_code=202)

    @found.get("/factory-reset")
    async def factory_reset(_reader: Reader) -> list[ResetEffect]:
        """What it would wipe, and what would stay."""
        return [ResetEffect(what=one.what, is_kept=one.is_kept, why=one.why) for one in system.reset_rows]

    @found.post("/factory-reset", status_code=202, response_class=Response)
    async def reset(owner: Owner, wanted: WantedReset) -> Response:
        """Wipe what is the owner's, and restart. For the owner in person, who types the serial."""
        serial = (await asyncio.to_thread(identity, parts)).serial
        if serial is None:
            raise RefusedError(503, "no-meter", "wanted the unit's serial to compare with, met no meter", 5.0)
        if not is_same(wanted.serial.strip().upper(), serial.upper()):
            raise RefusedError(422, "unfit", "serial: wanted that of this unit, met another one: nothing was wiped")
        await _ended(system.ending.reset(f"session {owner.source}"))
        return Response(status_code=202)

    return found


def now(parts: Parts) -> SystemNow:
    """The unit at this moment. Blocks."""
    running = parts.system.running()
    return SystemNow(
        identity=identity(parts),
        software=Software(**parts.system.software),
        boot=parts.system.boot,
        unit_up_s=running.unit_s,
        processes_up_s=dict(running.processes_s),
    )


def identity(parts: Parts) -> Identity:
    """As the meter tells it; while it is silent, what it has written down. Blocks."""
    status = parts.hub.latest("status")
    told = None if status is None else status.get("unit")
    if isinstance(told, dict):
        unit = cast("Mapping[str, object]", told)
        rated_a = unit.get("rated_current_a")
        return Identity(
            serial=_text(unit.get("serial")),
            variant=_text(unit.get("variant")),
            rated_current_a=float(rated_a) if isinstance(rated_a, int | float) else None,
            ct_set=_text(unit.get("ct_set")),
            calibration=_text(unit.get("calibration")),
        )
    try:
        card = read_card(parts.places.identity)
    except SetupError:
        card = None
    serial, variant = (None, None) if card is None else (card.serial, card.variant)
    return Identity(
        serial=serial or parts.serial or None, variant=variant, rated_current_a=None, ct_set=None, calibration=None
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


async def _ended(asked: Awaitable[None]) -> None:
    try:
        await asked
    except SetupError as why:
        raise RefusedError(503, "not-restarted", str(why)) from why
