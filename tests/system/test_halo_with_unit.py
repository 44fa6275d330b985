"""The Halo of the bench at the unit's own central system, in real time: it boots, charges, is limited and let go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.ocpp.configuration import Charger, Configuration, Door
from ampguard_hil.halo.car import Behaviour, Car
from ampguard_hil.halo.halo import OLD_FIRMWARE, Halo
from ampguard_hil.halo.session import Credentials, stay_connected
from ampguard_hil.halo.variant import Variant
from ampguard_hil.ports import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SERIAL = "2611000001M"
CAR = Behaviour(start_s=0.2, increase_delay_s=0.2, increase_a_per_s=20.0, below_offer_a=0.0, decrease_delay_s=0.3)
pytestmark = pytest.mark.system


async def live(charger: Halo) -> None:
    """In real time, after its self-test."""
    charger.advance(5.0)
    begin_s = time.monotonic()
    while True:
        charger.advance(5.0 + time.monotonic() - begin_s)
        await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not holds():  # noqa: ASYNC110 - nobody there to set an event
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def there(central: CentralSystem, firmware: str) -> AsyncIterator[Halo]:
    """A Halo that is connected, in real time."""
    halo = Halo(
        Variant(serial=SERIAL, firmware=firmware),
        datetime.now(UTC),
        backend=f"ws://{HOST}:{central.ports[0]}",
        plugged_ethernet=True,
        refused=OLD_FIRMWARE if firmware == "169" else None,
    )
    tasks = [asyncio.create_task(job) for job in (live(halo), stay_connected(halo, Credentials()))]
    try:
        await until(lambda: halo.configuration.offline_a == 6.0)
        yield halo
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def unit(folder: Path) -> CentralSystem:
    charger = Charger(id=SERIAL, max_a=16.0, offline_a=6.0)
    setup = Configuration(doors=(Door(HOST, 0),), chargers=(charger,), nominal_v=230.0, is_free=True)
    return CentralSystem(setup, folder, logging.getLogger("unit"))


@pytest.mark.parametrize("firmware", ["180", "169"])
def test_before_somebody_says_how_much_a_car_charges_with_the_safe_current(firmware: str, tmp_path: Path) -> None:
    """Firmware 169 takes no safe current beforehand: its first TxProfile must come with the transaction."""

    async def story() -> None:
        central = unit(tmp_path)
        async with central.running(), there(central, firmware) as halo:
            halo.connector.car = Car(CAR)
            await until(lambda: central.reports()[SERIAL].wants is True)
            await until(lambda: halo.allowed()[0].current_a == 6.0)
            await until(lambda: halo.connector.currents_a == pytest.approx((6.0,) * 3))
            await asyncio.sleep(2.0)
            assert halo.connector.currents_a == pytest.approx((6.0,) * 3)

    asyncio.run(story())


@pytest.mark.parametrize("firmware", ["180", "169"])
def test_a_halo_boots_charges_is_limited_and_falls_back_by_itself(firmware: str, tmp_path: Path) -> None:
    async def story() -> None:
        central = unit(tmp_path)
        async with central.running(), there(central, firmware) as halo:
            halo.connector.car = Car(CAR)
            await until(lambda: central.reports()[SERIAL].wants is True)
            central.set_limit(SERIAL, 10.0, 3.0)
            await until(lambda: halo.connector.currents_a == pytest.approx((10.0,) * 3))
            assert central.reports()[SERIAL].is_confirmed
            await until(lambda: halo.connector.currents_a == pytest.approx((6.0,) * 3))
            central.set_limit(SERIAL, 0.0, 30.0)
            await until(lambda: halo.connector.currents_a == (0.0, 0.0, 0.0))

    asyncio.run(story())
