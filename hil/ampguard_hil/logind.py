"""logind as far as a unit needs it: takes the wish to restart and leaves a mark for the bench's service manager.

Interface: org.freedesktop.login1(5). `python -m ampguard_hil.logind --bus ADDRESS --mark FILE`; SIGTERM ends it.
"""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method

DBusNothing: TypeAlias = Annotated[None, DBusSignature("")]
NAME, PATH = "org.freedesktop.login1", "/org/freedesktop/login1"


class Login(ServiceInterface):
    """The interface `org.freedesktop.login1.Manager`."""

    def __init__(self, mark: Path) -> None:
        super().__init__(f"{NAME}.Manager")
        self._mark = mark

    @dbus_method(name="Reboot")
    def reboot(self, _interactive: DBusBool) -> DBusNothing:
        """Somebody wants it."""
        self._mark.touch()

    @dbus_method(name="CanReboot")
    def can_reboot(self) -> DBusStr:
        """Everybody may."""
        return "yes"


async def serve(address: str, mark: Path) -> None:
    """Until a signal ends it."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    bus = await MessageBus(bus_address=address).connect()
    bus.export(PATH, Login(mark))
    await bus.request_name(NAME)
    await asked.wait()
    bus.disconnect()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.logind", description="logind for a bench.")
    parser.add_argument("--bus", required=True, help="address of the bus")
    parser.add_argument("--mark", required=True, type=Path, help="file that is made when somebody wants to restart")
    chosen = parser.parse_args(arguments)
    asyncio.run(serve(chosen.bus, chosen.mark))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
