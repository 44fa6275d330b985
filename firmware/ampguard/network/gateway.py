"""Whether a router is there: it answers a connection, even with a refusal, or says its hardware address."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ipaddress import IPv4Address

NEIGHBOURS = Path("/proc/net/arp")
PORTS = (53, 80)
"""Name service and web page: what a router in a building has."""
TRY_S = 1.5
_COMPLETE = 0x2
"""ATF_COM in if_arp.h: its hardware address is known."""


class AskGateway(Protocol):
    """How it is found out."""

    async def __call__(self, gateway: IPv4Address) -> bool:
        """Whether it is there."""
        ...


async def gateway_answers(gateway: IPv4Address) -> bool:
    """Whether it is there. The kernel must ask for its hardware address before it can connect, so that tells too."""
    tries = [asyncio.ensure_future(_takes(str(gateway), port)) for port in PORTS]
    answers = await asyncio.gather(*tries)
    return any(answers) or is_neighbour(NEIGHBOURS, str(gateway))


async def _takes(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(TRY_S):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def is_neighbour(table: Path, address: str) -> bool:
    """Whether the kernel's table of neighbours has its hardware address (proc(5): IP, type, flags, address)."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return False
    for words in (line.split() for line in lines):
        if len(words) > 3 and words[0] == address:  # noqa: PLR2004 - up to the hardware address
            with contextlib.suppress(ValueError):
                return bool(int(words[2], 16) & _COMPLETE)
    return False
