"""What the network outlives: a bus that dies, a service that lies or comes late, a process that is started again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from dbus_fast.signature import Variant
from tests.ampguard.network.onbus import NEEDS_BUS, on_bus, until
from tests.ampguard.network.unit import OWN, opened, unit_of

from ampguard.network.faults import ManagerAbsent
from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.air import Router
from ampguard_hil.networkmanager.devices import WIFI
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.networkmanager.service import FakeService

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = NEEDS_BUS
HOME = Router(b"Home", "right password")


def test_the_bus_dies_and_comes_back(tmp_path: Path) -> None:
    async def scene() -> None:
        bus = PrivateBus(tmp_path)
        bus.start()
        fake = FakeService(bus.address)
        await fake.start()
        async with unit_of(tmp_path, fake) as unit:
            await opened(unit)
            bus.stop()
            await until(lambda: not unit.network.state().manager)
            with pytest.raises(ManagerAbsent, match="network service does not answer"):
                await unit.network.scan()
            await fake.stop()
            (tmp_path / "bus.sock").unlink(missing_ok=True)
            bus.start()
            await fake.start()
            await opened(unit)
            assert fake.in_use() == OWN
        await fake.stop()
        bus.stop()

    asyncio.run(scene())


def test_a_service_that_comes_late_is_waited_for_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "network")

    async def scene() -> None:
        async with on_bus(tmp_path) as fake, unit_of(tmp_path, fake) as unit:
            await asyncio.sleep(2.5)
            assert not unit.network.state().manager
            assert not unit.network.state().connected
            await fake.start()
            await opened(unit)

    asyncio.run(scene())
    assert [one.getMessage() for one in caplog.records if "nobody" in one.getMessage()] == [
        "network: wanted NetworkManager on the bus, met nobody"
    ]


def test_a_lie_is_told_and_when_it_ends_all_is_well(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                fake.tree.lie(WIFI, names.DEVICE, "Interface", Variant("u", 7))
                await until(lambda: not unit.network.state().manager)
                fake.tree.lie(WIFI, names.DEVICE, "Interface", Variant("s", "wlan0"))
                await opened(unit)

    asyncio.run(scene())
    assert "Interface: wanted str, met int" in caplog.text


def test_a_process_that_is_started_again_closes_nothing_on_whoever_uses_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
            fake.asked.clear()
            async with unit_of(tmp_path, fake) as unit:
                # long after power-on: the button had opened it
                unit.network.close_access_point()
                await opened(unit)
                await asyncio.sleep(1.2)
                assert fake.in_use() == OWN
                assert "DeactivateConnection" not in fake.asked
                unit.ahead_s += 301.0
                await until(lambda: fake.in_use() is None)

    asyncio.run(scene())


def test_power_comes_back_to_a_unit_that_knows_a_network(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
            await fake.stop()
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                # as the manual has it: first its own access point, then the network
                await opened(unit)
                assert fake.saved() == [b"Home"]
                unit.ahead_s += 601.0
                await until(lambda: unit.network.state().connected)
                assert fake.in_use() == b"Home"

    asyncio.run(scene())


def test_a_network_that_goes_is_joined_again_when_it_is_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                await until(lambda: unit.network.state().connected)
                fake.air = []
                fake.refresh()
                await until(lambda: not unit.network.state().connected)
                fake.air = [HOME]
                # NetworkManager has given up by itself: the unit has not
                await asyncio.sleep(1.2)
                unit.ahead_s += 61.0
                await until(lambda: unit.network.state().connected)

    asyncio.run(scene())
