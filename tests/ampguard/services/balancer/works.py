"""The balancer's process in this one: with a meter that is made up, and whoever listens to its feed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.ampguard.balancing.ocpp.charger import Charger, connected
from tests.ampguard.services.balancer.made import WINDOW_S, window

from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.readings import as_json
from ampguard.services.balancer.process import BalancerProcess
from ampguard.settings.places import Places

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from ampguard.readings import Json

LOG = logging.getLogger("ampguard-balancer")
SETTINGS = "main_fuse_a = 25.0\nnominal_voltage_v = 230.0\n"
PATIENCE_S = 20.0


@dataclass
class Meter:
    """Tells a window as often as a real one; `current_a` may change."""

    places: Places
    base_a: tuple[float, float, float] = (2.0, 2.0, 2.0)
    drawn_a: dict[str, float] = field(default_factory=dict[str, float])
    """By each charger, on all phases."""
    start_s: float = 0.0
    end_s: float = 0.0
    """Of its latest window."""
    is_clipped: bool = False

    async def run(self) -> None:
        feed = Publisher(self.places.live_feed)
        try:
            begin_s = time.monotonic()
            for number in range(10**6):
                await asyncio.sleep(max(0.0, begin_s + (number + 1) * WINDOW_S - time.monotonic()))
                one_a, other_a, third_a = (abs(base_a) + sum(self.drawn_a.values()) for base_a in self.base_a)
                at_s = self.start_s + number * WINDOW_S
                self.end_s = at_s + WINDOW_S
                told = window(at_s, (one_a, other_a, third_a), is_clipped=self.is_clipped)
                feed.publish("measurement", as_json(told))
        finally:
            feed.close()


@dataclass
class Works:
    """The process at work."""

    places: Places
    meter: Meter
    states: list[dict[str, Json]] = field(default_factory=list)
    changes: list[dict[str, Json]] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    exit_code: int | None = None
    measuring: asyncio.Task[None] | None = None

    @property
    def state(self) -> dict[str, Any]:
        """The latest."""
        return self.states[-1] if self.states else {}

    def charger(self, number: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.state["chargers"][number - 1]
        return found

    async def until(self, what: Callable[[], object], within_s: float = PATIENCE_S) -> None:
        """Until it is so, by what is told from now on."""
        async with asyncio.timeout(within_s):
            while not (self.states and what()):  # noqa: ASYNC110 - whatever it is, it has no event
                await asyncio.sleep(0.01)

    async def start_meter(self, start_s: float = 0.0) -> None:
        """It is there, with a stream that begins then."""
        self.meter.start_s = start_s
        self.measuring = asyncio.create_task(self.meter.run())

    async def stop_meter(self) -> None:
        """It is gone."""
        if self.measuring is not None:
            self.measuring.cancel()
            await asyncio.gather(self.measuring, return_exceptions=True)

    async def listen(self) -> None:
        async for message in Subscriber(self.places.balancer_feed).messages():
            if message is not None:
                (self.states if message.kind == "balance" else self.changes).append(message.body)

    async def take_notes(self, told: socket.socket) -> None:
        while True:
            self.notified.append((await asyncio.get_running_loop().sock_recv(told, 100)).decode())

    def set_up(self, text: str) -> None:
        """The owner writes the group's file."""
        self.places.group.write_text(text)


def run(story: Callable[[], Coroutine[Any, Any, None]], within_s: float = 110.0) -> None:
    """To its end."""

    async def told() -> None:
        async with asyncio.timeout(within_s):
            await story()

    asyncio.run(told())


@contextlib.asynccontextmanager
async def works(folder: Path, text: str | None = None, settings: str = SETTINGS) -> AsyncIterator[Works]:
    """A process that balances; at the end it is asked to stop, and must."""
    places = Places(folder, folder, None)
    places.settings.write_text(settings)
    if text is not None:
        places.group.write_text(text)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    (folder / "notify.sock").unlink(missing_ok=True)
    told.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    told.bind(str(folder / "notify.sock"))
    os.environ["NOTIFY_SOCKET"] = str(folder / "notify.sock")
    at_work = Works(places, Meter(places))
    try:
        await at_work.start_meter()
        running = asyncio.create_task(BalancerProcess(places, LOG).run())
        beside = [asyncio.create_task(at_work.listen()), asyncio.create_task(at_work.take_notes(told))]
        try:
            yield at_work
        finally:
            await asyncio.sleep(0.05)
            if not running.done():
                os.kill(os.getpid(), signal.SIGTERM)
            at_work.exit_code = await running
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await at_work.stop_meter()
    finally:
        del os.environ["NOTIFY_SOCKET"]
        told.close()


@contextlib.asynccontextmanager
async def charging(unit: Works, port: int, name: str = "CP1", current_a: float = 0.0) -> AsyncIterator[Charger]:
    """A car that charges there, and draws what its charger holds, or less."""
    while not is_open(port):  # noqa: ASYNC110 - nobody says when it opens
        await asyncio.sleep(0.02)
    async with connected(port, name) as one:
        await one.boot()
        await one.begin()
        leaves = asyncio.Event()
        drawing = asyncio.create_task(_draw(unit, one, current_a, leaves))
        try:
            yield one
        finally:
            leaves.set()  # no cancel: before Python 3.12 `wait_for` loses one that arrives together with its answer
            await asyncio.gather(drawing, return_exceptions=True)
            unit.meter.drawn_a.pop(name, None)


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


async def _draw(unit: Works, one: Charger, most_a: float, leaves: asyncio.Event) -> None:
    while not leaves.is_set():
        current_a = unit.meter.drawn_a[str(one.id)] = min(most_a, one.holds_a())
        await one.measure(current_a, current_a, current_a)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await leaves.wait()
