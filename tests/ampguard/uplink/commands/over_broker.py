"""A unit and the other side, joined by a real broker, in both versions of MQTT."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker
from tests.ampguard.uplink.side import EVERY, PATIENCE_S, Side, filled, unit

from ampguard.settings.commands import CommandName
from ampguard.uplink.broker.tobroker import ToBroker
from ampguard_hil.ports import free_port

VERSIONS = pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])


def with_unit(
    folder: Path,
    scenario: Callable[[ToBroker, Side], Awaitable[None]],
    *,
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    allowed: frozenset[CommandName] = EVERY,
    before: Callable[[Side], None] = lambda _: None,
) -> None:
    """A connected unit with two sealed blocks and seven readings behind them, and somebody on the other side."""

    async def run(port: int) -> None:
        side = Side(port, version)
        before(side)
        try:
            old = version is MQTTProtocolVersion.MQTTv311
            async with unit(filled(folder, 2, 7), port, allowed, old=old) as going:
                await side.until("state")
                await scenario(going, side)
        finally:
            side.close()

    port = free_port()
    with broker(folder, port):
        asyncio.run(run(port))


async def told_within(going: ToBroker, kind: str, is_so: Callable[[Any], bool]) -> Any:
    """What the unit's other processes are told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            told: dict[str, Any] = dict(going.within())
            if kind in told and is_so(told[kind]):
                return told[kind]
            await asyncio.sleep(0.02)


# ---------------------------------------------------------------- commands
