"""Restarting the unit: asked of logind over D-Bus, in order, so that every process ends well.

Interface: org.freedesktop.login1(5), Manager.Reboot. The library is loaded when somebody asks and not before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from ampguard.errors import SetupError
from ampguard.services.parts import is_simulated

if TYPE_CHECKING:
    from pathlib import Path

BUS = "DBUS_SYSTEM_BUS_ADDRESS"
"""Where the system's bus is, if not where it always is; as the reference library has it."""
NAME, PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
_ANSWER_S = 25.0
"""As the reference library waits: logind asks polkit, which may have to be started first."""


class Power(Protocol):
    """What can restart the unit."""

    async def reboot(self) -> None:
        """Returns when it was agreed to; everything is about to be stopped then. Raises SetupError."""
        ...


class Logind:
    """The system's own."""

    async def reboot(self) -> None:
        """See `Power`."""
        import asyncio  # noqa: PLC0415 - with the library

        from dbus_fast import BusType, DBusError, Message, MessageType  # noqa: PLC0415 - 5 MB that are seldom needed
        from dbus_fast.aio import MessageBus  # noqa: PLC0415 - likewise
        from dbus_fast.errors import AuthError, InvalidAddressError  # noqa: PLC0415 - likewise

        message = Message(
            destination=NAME, path=PATH, interface=MANAGER, member="Reboot", signature="b", body=[False]
        )  # False: there is nobody to be asked for a password
        bus: MessageBus | None = None
        try:
            bus = await MessageBus(bus_type=BusType.SYSTEM, auth_timeout=_ANSWER_S).connect()
            async with asyncio.timeout(_ANSWER_S):
                answer = await bus.call(message)
        except (OSError, EOFError, TimeoutError, InvalidAddressError, AuthError, DBusError) as why:
            raise SetupError(
                f"wanted logind on the system's bus to restart the unit, met: {str(why) or 'silence'}"
            ) from why
        finally:
            if bus is not None:
                bus.disconnect()
        if answer.message_type is MessageType.ERROR:
            met = f"{answer.error_name}: {' '.join(map(str, answer.body))}"
            raise SetupError(f"wanted logind to restart the unit, met {met}")


class Nobody:
    """A simulated board on somebody's desk: restarting that machine is not what a press of a button there means."""

    async def reboot(self) -> None:
        """See `Power`."""
        raise SetupError(f"a simulated board restarts nothing unless its bench names a bus of its own in {BUS}")


def power_of(board: Path | None) -> Power:
    """Who restarts a unit with this board. Raises SetupError."""
    return Nobody() if is_simulated(board) and not os.environ.get(BUS) else Logind()
