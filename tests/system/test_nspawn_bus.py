"""What the unit's services may ask of the system over its bus, in a container: of polkit, NetworkManager and RAUC."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.conventions.source import ROOT
from tests.system.container import Container, booted

from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root boots a container"),
]
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with booted(tmp_path_factory.mktemp("unit")) as found:
        yield found


POLKIT = """
import asyncio, json, os, sys
from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus
NAME = "org.freedesktop.PolicyKit1"
async def main(pid, *actions):
    bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
    who = ["unix-process", {"pidfd": Variant("h", 0), "uid": Variant("i", 885)}]
    may = []
    for action in actions:
        answer = await bus.call(Message(destination=NAME, path="/org/freedesktop/PolicyKit1/Authority",
            interface=NAME + ".Authority", member="CheckAuthorization", signature="(sa{sv})sa{ss}us",
            body=[who, action, {}, 0, ""], unix_fds=[os.pidfd_open(int(pid))]))
        may += [action] if answer.body[0][0] is True else []
    print(json.dumps(may))
asyncio.run(main(*sys.argv[1:]))
"""
REBOOT, POWER_OFF = "org.freedesktop.login1.reboot", "org.freedesktop.login1.power-off"
JOIN, ANY_UNIT = "org.freedesktop.NetworkManager.network-control", "org.freedesktop.systemd1.manage-units"

MANAGER = "org.freedesktop.NetworkManager"
NETWORK = {"network-control", "settings.modify.system", "wifi.scan", "wifi.share.protected"}


@pytest.mark.parametrize(
    ("service", "may"), [("meter", []), ("lights", [REBOOT]), ("uplink", []), ("web", [REBOOT, JOIN])]
)
def test_who_may_ask_the_system_for_what_is_told_by_the_service(unit: Container, service: str, may: list[str]) -> None:
    asking = ("/usr/lib/ampguard/bin/python", "-c", POLKIT, unit.shows(f"ampguard-{service}", "MainPID"))
    said = unit.run(*asking, REBOOT, POWER_OFF, JOIN, ANY_UNIT)
    assert json.loads(said.stdout) == may


@pytest.mark.parametrize("user", ["ampguard", "nobody"])
def test_networkmanager_lets_the_units_services_join_and_nobody_else(unit: Container, user: str) -> None:
    """It asks polkit by the number of a process, which tells polkit less than what the test above tells it."""
    asking = ("busctl", "--json=short", "call", MANAGER, f"/{MANAGER.replace('.', '/')}", MANAGER, "GetPermissions")
    said = unit.run("systemd-run", "--quiet", "--wait", "--pipe", f"--property=User={user}", *asking)
    told = json.loads(said.stdout)["data"][0]
    assert len(told) > len(NETWORK)
    may = {name.removeprefix(f"{MANAGER}.") for name, answer in told.items() if answer == "yes"}
    assert may == (NETWORK if user == "ampguard" else set())


PROFILES = """
import asyncio, dataclasses, json
from ipaddress import IPv4Address, IPv4Interface
from dbus_fast import BusType, Message
from dbus_fast.aio import MessageBus
from ampguard.network.address import FixedAddress
from ampguard.network.profile import access_point, station
from ampguard.network.target import target
NAME = "org.freedesktop.NetworkManager"
IN_MEMORY = 2
fixed = FixedAddress(IPv4Interface("10.9.0.7/24"), IPv4Address("10.9.0.1"), (IPv4Address("10.9.0.1"),))
known = target(b"Villa Sol", "sunny days", None, None)
targets = {
    "password": known,
    "none": target(b"Open", None, None, None),
    "fixed": dataclasses.replace(known, fixed=fixed),
    "sae": dataclasses.replace(known, only_sae=True),
    "owe": dataclasses.replace(known, password=None, enhanced_open=True),
}
profiles = {name: station(one, "wlan0", autoconnect=True) for name, one in targets.items()}
profiles["own"] = access_point(b"AG_234567G", "0f" * 32, "wlan0", 6)
async def main():
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    met = {}
    for name, profile in profiles.items():
        answer = await bus.call(Message(destination=NAME, path="/org/freedesktop/NetworkManager/Settings",
            interface=NAME + ".Settings", member="AddConnection2", signature="a{sa{sv}}ua{sv}",
            body=[profile, IN_MEMORY, {}]))
        met[name] = answer.signature if answer.error_name is None else answer.body[0]
        if answer.error_name is None:
            await bus.call(Message(destination=NAME, path=answer.body[0], interface=NAME + ".Settings.Connection",
                member="Delete"))
    print(json.dumps(met))
asyncio.run(main())
"""


def test_networkmanager_understands_each_profile(unit: Container) -> None:
    """The real one, which answers to a value of the wrong type that a whole group of them is missing."""
    said = unit.run("/usr/lib/ampguard/bin/python", "-c", PROFILES)
    met = json.loads(said.stdout)
    assert met == dict.fromkeys(("password", "none", "fixed", "sae", "owe", "own"), "oa{sv}")


RAUC = "de.pengutronix.rauc"
INSTALL = ("InspectBundle", "InstallBundle", "GetSlotStatus")


def test_who_may_ask_rauc_for_what_is_told_by_the_group(unit: Container) -> None:
    """Of RAUC's stand-in, which root runs: a container has no slots."""
    unit.put("/run/rauc.py", (ROOT / "hil/ampguard_hil/rauc.py").read_text())
    unit.put("/run/slots.json", '{"booted": "A", "primary": "A", "marked": [], "holds": {}}')
    bus = ("--bus", "unix:path=/run/dbus/system_bus_socket", "--slots", "/run/slots.json")
    unit.run("systemd-run", "--unit=bench-rauc", "/usr/lib/ampguard/bin/python", "/run/rauc.py", *bus)
    asking = ("busctl", "call", RAUC, "/", f"{RAUC}.Installer")
    calls = {
        "InspectBundle": ("sa{sv}", "/run/none", "0"), "InstallBundle": ("sa{sv}", "/run/none", "0"),
        "GetSlotStatus": (), "Mark": ("ss", "good", "booted"), "GetPrimary": (), "Install": ("s", "/run/none"),
    }  # fmt: skip
    try:
        assert wait_until(lambda: unit.run(*asking, "GetSlotStatus", check=False).returncode == 0, PATIENCE_S)
        for group, may in {"ampguard": (), "ampguard-install": INSTALL, "ampguard-gate": ("Mark",)}.items():
            as_service = ("--property=User=ampguard", f"--property=SupplementaryGroups={group}")
            for method, words in calls.items():
                command = ("systemd-run", "--quiet", "--wait", "--pipe", *as_service, *asking, method, *words)
                said = unit.run(*command, check=False)
                assert ("Access denied" not in said.stdout + said.stderr) == (method in may), (group, method, said)
    finally:
        unit.says("stop", "bench-rauc")
