"""Sending a message of any lane over a connection: what became of it, and which lanes the broker does not take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ampguard.errors import UplinkFault
from ampguard.uplink.broker.mqtt import MqttConnection, Refused

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Coroutine


class Sending:
    """Of one destination, over all its connections.

    Args:
        on_fault: is told of a connection that does not carry, and why.
    """

    def __init__(self, on_fault: Callable[[MqttConnection, str], None], logger: logging.Logger) -> None:
        self._on_fault = on_fault
        self._log = logger
        self.newest: MqttConnection | None = None
        """What comes over it is answered, also before the unit has introduced itself there."""
        self.refused: set[str] = set()
        """Lanes that the broker does not take now."""
        self._tasks: set[asyncio.Task[bool]] = set()

    def spawn(self, work: Coroutine[None, None, bool]) -> None:
        """Let it go on by itself, until `stop`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Break off all that goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send(
        self,
        connection: MqttConnection,
        lane: str,
        payload: bytes,
        *,
        retained: bool = False,
        correlation_data: bytes | None = None,
    ) -> bool:
        """Send, and wait for the acknowledgement; whether it came."""
        kind = lane.partition("/")[0]
        try:
            await connection.publish(lane, payload, retained=retained, correlation_data=correlation_data)
        except Refused as fault:
            if kind not in self.refused:
                self.refused.add(kind)
                self._log.warning("%s: %s; it is tried again", kind, fault)
            return False
        except UplinkFault as fault:
            self._on_fault(connection, f"{kind}: {fault}")
            return False
        self.refused.discard(kind)
        return True

    async def say(self, lane: str, payload: bytes, correlation_data: bytes | None) -> bool:
        """An answer, over the newest connection."""
        connection = self.newest
        return connection is not None and await self.send(connection, lane, payload, correlation_data=correlation_data)

    async def send_again(self, block: bytes) -> None:
        """Records that somebody asked for. Raises UplinkFault."""
        if self.newest is None:
            raise UplinkFault("not connected")
        await self.newest.publish("records", block)
