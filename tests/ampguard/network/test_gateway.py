"""Whether a router is there: over real connections on this machine, and by the kernel's table of neighbours."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from ampguard.network import gateway
from ampguard.network.gateway import gateway_answers, is_neighbour

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TABLE = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:00:00:00:01:00     *        wlan0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        wlan0
192.168.1.8      0x1         what
192.168.1.7      0x1         0x
"""


def test_one_that_refuses_the_connection_is_there() -> None:
    assert asyncio.run(gateway_answers(IPv4Address("127.0.0.3"))) is True


def test_one_that_takes_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> bool:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.4", 0)
        monkeypatch.setattr(gateway, "PORTS", (server.sockets[0].getsockname()[1],))
        try:
            return await gateway_answers(IPv4Address("127.0.0.4"))
        finally:
            server.close()
            await server.wait_closed()

    assert asyncio.run(scene()) is True


def test_an_address_that_leads_nowhere_is_not_there() -> None:
    # a group: no machine makes a connection to it
    assert asyncio.run(gateway_answers(IPv4Address("224.0.0.9"))) is False


def test_one_that_says_nothing_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.5", 0))
        full.listen(0)
        # who waits to be accepted fills it: the kernel drops whoever comes next without a word
        for one in (first, second):
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        monkeypatch.setattr(gateway, "PORTS", (full.getsockname()[1],))
        monkeypatch.setattr(gateway, "TRY_S", 0.3)
        assert asyncio.run(gateway_answers(IPv4Address("127.0.0.5"))) is False


def test_one_whose_hardware_address_is_known_is_there_although_it_is_silent(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(TABLE)
    assert is_neighbour(table, "192.168.1.1")
    for address in ("192.168.1.9", "192.168.1.8", "192.168.1.7", "192.168.1.2"):
        assert not is_neighbour(table, address)
    assert not is_neighbour(tmp_path / "nothing", "192.168.1.1")
