"""A bus of its own, the bench's NetworkManager on it, and the client that is tested, for one asynchronous test."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from ampguard.network.manager import Client
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.networkmanager.service import FakeService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NEEDS_BUS = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="wants dbus-daemon (Debian: dbus-daemon)")
LONG_S = 20.0


@asynccontextmanager
async def on_bus(folder: Path, *, second: bool = False) -> AsyncIterator[FakeService]:
    """A service that was not started yet, on a bus that was."""
    bus = PrivateBus(folder)
    bus.start()
    fake = FakeService(bus.address, second_radio_interface=second)
    fake.pace_s = 0.01
    try:
        yield fake
    finally:
        await fake.stop()
        bus.stop()


@asynccontextmanager
async def client_of(fake: FakeService) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(fake.address)
    try:
        yield client
    finally:
        client.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; a test that waits in vain says so."""
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110 - what is looked at does not know that it is
            await asyncio.sleep(0.005)
