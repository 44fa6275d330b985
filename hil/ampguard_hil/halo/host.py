"""Some Halos in one process and in real time: their sessions, their pages, and their current in the board's supply."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from ampguard_hil.halo.cable import RIGHT, Cable, Rotation, on_phases, together
from ampguard_hil.halo.car import Car
from ampguard_hil.halo.session import Credentials, stay_connected
from ampguard_hil.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence

    from fastapi import FastAPI

    from ampguard_hil.halo.capi_cloud import CapiCloud
    from ampguard_hil.halo.car import Behaviour
    from ampguard_hil.halo.halo import Halo

TICK_S = 0.1
SAID_AGAIN_S = 1.0
"""What is drawn is said when it has changed, and again after so long."""


@dataclass(frozen=True, slots=True)
class Place:
    """A Halo as it is installed, and the car that comes to it."""

    halo: Halo
    rotation: Rotation = RIGHT
    car: Behaviour | None = None
    arrives_s: float = 0.0
    credentials: Credentials | None = None
    """None: it does not speak OCPP."""


class Host:
    """Runs them until its task is cancelled."""

    def __init__(
        self,
        places: Sequence[Place],
        cable: Cable | None,
        pages: Sequence[tuple[int, FastAPI]],
        cloud: CapiCloud | None = None,
    ) -> None:
        """`pages`: at which ports of this machine which application is served; `cloud`: of Halos that speak CAPI."""
        self._cloud = cloud
        self._places = list(places)
        self._cable = cable
        self._pages = list(pages)
        self._to_come = sorted((place for place in places if place.car is not None), key=lambda place: place.arrives_s)
        self._said_s = -SAID_AGAIN_S
        self._said = (0.0, 0.0, 0.0)

    async def run(self) -> None:
        """All of it."""
        jobs: list[Coroutine[None, None, None]] = [self._live()]
        jobs += [stay_connected(one.halo, one.credentials) for one in self._places if one.credentials is not None]
        servers = [_Server(port, page) for port, page in self._pages]
        serving = [asyncio.create_task(server.serve()) for server in servers]
        living = [asyncio.create_task(job) for job in jobs]
        try:
            done, _ = await asyncio.wait([*living, *serving], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for server in servers:
                server.should_exit = True
            for task in living:
                task.cancel()
            await asyncio.gather(*living, *serving, return_exceptions=True)
            if self._cable is not None:
                await self._cable.draw((0.0, 0.0, 0.0))
                self._cable.close()

    async def _live(self) -> None:
        begin_s = time.monotonic()
        while True:
            now_s = time.monotonic() - begin_s
            self.step(now_s)
            await self._draw(now_s)
            await asyncio.sleep(max(0.0, now_s + TICK_S - (time.monotonic() - begin_s)))

    def step(self, now_s: float) -> None:
        """Let the time of all of them pass until then; cars arrive."""
        while self._to_come and self._to_come[0].arrives_s <= now_s:
            place = self._to_come.pop(0)
            if place.car is not None:
                place.halo.connector.car = Car(place.car)
        for place in self._places:
            place.halo.advance(now_s)
        if self._cloud is not None:
            self._cloud.live()

    @property
    def current_a(self) -> tuple[float, float, float]:
        """What the building's phases carry for all of them."""
        return together(on_phases(place.halo.connector.currents_a, place.rotation) for place in self._places)

    async def _draw(self, now_s: float) -> None:
        if self._cable is None:
            return
        current_a = self.current_a
        if current_a != self._said or now_s - self._said_s >= SAID_AGAIN_S:
            self._said, self._said_s = current_a, now_s
            await self._cable.draw(current_a)


class _Server(uvicorn.Server):
    """Signals are the process's own business."""

    def __init__(self, port: int, page: FastAPI) -> None:
        quiet = uvicorn.Config(page, host=HOST, port=port, log_level="warning", access_log=False, ws="none")
        quiet.lifespan, quiet.timeout_graceful_shutdown = "off", 1
        super().__init__(quiet)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """None of them."""
        yield


def run(host: Host, stop: Callable[[asyncio.Task[None]], None]) -> None:
    """Until `stop` has its task cancelled."""

    async def whole() -> None:
        task = asyncio.ensure_future(host.run())
        stop(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(whole())
