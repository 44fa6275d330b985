"""What the unit's processes write of themselves: the last lines, to look at or to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from ampguard.errors import SetupError
from ampguard.web.access.guard import Controller
from ampguard.web.downloads import download, safe
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.system import Level, Line
from ampguard.web.turns import Turns

if TYPE_CHECKING:
    from ampguard.web.parts import Parts

MOST = 2000
Process: TypeAlias = Literal["meter", "lights", "uplink", "balancer", "web"]
Lines: TypeAlias = Annotated[int, Query(ge=1, le=MOST, description="How many lines at most.")]
Least: TypeAlias = Annotated[Level, Query(description="What matters less is left out.")]


class LogLine(BaseModel):
    """One line."""

    utc: str | None
    """Null where nobody noted it."""
    level: Level
    text: str


def router(parts: Parts) -> APIRouter:
    """Of the logs. For whoever may control: they tell more than readings do."""
    found = APIRouter(
        prefix="/api/v1/logs", tags=["system"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    turns = Turns(at_once=1, waiting=6, what="a log")  # each question is a process of its own

    @found.get("/{process}")
    async def look(_who: Controller, process: Process, level: Least = Level.INFO, lines: Lines = 200) -> list[LogLine]:
        """The last lines of a process, the oldest first."""
        async with turns.one():
            told = await last(parts, process, level, lines)
        return [LogLine(utc=one.utc, level=one.level, text=one.text) for one in told]

    @found.get("/{process}/text", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def text(_who: Controller, process: Process, level: Least = Level.DEBUG, lines: Lines = MOST) -> Response:
        """The same as a file."""
        async with turns.one():
            told = await last(parts, process, level, lines)
        name = f"ampguard-{process}-{safe(parts.serial)}.txt"
        return download(as_text(told).encode(errors="replace"), "text/plain; charset=utf-8", name)

    return found


async def last(parts: Parts, process: str, level: Level, most: int) -> tuple[Line, ...]:
    """The lines. Raises RefusedError."""
    try:
        return await parts.system.logs.last(process, level, most)
    except SetupError as why:
        raise RefusedError(503, "no-log", str(why)) from why


def as_text(lines: tuple[Line, ...]) -> str:
    """For people."""
    return "".join(f"{one.utc or '-'} {one.level} {one.text}\n" for one in lines)
