"""The unit's name, and asking avahi to say it: over a real bus, with and without somebody there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from dbus_fast.aio.message_bus import MessageBus
from tests.ampguard.network.onbus import NEEDS_BUS, until

from ampguard.errors import SetupError
from ampguard.network.faults import ManagerAbsent
from ampguard.network.mdns import AVAHI, announce, name_of
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.networkmanager.tree import Method, Tree

if TYPE_CHECKING:
    from pathlib import Path


def test_the_name_is_made_of_the_serial() -> None:
    assert name_of("2403001234567G") == "ampguard-2403001234567g.local"


@pytest.mark.parametrize("serial", ["", "a b", "a.b", "ä", "x" * 60, "a/..", "a-"])
def test_a_serial_that_can_be_no_name_is_refused(serial: str) -> None:
    with pytest.raises(SetupError, match="host's name"):
        name_of(serial)


@NEEDS_BUS
def test_the_page_is_said_as_a_service_and_ends_with_the_connection(tmp_path: Path) -> None:
    said: list[list[object]] = []
    committed: list[str] = []

    def add(_path: str, body: list[object]) -> list[object]:
        said.append(body)
        return []

    def commit(path: str, _body: list[object]) -> list[object]:
        committed.append(path)
        return []

    async def scene() -> None:
        bus = PrivateBus(tmp_path)
        bus.start()
        try:
            with pytest.raises(ManagerAbsent, match=AVAHI):
                await announce(bus.address, "2403001234567G", 443)
            connection = await MessageBus(bus_address=bus.address).connect()
            tree = Tree(connection, "/none")
            tree.put("/", f"{AVAHI}.Server", {}, {})
            tree.put("/group", f"{AVAHI}.EntryGroup", {}, {})
            tree.offer(f"{AVAHI}.Server", {"EntryGroupNew": Method("", "o", lambda _path, _body: ["/group"])})
            tree.offer(
                f"{AVAHI}.EntryGroup",
                {"AddService": Method("iiussssqaay", "", add), "Commit": Method("", "", commit)},
            )
            await connection.request_name(AVAHI)
            announcement = await announce(bus.address, "2403001234567G", 443)
            await until(lambda: committed)
            announcement.end()
            connection.disconnect()
        finally:
            bus.stop()

    asyncio.run(scene())
    (body,) = said
    assert body[3:8] == ["Amp Guard 2403001234567G", "_http._tcp", "", "", 443]
    assert body[8] == [b"serial=2403001234567G", b"path=/"]
