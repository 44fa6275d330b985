"""NetworkManager as the unit uses it: what it knows, what changes, and what it is asked to do. Over D-Bus, no text."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbus_fast.signature import Variant

from ampguard.network import bus
from ampguard.network.bus import NAME
from ampguard.network.faults import ManagerAbsent, ManagerRefused, ManagerUnclear
from ampguard.network.numbers import DeviceState, StateReason, device_state, state_reason
from ampguard.network.picture import DEVICE, NOTHING, ROOT, WIRELESS, picture
from ampguard.network.profile import WIRELESS as WIRELESS_SETTING
from ampguard.network.values import mapping, number, objects, paths, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.network.bus import Bus, Signal
    from ampguard.network.picture import Device, Picture
    from ampguard.network.profile import Profile

SETTINGS = f"{ROOT}/Settings"
_SETTINGS = f"{NAME}.Settings"
_CONNECTION = f"{NAME}.Settings.Connection"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_ON_DISK = 0x1
"""NM_SETTINGS_UPDATE2_FLAG_TO_DISK."""
_MOST_CHANGES = 64


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """A device has changed its state; a failure is told by such a signal and nowhere else for long."""

    device: str
    state: DeviceState
    reason: StateReason


@dataclass(frozen=True, slots=True)
class Saved:
    """A profile of a Wi-Fi network that NetworkManager keeps."""

    path: str
    uuid: str
    ssid: bytes
    autoconnect: bool


@dataclass(frozen=True, slots=True)
class Activated:
    """What adding and activating a profile made."""

    profile: str
    active: str


class Client:
    """NetworkManager behind one connection. Every call raises ManagerAbsent, ManagerRefused, ManagerUnclear."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        """Something is not as it was."""
        self.changes: deque[DeviceChange] = deque(maxlen=_MOST_CHANGES)
        """What devices did, oldest first; whoever reads takes it out."""
        self.is_there = False
        """Whether somebody has NetworkManager's name on the bus."""
        self._bus: Bus | None = None

    async def connect(self, address: str | None) -> None:
        """Reach the bus, None: the system's own, and see whether NetworkManager is there. Raises ManagerAbsent."""
        self._bus = await bus.connect(address, self._hear)
        self.is_there = await self._bus.follow(NAME)
        if not self.is_there:
            raise ManagerAbsent("wanted NetworkManager on the bus, met nobody")

    @property
    def is_up(self) -> bool:
        """Whether there is still somebody to ask."""
        return self.is_there and self._bus is not None and self._bus.is_up

    def close(self) -> None:
        """Hang up."""
        if self._bus is not None:
            self._bus.close()

    async def picture(self) -> Picture:
        """All that it knows now."""
        answer = await self._call("/org/freedesktop", _OBJECTS, "GetManagedObjects")
        return picture(objects(_first(answer, "GetManagedObjects")))

    async def saved(self) -> tuple[Saved, ...]:
        """The Wi-Fi networks that it keeps, without the unit's own access point."""
        answer = await self._call(SETTINGS, _SETTINGS, "ListConnections")
        found: list[Saved] = []
        for path in paths({"ListConnections": _first(answer, "ListConnections")}, "ListConnections"):
            # one that was deleted meanwhile is no fault
            with contextlib.suppress(ManagerRefused):
                settings = _first(await self._call(path, _CONNECTION, "GetSettings"), "GetSettings")
                if (one := _saved(path, mapping(settings, "GetSettings"))) is not None:
                    found.append(one)
        return tuple(found)

    async def scan(self, device: Device) -> None:
        """Begin to look for networks; `changed` tells when something was found, `last_scan` when it is done."""
        await self._call(device.path, WIRELESS, "RequestScan", "a{sv}", {})

    async def try_out(self, profile: Profile, device: Device) -> Activated:
        """Activate a new profile that is kept in memory only."""
        return await self._add(profile, device, "memory")

    async def open_access_point(self, profile: Profile, device: Device) -> Activated:
        """Activate a profile that is gone as soon as it is not active."""
        return await self._add(profile, device, "volatile")

    async def activate(self, saved: Saved, device: Device) -> str:
        """Activate a profile that it keeps; the active connection."""
        answer = await self._call(ROOT, NAME, "ActivateConnection", "ooo", saved.path, device.path, NOTHING)
        return text(_first(answer, "ActivateConnection"), "ActivateConnection")

    async def deactivate(self, active: str) -> None:
        """End an active connection; one that has ended is no fault."""
        with contextlib.suppress(ManagerRefused):
            await self._call(ROOT, NAME, "DeactivateConnection", "o", active)

    async def keep(self, profile_path: str, profile: Profile) -> None:
        """Put a profile on disk, as it is given."""
        await self._call(profile_path, _CONNECTION, "Update2", "a{sa{sv}}ua{sv}", profile, _ON_DISK, {})

    async def delete(self, profile_path: str) -> None:
        """Forget a profile; one that is not there is no fault."""
        with contextlib.suppress(ManagerRefused):
            await self._call(profile_path, _CONNECTION, "Delete")

    async def _add(self, profile: Profile, device: Device, persist: str) -> Activated:
        options = {"persist": Variant("s", persist)}
        answer = await self._call(
            ROOT, NAME, "AddAndActivateConnection2", "a{sa{sv}}ooa{sv}", profile, device.path, NOTHING, options
        )
        if len(answer) < 2:  # noqa: PLR2004 - a profile and an active connection
            raise ManagerUnclear(f"AddAndActivateConnection2: wanted two paths, met {len(answer)} values")
        return Activated(text(answer[0], "path"), text(answer[1], "active_connection"))

    async def _call(
        self, path: str, interface: str, member: str, signature: str = "", *body: object
    ) -> Sequence[object]:
        if self._bus is None or not self.is_up:
            raise ManagerAbsent(f"{member}: wanted NetworkManager on the bus, met nobody")
        return await self._bus.call(NAME, path, interface, member, signature, *body)

    def _hear(self, signal: Signal) -> None:
        path, interface, member, body = signal
        if member == "NameOwnerChanged":
            # a new owner knows nothing of what the old one was asked
            self.is_there = False
        elif interface == DEVICE and member == "StateChanged":
            # one that says it in another way has said that something changed
            with contextlib.suppress(ManagerUnclear, IndexError):
                state, reason = number(body[0], member), number(body[2], member)
                self.changes.append(DeviceChange(path, device_state(state), state_reason(reason)))
        self.changed.set()


def _first(answer: Sequence[object], member: str) -> object:
    if not answer:
        raise ManagerUnclear(f"{member}: wanted an answer with a value, met none")
    return answer[0]


def _saved(path: str, settings: dict[str, object]) -> Saved | None:
    """None: it is no profile that joins a Wi-Fi network."""
    wireless = mapping(settings.get(WIRELESS_SETTING, {}), WIRELESS_SETTING)
    connection = mapping(settings.get("connection", {}), "connection")
    ssid = wireless.get("ssid")
    if not isinstance(ssid, bytes) or wireless.get("mode", "infrastructure") != "infrastructure":
        return None
    # NetworkManager leaves out what is at its default
    return Saved(path, text(connection.get("uuid"), "uuid"), ssid, connection.get("autoconnect", True) is True)
