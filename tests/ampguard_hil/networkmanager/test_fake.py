"""The bench's NetworkManager: as a process, its numbers beside the client's, its names beside python-dbusmock's."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.ampguard.network.onbus import NEEDS_BUS, client_of, on_bus, until

from ampguard.network import numbers
from ampguard.network.manager import Client
from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.air import Router, Trouble
from ampguard_hil.networkmanager.control import change, offer, routers, written
from ampguard_hil.networkmanager.privatebus import PrivateBus

ITS_NAMES = {
    "UNAVAILABLE": numbers.DeviceState.UNAVAILABLE,
    "DISCONNECTED": numbers.DeviceState.DISCONNECTED,
    "NEED_AUTH": numbers.DeviceState.NEED_AUTH,
    "IP_CONFIG": numbers.DeviceState.IP_CONFIG,
    "ACTIVATED": numbers.DeviceState.ACTIVATED,
    "DEACTIVATING": numbers.DeviceState.DEACTIVATING,
    "FAILED": numbers.DeviceState.FAILED,
    "NO_SECRETS": numbers.StateReason.NO_SECRETS,
    "SUPPLICANT_DISCONNECT": numbers.StateReason.SUPPLICANT_DISCONNECT,
    "SUPPLICANT_TIMEOUT": numbers.StateReason.SUPPLICANT_TIMEOUT,
    "ADDRESS_UNAVAILABLE": numbers.StateReason.IP_CONFIG_UNAVAILABLE,
    "SSID_NOT_FOUND": numbers.StateReason.SSID_NOT_FOUND,
    "ADDRESS_DUPLICATE": numbers.StateReason.IP_ADDRESS_DUPLICATE,
    "NEW_ACTIVATION": numbers.StateReason.NEW_ACTIVATION,
    "USER_REQUESTED": numbers.StateReason.USER_REQUESTED,
    "WIFI_TYPE": numbers.DeviceKind.WIFI,
    "ETHERNET_TYPE": numbers.DeviceKind.ETHERNET,
    "AS_ACCESS_POINT": numbers.WifiMode.ACCESS_POINT,
    "PSK": numbers.KeyManagement.PSK,
    "SAE": numbers.KeyManagement.SAE,
}


@pytest.mark.parametrize("name", ITS_NAMES)
def test_client_and_fake_were_written_apart_and_agree(name: str) -> None:
    assert getattr(names, name) == ITS_NAMES[name]


def test_the_air_is_the_same_after_a_journey_as_text() -> None:
    air = [Router(b"\xff\x00", None, 3), Router(b"Home", "right password", trouble=Trouble.MUTE, taken=("10.0.0.1",))]
    assert routers(written(air)) == air


@NEEDS_BUS
def test_the_air_is_changed_over_the_bus(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            offer(fake)
            await change(fake.address, air=[Router(b"Home")], plugged=True)
            async with client_of(fake) as client:
                picture = await client.picture()
                radio = picture.radios[0].radio
                assert radio is not None
                assert [one.ssid for one in radio.stations] == [b"Home"]
                await until(lambda: any(one.device.endswith("/1") and one.state == 100 for one in client.changes))

    asyncio.run(scene())


@NEEDS_BUS
def test_who_is_thrown_off_is_told_with_the_reason_of_the_real_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [Router(b"Home", "right password")]
            await fake.start()
            async with client_of(fake) as client:
                from ampguard.network.profile import station  # noqa: PLC0415 - only here
                from ampguard.network.target import target  # noqa: PLC0415 - likewise

                (device,) = (await client.picture()).radios
                wanted = target(b"Home", "right password", None, None)
                await client.try_out(station(wanted, "wlan0", autoconnect=False), device)
                await until(lambda: fake.in_use() == b"Home")
                fake.air = []
                fake.refresh()
                await until(lambda: any((one.state, one.reason) == (120, 53) for one in client.changes))

    asyncio.run(scene())


@NEEDS_BUS
def test_as_a_process_it_says_that_it_is_ready_and_ends_when_it_is_told(tmp_path: Path) -> None:
    bus = PrivateBus(tmp_path)
    bus.start()
    command = [sys.executable, "-m", "ampguard_hil.networkmanager", "--bus", bus.address, "--cable", "--pace", "0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

        async def scene() -> list[str]:
            client = Client()
            await client.connect(bus.address)
            picture = await client.picture()
            client.close()
            return [one.interface for one in picture.devices]

        assert asyncio.run(scene()) == ["eth0", "wlan0"]
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
        bus.stop()


def _template() -> Path | None:
    """python-dbusmock's, a system package: its Python need not be ours."""
    spec = importlib.util.find_spec("dbusmock")
    places = [Path("/usr/lib/python3/dist-packages/dbusmock")]
    if spec is not None and spec.origin is not None:
        places.insert(0, Path(spec.origin).parent)
    found = [place / "templates/networkmanager.py" for place in places]
    return next((one for one in found if one.exists()), None)


@pytest.mark.skipif(_template() is None, reason="wants python-dbusmock (Debian: python3-dbusmock)")
def test_interfaces_and_properties_are_those_that_dbusmock_knows_too() -> None:
    template = _template()
    assert template is not None
    text = template.read_text()
    interfaces = set(re.findall(r'["\'](org\.freedesktop\.NetworkManager(?:\.[A-Za-z0-9.]+)?)["\']', text))
    assert interfaces & names.PROPERTIES.keys() >= {names.NAME, names.DEVICE, names.ACCESS_POINT, names.ACTIVE}
    for interface, wanted in {
        names.DEVICE: ("State", "DeviceType", "Interface", "ActiveConnection"),
        names.WIRELESS: ("AccessPoints", "HwAddress", "Mode", "WirelessCapabilities"),
        names.ACCESS_POINT: ("Ssid", "Strength", "Frequency", "RsnFlags", "WpaFlags", "Flags"),
    }.items():
        for name in wanted:
            assert name in names.PROPERTIES[interface]
            assert re.search(rf'["\']{name}["\']', text), name
