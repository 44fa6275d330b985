"""How the bench changes the air of a fake NetworkManager in another process: one more object on the same bus."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, cast

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import ErrorType, MessageType
from dbus_fast.errors import DBusError
from dbus_fast.message import Message

from ampguard_hil.networkmanager import names
from ampguard_hil.networkmanager.air import Router, Trouble
from ampguard_hil.networkmanager.tree import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard_hil.networkmanager.service import FakeService

INTERFACE = "ampguard.bench.Air"
PATH = "/ampguard/bench"


def offer(fake: FakeService) -> None:
    """Let the air of a service that was started be changed over its bus."""

    def set_air(_path: str, body: list[object]) -> list[object]:
        fake.air = routers(str(body[0]))
        fake.refresh()
        return []

    def plug(_path: str, body: list[object]) -> list[object]:
        fake.plug(plugged=body[0] is True)
        return []

    fake.tree.put(PATH, INTERFACE, {}, {})
    fake.tree.offer(INTERFACE, {"SetAir": Method("s", "", set_air), "Plug": Method("b", "", plug)})


def written(air: Sequence[Router]) -> str:
    """The air as a text."""
    return json.dumps([asdict(one) | {"ssid": one.ssid.hex()} for one in air])


def routers(text: str) -> list[Router]:
    """The air out of a text: a list of objects with the fields of `Router`, the name in hexadecimal digits."""
    known = {one.name for one in fields(Router)}
    found: list[Router] = []
    for entry in cast("list[dict[str, object]]", json.loads(text)):
        if not entry.keys() <= known:
            raise DBusError(ErrorType.INVALID_ARGS, f"wanted fields of {sorted(known)}, met {sorted(entry)}")
        values = dict(entry)
        values["ssid"] = bytes.fromhex(str(entry["ssid"]))
        values["trouble"] = Trouble(str(entry.get("trouble", Trouble.NONE)))
        values["taken"] = tuple(cast("list[str]", entry.get("taken", [])))
        found.append(Router(**values))  # type: ignore[arg-type]  # its fields, by name
    return found


async def change(address: str, *, air: Sequence[Router] | None = None, plugged: bool | None = None) -> None:
    """Change the air, or the cable, of the service on a bus. Raises RuntimeError where nobody takes it."""
    bus = await MessageBus(bus_address=address).connect()
    try:
        if air is not None:
            await _ask(bus, "SetAir", "s", written(air))
        if plugged is not None:
            await _ask(bus, "Plug", "b", plugged)
    finally:
        bus.disconnect()


async def _ask(bus: MessageBus, member: str, signature: str, value: object) -> None:
    message = Message(
        destination=names.NAME, path=PATH, interface=INTERFACE, member=member, signature=signature, body=[value]
    )
    reply = await bus.call(message)
    if reply.message_type is MessageType.ERROR:
        raise RuntimeError(f"{member}: {reply.error_name}: {reply.body}")
