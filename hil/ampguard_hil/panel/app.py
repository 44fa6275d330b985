"""The bench panel as an application: `python -m ampguard_hil.panel --board SOCKET --port N`.

It stands for what is around a unit and is no part of it: it needs no PIN, listens on this machine only, and knows the
simulated board alone.
"""

from __future__ import annotations

import contextlib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_drivers.simulated.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

_HEADERS = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'", "Cache-Control": "no-store"}


class Story(BaseModel):
    """A scenario."""

    name: str
    story: str


class Shown(BaseModel):
    """What the board shows, and what is done to it."""

    scenario: str
    elapsed_s: float
    lit: list[str]
    button: Literal["pressed", "released"]
    heaters_w: list[float]
    faults: list[str]


class Play(BaseModel):
    """Another scenario from now on."""

    scenario: str


class Finger(BaseModel):
    """On the button."""

    pressed: bool


class Heater(BaseModel):
    """On a phase: 0, 1, 2 for L1, L2, L3."""

    phase: int = Field(ge=0, le=2)
    power_w: float = Field(ge=0.0, le=20_000.0)


def by_this_page(x_bench_panel: Annotated[str | None, Header()] = None) -> None:
    """No page of another origin can add a header without asking: it cannot press our button."""
    if x_bench_panel is None:
        raise HTTPException(403, "wanted the header X-Bench-Panel")


def application(board: Path) -> FastAPI:
    """Of the board behind that socket."""
    app = FastAPI(title="Bench panel", docs_url=None, redoc_url=None)
    room = files("ampguard_hil.panel") / "static"

    @app.exception_handler(BusFault)
    @app.exception_handler(ValueError)
    async def refused(_request: Request, why: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(why)}, 422)

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(str(room / "panel.html"), headers=_HEADERS)

    @app.get("/scenarios")
    def scenarios() -> list[Story]:
        return [Story(name=name, story=SCENARIOS[name]().story) for name in sorted(SCENARIOS)]

    @app.get("/state")
    def state() -> Shown:
        return _done(board, lambda _: None)

    app.include_router(_acts(board))
    app.mount("/static", StaticFiles(directory=str(room)), name="static")
    return app


def _acts(board: Path) -> APIRouter:
    """What can be done to it."""
    acts = APIRouter(dependencies=[Depends(by_this_page)])

    @acts.post("/scenario")
    def play(wanted: Play) -> Shown:
        return _done(board, lambda at: at.switch(wanted.scenario))

    @acts.post("/button")
    def press(finger: Finger) -> Shown:
        return _done(board, BenchPanel.press_button if finger.pressed else BenchPanel.release_button)

    @acts.post("/heater")
    def heat(heater: Heater) -> Shown:
        return _done(board, lambda at: at.heat(heater.phase, heater.power_w))

    return acts


def _done(board: Path, act: Callable[[BenchPanel], None]) -> Shown:
    """Do it, and say what shows then."""
    with contextlib.closing(BenchPanel(board)) as at:
        act(at)
        return Shown.model_validate(at.observe())
