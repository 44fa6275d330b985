"""A unit's network on a bus of its own: what an installer sees of it, and a clock that a test can turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.ampguard.network.onbus import until

from ampguard.network.accesspoint import access_point_of
from ampguard.network.join import State
from ampguard.network.network import Network, Works

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from ipaddress import IPv4Address
    from pathlib import Path

    from ampguard.network.state import NetworkState
    from ampguard_hil.networkmanager.service import FakeService

SERIAL, KEY = "2403001234567G", "0f" * 32
OWN = b"AG_234567G"


class Unit:
    """A network, what it told, and the time."""

    def __init__(self, folder: Path, fake: FakeService) -> None:
        self.ahead_s = 0.0
        self.gateways: set[str] = {"127.0.0.1"}
        self.told: list[NetworkState] = []
        works = Works(
            clock=lambda: time.monotonic() + self.ahead_s,
            ask_gateway=self._ask,
            tell=self.told.append,
            logger=logging.getLogger("network"),
            bus=fake.address,
            grace_s=0.01,
        )
        self.network = Network(folder, access_point_of(SERIAL, KEY), "ampguard-x.local", time.monotonic(), works)

    async def _ask(self, gateway: IPv4Address) -> bool:
        await asyncio.sleep(0.001)
        return str(gateway) in self.gateways

    async def ends(self) -> NetworkState:
        """When joining is over."""
        await until(lambda: self.network.state().attempt.state in {State.JOINED, State.FAILED})
        return self.network.state()


@asynccontextmanager
async def unit_of(folder: Path, fake: FakeService) -> AsyncIterator[Unit]:
    unit = Unit(folder, fake)
    task = asyncio.create_task(unit.network.run())
    try:
        yield unit
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def opened(unit: Unit) -> None:
    await until(lambda: unit.network.state().access_point_open)
