"""NetworkManager over a real message bus: what it knows, what it is asked, and what it gets wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import MessageType
from dbus_fast.message import Message
from dbus_fast.signature import Variant
from tests.ampguard.network.onbus import NEEDS_BUS, client_of, on_bus, until

from ampguard.network.air import Security
from ampguard.network.faults import ManagerAbsent, ManagerRefused, ManagerUnclear
from ampguard.network.manager import Client
from ampguard.network.numbers import DeviceState, StateReason
from ampguard.network.profile import station
from ampguard.network.target import target
from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.air import MHZ_5, Router
from ampguard_hil.networkmanager.devices import WIFI

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = NEEDS_BUS
HOME = Router(b"Home", "right password")


def test_it_tells_its_devices_and_what_is_in_the_air(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME, Router(b"caf\xe9", None, 20, MHZ_5, "02:00:00:00:02:00")]
            await fake.start()
            async with client_of(fake) as client:
                picture = await client.picture()
        assert [one.interface for one in picture.cables] == ["eth0"]
        assert [one.interface for one in picture.radios] == ["wlan0"]
        radio = picture.radios[0].radio
        assert radio is not None
        assert radio.can_be_access_point
        found = {one.ssid: one for one in radio.stations}
        assert found[b"Home"].security is Security.PERSONAL
        assert found[b"Home"].in_band
        assert found[b"caf\xe9"].security is Security.OPEN
        assert not found[b"caf\xe9"].in_band
        assert found[b"caf\xe9"].strength_percent == 20

    asyncio.run(scene())


def test_a_network_is_joined_in_memory_and_then_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with client_of(fake) as client:
                (device,) = (await client.picture()).radios
                wanted = target(b"Home", "right password", None, None)
                made = await client.try_out(station(wanted, "wlan0", autoconnect=False), device)
                await until(lambda: any(one.state is DeviceState.ACTIVATED for one in client.changes))
                (device,) = (await client.picture()).radios
                assert device.is_joined
                assert device.active == made.active
                assert device.active_uuid == wanted.uuid
                assert fake.saved() == []
                await client.keep(made.profile, station(wanted, "wlan0", autoconnect=True))
                assert fake.saved() == [b"Home"]
                (saved,) = await client.saved()
                assert (saved.ssid, saved.uuid, saved.autoconnect) == (b"Home", wanted.uuid, True)
                await client.delete(saved.path)
                await client.delete(saved.path)
                assert fake.saved() == []

    asyncio.run(scene())


def test_a_wrong_password_is_told_with_the_reason_of_the_real_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with client_of(fake) as client:
                (device,) = (await client.picture()).radios
                wanted = target(b"Home", "wrong password", None, None)
                await client.try_out(station(wanted, "wlan0", autoconnect=False), device)
                await until(lambda: any(one.state is DeviceState.FAILED for one in client.changes))
                failed = next(one for one in client.changes if one.state is DeviceState.FAILED)
                assert failed.reason is StateReason.NO_SECRETS

    asyncio.run(scene())


def test_without_a_bus_and_without_a_service_it_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        with pytest.raises(ManagerAbsent, match="message bus"):
            await Client().connect(f"unix:path={tmp_path}/nothing")
        async with on_bus(tmp_path) as fake:
            client = Client()
            with pytest.raises(ManagerAbsent, match="nobody"):
                await client.connect(fake.address)
            with pytest.raises(ManagerAbsent):
                await client.picture()
            client.close()

    asyncio.run(scene())


def test_it_notices_when_the_service_goes(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with client_of(fake) as client:
                assert client.is_up
                await fake.stop()
                await until(lambda: not client.is_up)
                with pytest.raises(ManagerAbsent):
                    await client.picture()

    asyncio.run(scene())


def test_a_refusal_is_told_with_its_name(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.refuses = {"RequestScan"}
            await fake.start()
            async with client_of(fake) as client:
                (device,) = (await client.picture()).radios
                with pytest.raises(ManagerRefused, match="Not authorized") as met:
                    await client.scan(device)
                assert met.value.name == names.PERMISSION_DENIED

    asyncio.run(scene())


LIES = [
    (names.DEVICE, "State", Variant("s", "up")),
    (names.DEVICE, "State", Variant("b", True)),  # noqa: FBT003 - a value on the bus
    (names.DEVICE, "Interface", Variant("u", 7)),
    (names.DEVICE, "ActiveConnection", Variant("i", 0)),
    (names.WIRELESS, "AccessPoints", Variant("s", "none")),
    (names.WIRELESS, "AccessPoints", Variant("au", [1])),
    (names.WIRELESS, "LastScan", Variant("d", 0.5)),
    (names.WIRELESS, "Mode", Variant("s", "infra")),
]


@pytest.mark.parametrize(("interface", "name", "value"), LIES)
def test_a_value_of_another_type_than_promised_is_a_fault_that_names_it(
    tmp_path: Path, interface: str, name: str, value: Variant
) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            fake.tree.lie(WIFI, interface, name, value)
            async with client_of(fake) as client:
                with pytest.raises(ManagerUnclear, match=name):
                    await client.picture()

    asyncio.run(scene())


def test_signals_that_somebody_else_sends_are_not_heard(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with client_of(fake) as client:
                impostor = await MessageBus(bus_address=fake.address).connect()
                assert client._bus is not None
                # sent to the client itself: no rule of the bus keeps it away
                forged = Message(
                    message_type=MessageType.SIGNAL,
                    destination=client._bus._bus.unique_name,
                    path=WIFI,
                    interface=names.DEVICE,
                    member="StateChanged",
                    signature="uuu",
                    body=[120, 50, 7],
                )
                await impostor.send(forged)
                await asyncio.sleep(0.1)
                await client.picture()
                assert list(client.changes) == []
                impostor.disconnect()

    asyncio.run(scene())
