"""RAUC over D-Bus: looks into a bundle, writes it into the other slot, marks the slot that runs.

Interface: de.pengutronix.rauc.Installer of RAUC 1.13. RAUC is root's and decides what is installed: signature, kind of
computer and version are its own checks (etc/rauc/system.conf on the card), whatever is compared here before.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self, cast

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import BusType, MessageType
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError
from dbus_fast.message import Message
from dbus_fast.unpack import unpack_variants

from ampguard.update.refusal import Kind, RefusedError, refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

NAME, PATH, INTERFACE = "de.pengutronix.rauc", "/", "de.pengutronix.rauc.Installer"
_DAEMON = "org.freedesktop.DBus"
_NOT_THERE = frozenset({
    f"{_DAEMON}.Error.ServiceUnknown", f"{_DAEMON}.Error.NameHasNoOwner", f"{_DAEMON}.Error.NoReply",
    f"{_DAEMON}.Error.AccessDenied", f"{_DAEMON}.Error.Spawn.ChildExited", f"{_DAEMON}.Error.Disconnected",
})  # fmt: skip
ANSWER_S = 120.0
"""Looking into a bundle reads what it is signed over, and marking a slot writes to the card."""
LOOK_S = 0.5
LONGEST_S = 3600.0
"""An installation that takes longer hangs."""


class Mark(StrEnum):
    """What becomes of the slot that runs."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle whose signature is right says of itself."""

    compatible: str
    version: str
    build: str
    """What it writes and reads (`ampguard.update.dataform`)."""


@dataclass(frozen=True, slots=True)
class Slots:
    """By the boot loader's names."""

    booted: str
    other: str


class Rauc:
    """One connection to it: `async with Rauc() as rauc`."""

    def __init__(self) -> None:
        self._bus: MessageBus | None = None

    async def __aenter__(self) -> Self:
        """Raises RefusedError."""
        try:
            async with asyncio.timeout(ANSWER_S):
                self._bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        except (OSError, EOFError, TimeoutError, AuthError, InvalidAddressError) as why:
            raise RefusedError(Kind.NO_INSTALLER, str(why) or "silence") from why
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _why: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Hang up."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def inspect(self, path: Path) -> Bundle:
        """What a bundle is; its signature was checked then. Raises RefusedError."""
        (told,) = await self._call(INTERFACE, "InspectBundle", "sa{sv}", str(path), {})
        match told:
            case {"update": {"compatible": str(compatible), "version": str(version), "build": str(build)}}:
                return Bundle(compatible, version, build)
            case _:
                raise RefusedError(Kind.DAMAGED, "it does not say which version it is and what data it writes")

    async def slots(self) -> Slots:
        """Which runs, and which would be written. Raises RefusedError."""
        (found,) = await self._call(INTERFACE, "GetSlotStatus")
        booted, other = "", ""
        for _, status in cast("Sequence[tuple[str, Mapping[str, object]]]", found):
            if isinstance(name := status.get("bootname"), str):
                booted, other = (name, other) if status.get("state") == "booted" else (booted, name)
        if not booted or not other:
            raise RefusedError(Kind.NO_SLOTS, f"booted {booted or 'unknown'}, other {other or 'unknown'}")
        return Slots(booted, other)

    async def mark(self, mark: Mark) -> None:
        """The slot that runs. Raises RefusedError."""
        await self._call(INTERFACE, "Mark", "ss", mark.value, "booted")

    async def install(self, path: Path, progress: Callable[[int], Awaitable[None]]) -> None:
        """Into the other slot, which is tried at the next start. Raises RefusedError."""
        bus = self._connected
        (owner,) = await self._call(_DAEMON, "GetNameOwner", "s", NAME, name=_DAEMON, path="/org/freedesktop/DBus")
        rule = f"type='signal',sender='{NAME}',interface='{INTERFACE}',member='Completed'"
        await self._call(_DAEMON, "AddMatch", "s", rule, name=_DAEMON, path="/org/freedesktop/DBus")
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def hear(message: Message) -> None:
            is_end = message.message_type is MessageType.SIGNAL and message.member == "Completed"
            if is_end and message.sender == owner and not ended.done():  # anybody may send one that looks like it
                ended.set_result(int(message.body[0]))

        bus.add_message_handler(hear)
        try:
            await self._call(INTERFACE, "InstallBundle", "sa{sv}", str(path), {})
            async with asyncio.timeout(LONGEST_S):
                while not ended.done():
                    await asyncio.wait([ended], timeout=LOOK_S)
                    percent, *_ = cast("Sequence[int]", await self._property("Progress"))
                    await progress(percent)
            if ended.result() != 0:
                raise refused(str(await self._property("LastError")))
        except TimeoutError as why:
            raise RefusedError(Kind.FAILED, f"not done after {LONGEST_S:g} s") from why
        finally:
            bus.remove_message_handler(hear)

    async def _property(self, what: str) -> object:
        (found,) = await self._call("org.freedesktop.DBus.Properties", "Get", "ss", INTERFACE, what)
        return found

    @property
    def _connected(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            raise RefusedError(Kind.NO_INSTALLER, "the system's bus has gone")
        return self._bus

    async def _call(
        self, interface: str, member: str, signature: str = "", *body: object, name: str = NAME, path: str = PATH
    ) -> Sequence[object]:
        """Its answer, plain values. Raises RefusedError."""
        message = Message(
            destination=name, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._connected.call(message)
        except (OSError, EOFError, TimeoutError, DBusError) as why:
            raise RefusedError(Kind.NO_INSTALLER, f"{member}: {str(why) or 'silence'}") from why
        if answer.message_type is MessageType.ERROR:
            said = " ".join(map(str, answer.body)) or str(answer.error_name)
            if answer.error_name in _NOT_THERE or str(answer.error_name).startswith(f"{_DAEMON}.Error.Spawn"):
                raise RefusedError(Kind.NO_INSTALLER, said)
            raise refused(said)
        return cast("Sequence[object]", unpack_variants(answer.body))
