"""NetworkManager as a D-Bus service without hardware: it does what the real one does, at a pace of its own.

Sequences of states and reasons are those of the real one's `nm-device-wifi.c` and `nm-device.c`: a wrong key ends in
NEED_AUTH and then, nobody being there to ask, in FAILED for NO_SECRETS; a silent DHCP in FAILED for
IP_CONFIG_UNAVAILABLE; in access-point mode nothing is scanned and the list of stations is empty.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, cast

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.errors import DBusError
from dbus_fast.signature import Variant

from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.devices import CABLE, WIFI, Devices
from ampguard_hil.networkmanager.profiles import Profile
from ampguard_hil.networkmanager.tree import Method, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.networkmanager.air import Router
    from ampguard_hil.networkmanager.profiles import Settings

_PROFILE = "a{sa{sv}}"


class FakeService:
    """The service. What is in the air, and what it refuses, may be changed at any time."""

    def __init__(self, address: str, *, second_radio_interface: bool = False) -> None:
        self.air: list[Router] = []
        """After a change: `refresh`, or wait for a scan."""
        self.refuses: set[str] = set()
        """Methods that polkit does not allow."""
        self.asked: list[str] = []
        """Methods that were called, oldest first."""
        self.profiles: dict[str, Profile] = {}
        self.pace_s = 0.02
        """What each step of a device takes."""
        self.hears_upper_band = True
        self.address = address
        """Of the bus."""
        self._second = second_radio_interface
        self._plugged = False
        self._number = 0
        self._bus: MessageBus | None = None
        self._tree: Tree | None = None
        self._devices: Devices | None = None

    @property
    def tree(self) -> Tree:
        """Its objects. Raises RuntimeError where it was not started."""
        if self._tree is None:
            raise RuntimeError("wanted a service that was started")
        return self._tree

    @property
    def devices(self) -> Devices:
        """Its devices. Raises RuntimeError where it was not started."""
        if self._devices is None:
            raise RuntimeError("wanted a service that was started")
        return self._devices

    async def start(self) -> None:
        """Take the name on the bus, and do what it does when it starts."""
        self._bus = await MessageBus(bus_address=self.address).connect()
        self._tree = Tree(self._bus, names.OBJECT_MANAGER)
        self._devices = Devices(self._tree, lambda: self.air, second_radio_interface=self._second)
        self._devices.pace_s, self._devices.hears_upper_band = self.pace_s, self.hears_upper_band
        self._devices.settled = self._connect_by_itself
        self._offer()
        self._build()
        await self._bus.request_name(names.NAME)
        self.refresh()
        self._connect_by_itself(WIFI)
        if self._plugged:
            self.plug(plugged=True)

    async def stop(self) -> None:
        """End: profiles in memory are gone with it, those on disk are not."""
        if self._bus is None:
            return
        await self.devices.stop()
        self.profiles = {path: one for path, one in self.profiles.items() if one.persist == "disk"}
        self._bus.disconnect()
        with contextlib.suppress(OSError, EOFError):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # the library's gap
        self._bus = None

    def plug(self, *, plugged: bool) -> None:
        """Put the cable in, or pull it out."""
        self._plugged = plugged
        self.tree.set(CABLE, names.WIRED, {"Carrier": plugged})
        active = self.devices.on(CABLE)
        if plugged and active is None:
            self.devices.go(CABLE, names.DISCONNECTED, names.CARRIER)
            self.devices.begin(self._wired(), CABLE)
        elif not plugged and active is not None:
            self.devices.end(active, names.UNAVAILABLE, names.CARRIER, settle=False)

    def refresh(self) -> None:
        """The radio looks around now. Who is associated with what has gone is thrown off."""
        for device in self.devices.radios:
            self.devices.look(device)
            active = self.devices.on(device)
            joined = active is not None and active.done and not active.profile.makes_access_point
            if active is not None and joined and self.devices.router(active.profile) is None:
                self.devices.fail(active, names.SSID_NOT_FOUND)

    def saved(self) -> list[bytes]:
        """Names of the Wi-Fi networks on disk."""
        return [one.ssid for one in self.profiles.values() if one.ssid is not None and one.persist == "disk"]

    def in_use(self, device: str = WIFI) -> bytes | None:
        """Name of the network that a radio is in, or makes; None: none."""
        active = self.devices.on(device)
        return active.profile.ssid if active is not None and active.done else None

    def _build(self) -> None:
        self.tree.put(names.ROOT, names.NAME, names.PROPERTIES[names.NAME], {
            "Devices": self.devices.paths, "AllDevices": self.devices.paths, "NetworkingEnabled": True,
            "WirelessEnabled": True, "WirelessHardwareEnabled": True, "ActiveConnections": [],
            "PrimaryConnection": "/", "PrimaryConnectionType": "", "Startup": False, "Version": "1.42.4",
            "State": 20, "Connectivity": 1,
        })  # fmt: skip
        self.tree.put(
            names.SETTINGS_PATH,
            names.SETTINGS,
            names.PROPERTIES[names.SETTINGS],
            {"Connections": list(self.profiles), "Hostname": "", "CanModify": True},
        )
        self.devices.build()
        for profile in self.profiles.values():
            self._show(profile)

    def _offer(self) -> None:
        offer, does = self.tree.offer, self._does
        offer(names.NAME, {
            "ActivateConnection": does("ActivateConnection", "ooo", "o", self._activate),
            "AddAndActivateConnection2": does(
                "AddAndActivateConnection2", f"{_PROFILE}ooa{{sv}}", "ooa{sv}", self._add_and_activate
            ),
            "DeactivateConnection": does("DeactivateConnection", "o", "", self._deactivate),
        })  # fmt: skip
        offer(names.WIRELESS, {"RequestScan": does("RequestScan", "a{sv}", "", self._scan)})
        offer(names.SETTINGS, {
            "ListConnections": does("ListConnections", "", "ao", lambda _path, _body: [list(self.profiles)]),
        })  # fmt: skip
        offer(names.CONNECTION, {
            "GetSettings": does("GetSettings", "", _PROFILE, lambda path, _: [self.profiles[path].without_secrets()]),
            "Update2": does("Update2", f"{_PROFILE}ua{{sv}}", "a{sv}", self._update),
            "Delete": does("Delete", "", "", self._delete),
        })  # fmt: skip

    def _does(
        self, member: str, takes: str, gives: str, perform: Callable[[str, list[object]], list[object]]
    ) -> Method:
        def asked(path: str, body: list[object]) -> list[object]:
            self.asked.append(member)
            if member in self.refuses:
                raise DBusError(names.PERMISSION_DENIED, "Not authorized to control networking.")
            return perform(path, body)

        return Method(takes, gives, asked)

    def _activate(self, _path: str, body: list[object]) -> list[object]:
        path, device = str(body[0]), str(body[1])
        if path not in self.profiles:
            raise DBusError(names.UNKNOWN_CONNECTION, "Connection could not be found")
        self.profiles[path].blocked = False
        return [self.devices.begin(self.profiles[path], self._device(device))]

    def _add_and_activate(self, _path: str, body: list[object]) -> list[object]:
        settings, options = cast("Settings", body[0]), cast("dict[str, Variant]", body[3])
        device = self._device(str(body[1]))
        persist = str(options["persist"].value) if "persist" in options else "disk"
        profile = self._add(settings, persist)
        return [profile.path, self.devices.begin(profile, device), {}]

    def _deactivate(self, _path: str, body: list[object]) -> list[object]:
        active = self.devices.active(str(body[0]))
        if active is None:
            raise DBusError(names.NOT_ACTIVE, "The connection was not active.")
        active.profile.blocked = True
        self.devices.end(active, names.DISCONNECTED, names.USER_REQUESTED)
        return []

    def _scan(self, path: str, _body: list[object]) -> list[object]:
        if self.devices.state(path) < names.DISCONNECTED:
            raise DBusError(names.NOT_ALLOWED, "Scanning not allowed while unavailable")
        # asked of an access point, it waits until that is closed
        if self.tree.get(path, names.WIRELESS, "Mode") != names.AS_ACCESS_POINT:
            self.devices.look(path)
        return []

    def _update(self, path: str, body: list[object]) -> list[object]:
        profile = self.profiles[path]
        profile.settings = _checked(cast("Settings", body[0]))
        if int(str(body[1])) & 1:
            profile.persist = "disk"
        self.tree.set(path, names.CONNECTION, {"Unsaved": profile.persist != "disk"})
        return [{}]

    def _delete(self, path: str, _body: list[object]) -> list[object]:
        profile = self.profiles.pop(path)
        active = self.devices.of(profile)
        self._unlist(path)
        if active is not None:
            self.devices.end(active, names.DISCONNECTED, names.CONNECTION_REMOVED)
        return []

    def _device(self, path: str) -> str:
        if path not in self.devices.paths:
            raise DBusError(names.UNKNOWN_DEVICE, "Device not found")
        return path

    def _add(self, settings: Settings, persist: str) -> Profile:
        self._number += 1
        profile = Profile(f"{names.SETTINGS_PATH}/{self._number}", _checked(settings), persist)
        self.profiles[profile.path] = profile
        self._show(profile)
        self.tree.signal(names.SETTINGS_PATH, names.SETTINGS, "NewConnection", "o", profile.path)
        self.tree.set(names.SETTINGS_PATH, names.SETTINGS, {"Connections": list(self.profiles)})
        return profile

    def _show(self, profile: Profile) -> None:
        flags = {"disk": 0, "memory": names.UNSAVED, "volatile": names.UNSAVED | names.VOLATILE}[profile.persist]
        self.tree.put(
            profile.path,
            names.CONNECTION,
            names.PROPERTIES[names.CONNECTION],
            {"Unsaved": profile.persist != "disk", "Flags": flags, "Filename": ""},
        )

    def _unlist(self, path: str) -> None:
        self.tree.remove(path)
        self.tree.signal(names.SETTINGS_PATH, names.SETTINGS, "ConnectionRemoved", "o", path)
        self.tree.set(names.SETTINGS_PATH, names.SETTINGS, {"Connections": list(self.profiles)})

    def _wired(self) -> Profile:
        """The profile that it makes for a cable by itself."""
        for profile in self.profiles.values():
            if profile.text("connection", "type") == "802-3-ethernet":
                return profile
        return self._add({
            "connection": {
                "id": Variant("s", "Wired connection 1"), "uuid": Variant("s", str(uuid.uuid4())),
                "type": Variant("s", "802-3-ethernet"),
            },
            "ipv4": {"method": Variant("s", "auto")},
        }, "memory")  # fmt: skip

    def _connect_by_itself(self, device: str) -> None:
        """A radio that is idle joins what it knows; what was volatile and is not active any more is gone."""
        for path, profile in list(self.profiles.items()):
            if profile.persist == "volatile" and self.devices.of(profile) is None:
                del self.profiles[path]
                self._unlist(path)
        if device != WIFI or self.devices.on(WIFI) is not None:
            return
        for profile in self.profiles.values():
            if profile.ssid is not None and profile.connects_itself and self.devices.router(profile) is not None:
                self.devices.begin(profile, WIFI)
                return


_TYPES = {
    "802-11-wireless.cloned-mac-address": "ay",
    "802-11-wireless.assigned-mac-address": "s",
    "802-11-wireless.ssid": "ay",
    "802-11-wireless.hidden": "b",
    "802-11-wireless.powersave": "u",
    "802-11-wireless.channel": "u",
    "802-11-wireless.ap-isolation": "i",
    "ipv4.dhcp-timeout": "i",
    "ipv4.dad-timeout": "i",
    "ipv4.route-metric": "x",
    "ipv4.dns": "au",
    "ipv4.address-data": "aa{sv}",
}
"""Of nm-settings-dbus(5), where one may be mistaken."""


def _checked(settings: Settings) -> Settings:
    """Refused as the real one does, for what matters here."""
    for group, values in settings.items():
        for name, value in values.items():
            if (wanted := _TYPES.get(f"{group}.{name}")) is not None and value.signature != wanted:
                raise DBusError(
                    names.INVALID_CONNECTION, f"{group}.{name}: can't set property of type '{value.signature}'"
                )
    connection = settings.get("connection", {})
    if not {"id", "type", "uuid"} <= connection.keys():
        raise DBusError(names.INVALID_CONNECTION, "connection: property is missing")
    wireless = settings.get("802-11-wireless")
    if wireless is not None and not 1 <= len(cast("bytes", wireless["ssid"].value)) <= 32:  # noqa: PLR2004 - 802.11
        raise DBusError(names.INVALID_CONNECTION, "802-11-wireless.ssid: property is invalid")
    return settings
