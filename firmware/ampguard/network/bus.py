"""A connection to the system's message bus, and to NetworkManager over it: calls with a limit, signals as they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import BusType, MessageFlag, MessageType
from dbus_fast.errors import AuthError, InvalidAddressError
from dbus_fast.message import Message
from dbus_fast.unpack import unpack_variants

from ampguard.network.faults import ManagerAbsent, ManagerRefused, ManagerUnclear

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAME = "org.freedesktop.NetworkManager"
CALL_S = 10.0
"""What an answer may take; activating and scanning are answered at once and done later."""
_DAEMON = "org.freedesktop.DBus"
_GONE = frozenset({
    f"{_DAEMON}.Error.ServiceUnknown",
    f"{_DAEMON}.Error.NameHasNoOwner",
    f"{_DAEMON}.Error.NoReply",
    f"{_DAEMON}.Error.Disconnected",
    f"{_DAEMON}.Error.TimedOut",
})  # fmt: skip

Signal = tuple[str, str, str, list[object]]
"""Object, interface, name, values."""


class Bus:
    """One connection; it is of no use any more once it is lost."""

    def __init__(self, bus: MessageBus, hear: Callable[[Signal], None]) -> None:
        self._bus = bus
        self._hear = hear
        self._owner = ""
        bus.add_message_handler(self._heard)
        # why it ended is told by the next call: nobody else waits for it
        self._end = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]  # the library's gap
        self._end.add_done_callback(lambda end: end.cancelled() or end.exception())

    @property
    def is_up(self) -> bool:
        """Whether the connection stands."""
        return self._bus.connected

    async def follow(self, name: str) -> bool:
        """Hear its signals, and when it comes and goes; whether it is there. Raises ManagerAbsent."""
        rules = (
            f"type='signal',sender='{name}'",
            f"type='signal',sender='{_DAEMON}',interface='{_DAEMON}',member='NameOwnerChanged',arg0='{name}'",
        )
        for rule in rules:
            await self.call(_DAEMON, "/org/freedesktop/DBus", _DAEMON, "AddMatch", "s", rule)
        try:
            (owner,) = await self.call(_DAEMON, "/org/freedesktop/DBus", _DAEMON, "GetNameOwner", "s", name)
        except ManagerAbsent:
            return False
        self._owner = str(owner)
        return True

    async def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: object
    ) -> Sequence[object]:
        """What it answers, plain values. Raises ManagerAbsent, ManagerRefused, ManagerUnclear."""
        message = Message(
            destination=name,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
            flags=MessageFlag.NO_AUTOSTART,
        )
        try:
            async with asyncio.timeout(CALL_S):
                reply = await self._bus.call(message)
        except (OSError, EOFError, TimeoutError, ConnectionError) as error:
            raise ManagerAbsent(
                f"{member}: wanted an answer within {CALL_S:g} s, met {type(error).__name__}"
            ) from error
        if reply.message_type is MessageType.ERROR:
            sentence = str(reply.body[0]) if reply.body else ""
            if reply.error_name in _GONE:
                raise ManagerAbsent(f"{member}: wanted {name} on the bus, met: {sentence or reply.error_name}")
            raise ManagerRefused(reply.error_name or "", sentence)
        return cast("list[object]", unpack_variants(reply.body))

    async def one(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *body: object
    ) -> object:
        """The first value of the answer. Raises as `call` does."""
        answer = await self.call(name, path, interface, member, signature, *body)
        if not answer:
            raise ManagerUnclear(f"{member}: wanted an answer with a value, met none")
        return answer[0]

    def close(self) -> None:
        """Hang up."""
        self._bus.disconnect()

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        body = cast("list[object]", unpack_variants(message.body))
        if message.interface == _DAEMON and message.member == "NameOwnerChanged" and message.sender == _DAEMON:
            self._owner = str(body[2])
        elif message.sender != self._owner:
            # anybody may send a signal that looks like NetworkManager's
            return
        self._hear((message.path or "", message.interface or "", message.member or "", body))


async def connect(address: str | None, hear: Callable[[Signal], None]) -> Bus:
    """A connection to the bus at an address, None: the system's own. Raises ManagerAbsent."""
    try:
        async with asyncio.timeout(CALL_S):
            bus = await MessageBus(bus_address=address, bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError, TimeoutError, AuthError, InvalidAddressError) as error:
        raise ManagerAbsent(f"wanted the system's message bus, met {type(error).__name__}: {error}") from error
    return Bus(bus, hear)
