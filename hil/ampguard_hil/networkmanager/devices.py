"""The fake's devices: how they go from state to state, with the numbers and signals of the real ones."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbus_fast.signature import Variant

from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.air import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ampguard_hil.networkmanager.air import Router
    from ampguard_hil.networkmanager.profiles import Profile
    from ampguard_hil.networkmanager.tree import Tree

CABLE, WIFI, SECOND_WIFI = (f"{names.ROOT}/Devices/{number}" for number in (1, 2, 3))
NOTHING = "/"
BAND_ENDS = 2500
"""2.4 GHz, in MHz."""
_INTERFACES = {CABLE: "eth0", WIFI: "wlan0", SECOND_WIFI: "ap0"}


@dataclass(slots=True)
class Active:
    """An active connection; `done` once its device is activated."""

    path: str
    profile: Profile
    device: str
    done: bool = False
    task: asyncio.Task[None] | None = None


class Devices:
    """A socket and a radio, the latter with one or two interfaces."""

    def __init__(self, tree: Tree, air: Callable[[], list[Router]], *, second_radio_interface: bool) -> None:
        self.pace_s = 0.02
        """What each step takes."""
        self.hears_upper_band = True
        self.silent = False
        """It says nothing more of what devices do, as a service that hangs."""
        self.cable_address = ("127.0.0.40", 8, "127.0.0.1")
        self.settled: Callable[[str], None] = lambda _device: None
        """Told when a device has nothing more to do."""
        self._tree = tree
        self._air = air
        self._actives: dict[str, Active] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.radios = (WIFI, SECOND_WIFI) if second_radio_interface else (WIFI,)

    @property
    def paths(self) -> list[str]:
        """All of them."""
        return [CABLE, *self.radios]

    def build(self) -> None:
        """Have them, without anything on them."""
        for number, path in enumerate(self.paths, 1):
            hardware, radio = f"02:00:00:00:00:0{number}", path in self.radios
            self._tree.put(path, names.DEVICE, names.PROPERTIES[names.DEVICE], {
                "Udi": f"/sys/devices/{_INTERFACES[path]}", "Interface": _INTERFACES[path], "IpInterface": "",
                "Driver": "bench", "Capabilities": 3, "Managed": True, "Autoconnect": True, "Mtu": 1500, "Real": True,
                "State": names.DISCONNECTED if radio else names.UNAVAILABLE,
                "StateReason": [names.UNAVAILABLE, names.NOW_MANAGED], "ActiveConnection": NOTHING,
                "Ip4Config": NOTHING, "DeviceType": names.WIFI_TYPE if radio else names.ETHERNET_TYPE,
                "AvailableConnections": [], "HwAddress": hardware,
            })  # fmt: skip
            if radio:
                can = names.CAN_BE_ACCESS_POINT | names.FREQUENCIES_KNOWN | names.HEARS_2_4 | names.CIPHERS
                can |= names.RSN | names.WPA | (names.HEARS_UPPER if self.hears_upper_band else 0)
                self._tree.put(path, names.WIRELESS, names.PROPERTIES[names.WIRELESS], {
                    "HwAddress": hardware, "PermHwAddress": hardware, "Mode": names.INFRASTRUCTURE, "Bitrate": 0,
                    "AccessPoints": [], "ActiveAccessPoint": NOTHING, "LastScan": -1,
                    "WirelessCapabilities": can,
                })  # fmt: skip
            else:
                self._tree.put(path, names.WIRED, names.PROPERTIES[names.WIRED], {
                    "HwAddress": hardware, "PermHwAddress": hardware, "Speed": 100, "Carrier": False,
                })  # fmt: skip

    async def stop(self) -> None:
        """Nothing more happens on them."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def on(self, device: str) -> Active | None:
        """What is active there, or becomes so."""
        return next((one for one in self._actives.values() if one.device == device), None)

    def active(self, path: str) -> Active | None:
        """The active connection at a path."""
        return self._actives.get(path)

    def of(self, profile: Profile) -> Active | None:
        """The active connection of a profile."""
        return next((one for one in self._actives.values() if one.profile is profile), None)

    def state(self, device: str) -> int:
        """Where a device is."""
        return int(str(self._tree.get(device, names.DEVICE, "State")))

    def begin(self, profile: Profile, device: str) -> str:
        """Activate a profile; what was there has to go. The active connection."""
        before = self.on(device)
        if before is not None:
            self.end(before, names.DISCONNECTED, names.NEW_ACTIVATION, settle=False)
        self._number += 1
        path = f"{names.ROOT}/ActiveConnection/{self._number}"
        self._tree.put(path, names.ACTIVE, names.PROPERTIES[names.ACTIVE], {
            "Connection": profile.path, "SpecificObject": NOTHING, "Id": profile.text("connection", "id"),
            "Uuid": profile.text("connection", "uuid"), "Type": profile.text("connection", "type"),
            "Devices": [device], "State": names.ACTIVATING, "StateFlags": 0, "Default": False,
            "Ip4Config": NOTHING, "Default6": False, "Vpn": False,
        })  # fmt: skip
        active = self._actives[path] = Active(path, profile, device)
        self._tree.set(device, names.DEVICE, {"ActiveConnection": path})
        self._list()
        active.task = self._spawn(self._activate(active))
        return path

    def end(self, active: Active, state: int, reason: int, *, settle: bool = True) -> None:
        """It is over."""
        if self._actives.pop(active.path, None) is None:
            return
        if active.task is not None and active.task is not asyncio.current_task():
            active.task.cancel()
        config = str(self._tree.get(active.device, names.DEVICE, "Ip4Config"))
        if active.done:
            self.go(active.device, names.DEACTIVATING, reason)
        if not self.silent:
            self._tree.set(active.path, names.ACTIVE, {"State": names.ACTIVE_DEACTIVATED})
            self._tree.signal(active.path, names.ACTIVE, "StateChanged", "uu", names.ACTIVE_DEACTIVATED, 0)
        self._tree.remove(active.path)
        self._tree.set(active.device, names.DEVICE, {"ActiveConnection": NOTHING, "Ip4Config": NOTHING})
        self._tree.remove(config)
        if active.device in self.radios:
            self._tree.set(active.device, names.WIRELESS, {"ActiveAccessPoint": NOTHING, "Mode": names.INFRASTRUCTURE})
        self.go(active.device, state, reason)
        self._list()
        if settle:
            self.settled(active.device)

    def fail(self, active: Active, reason: int) -> None:
        """It comes to nothing: FAILED for that reason, then DISCONNECTED."""
        self.go(active.device, names.FAILED, reason)
        active.done = False
        self.end(active, names.DISCONNECTED, names.NO_REASON)

    def go(self, device: str, state: int, reason: int) -> None:
        """A device changes its state, and says so."""
        before = self.state(device)
        if state == before or self.silent:
            return
        self._tree.set(device, names.DEVICE, {"State": state, "StateReason": [state, reason]})
        self._tree.signal(device, names.DEVICE, "StateChanged", "uuu", state, before, reason)

    def look(self, device: str) -> None:
        """A radio looks around; one that is an access point does not."""
        known = {str(one) for one in self._list_of(device)}
        found: list[str] = []
        if self._tree.get(device, names.WIRELESS, "Mode") != names.AS_ACCESS_POINT:
            heard = [one for one in self._air() if self.hears_upper_band or one.frequency < BAND_ENDS]
            found = [self._station(device, one) for one in heard]
            self._tree.set(device, names.WIRELESS, {"LastScan": time.monotonic_ns() // 1_000_000})
        self._tree.set(device, names.WIRELESS, {"AccessPoints": found})
        for path in known - set(found):
            self._tree.signal(device, names.WIRELESS, "AccessPointRemoved", "o", path)
            self._tree.remove(path)
        for path in set(found) - known:
            self._tree.signal(device, names.WIRELESS, "AccessPointAdded", "o", path)

    def router(self, profile: Profile) -> Router | None:
        """The strongest that carries the profile's name, in the band that it wants."""
        band = profile.text("802-11-wireless", "band")
        fitting = [
            one for one in self._air()
            if one.ssid == profile.ssid and not (band == "bg" and one.frequency > BAND_ENDS)
        ]  # fmt: skip
        return max(fitting, key=lambda one: one.strength_percent, default=None)

    def _list_of(self, device: str) -> list[object]:
        value = self._tree.get(device, names.WIRELESS, "AccessPoints")
        return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - paths

    def _station(self, device: str, router: Router) -> str:
        path = f"{names.ROOT}/AccessPoint/{device[-1]}_{router.bssid.replace(':', '')}_{router.frequency}"
        keys = 0 if router.password is None else names.CCMP | (names.SAE if router.sae else names.PSK)
        self._tree.put(path, names.ACCESS_POINT, names.PROPERTIES[names.ACCESS_POINT], {
            "Flags": 0 if router.password is None else names.PRIVACY, "WpaFlags": 0, "RsnFlags": keys,
            "Ssid": b"" if router.hidden else router.ssid, "Frequency": router.frequency,
            "HwAddress": router.bssid, "Mode": names.INFRASTRUCTURE, "MaxBitrate": 65000,
            "Strength": router.strength_percent, "LastSeen": int(time.monotonic()),
        })  # fmt: skip
        return path

    async def _activate(self, active: Active) -> None:
        await asyncio.sleep(self.pace_s)
        for state in (names.PREPARE, names.CONFIG):
            self.go(active.device, state, names.NO_REASON)
            await asyncio.sleep(self.pace_s)
        reason = await self._associate(active) if active.device in self.radios else names.NO_REASON
        if reason is None:
            return
        if reason == names.NO_REASON:
            self.go(active.device, names.IP_CONFIG, names.NO_REASON)
            await asyncio.sleep(self.pace_s)
            reason = self._address(active)
        if reason != names.NO_REASON:
            active.profile.blocked = reason == names.NO_SECRETS or active.profile.blocked
            self.fail(active, reason)
            return
        for state in (names.IP_CHECK, names.SECONDARIES, names.ACTIVATED):
            self.go(active.device, state, names.NO_REASON)
        active.done = True
        self._tree.set(active.path, names.ACTIVE, {"State": names.ACTIVE_ACTIVATED})
        self._tree.signal(active.path, names.ACTIVE, "StateChanged", "uu", names.ACTIVE_ACTIVATED, 1)
        self._list()

    async def _associate(self, active: Active) -> int | None:
        """Why it comes to nothing; None: it waits for ever."""
        profile = active.profile
        if profile.makes_access_point:
            self._tree.set(active.device, names.WIRELESS, {"Mode": names.AS_ACCESS_POINT})
            self.look(active.device)
            return names.NO_REASON
        router = self.router(profile)
        if router is None or (router.hidden and profile.value("802-11-wireless", "hidden") is not True):
            await asyncio.sleep(2 * self.pace_s)
            return names.SSID_NOT_FOUND
        if router.trouble is Trouble.MUTE:
            return None
        if router.trouble is Trouble.REFUSES:
            return names.SUPPLICANT_TIMEOUT
        if not profile.opens(router):
            self.go(active.device, names.NEED_AUTH, names.SUPPLICANT_DISCONNECT)
            await asyncio.sleep(self.pace_s)
            return names.NO_SECRETS
        self.look(active.device)
        self._tree.set(active.device, names.WIRELESS, {"ActiveAccessPoint": self._station(active.device, router)})
        return names.NO_REASON

    def _address(self, active: Active) -> int:
        """Give it an address; why not."""
        profile, fixed = active.profile, active.profile.fixed
        router = self.router(profile) if active.device in self.radios else None
        if fixed is not None:
            address, prefix, gateway = fixed
            if router is not None and address in router.taken:
                return names.ADDRESS_DUPLICATE
        elif router is not None:
            if router.trouble is Trouble.NO_DHCP:
                return names.ADDRESS_UNAVAILABLE
            address, prefix, gateway = router.address, router.prefix, router.gateway
        else:
            address, prefix, gateway = self.cable_address
        path = f"{names.ROOT}/IP4Config/{active.path.rsplit('/', 1)[1]}"
        self._tree.put(path, names.IP4, names.PROPERTIES[names.IP4], {
            "Addresses": [[_number(address), prefix, _number(gateway or "0.0.0.0")]],  # noqa: S104 - none
            "AddressData": [{"address": Variant("s", address), "prefix": Variant("u", prefix)}], "Gateway": gateway,
            "NameserverData": [], "Domains": [],
        })  # fmt: skip
        self._tree.set(active.device, names.DEVICE, {"Ip4Config": path})
        self._tree.set(active.path, names.ACTIVE, {"Ip4Config": path})
        return names.NO_REASON

    def _list(self) -> None:
        first = next((one for one in self._actives.values() if one.done), None)
        self._tree.set(names.ROOT, names.NAME, {
            "ActiveConnections": list(self._actives), "PrimaryConnection": first.path if first else NOTHING,
        })  # fmt: skip

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "little")
