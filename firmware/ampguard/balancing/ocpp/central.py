"""The central system: chargers come in by its doors, are limited by `set_limit`, and what they tell is in `reports`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import words
from ampguard.balancing.ocpp.chargepoint import ChargePoint
from ampguard.balancing.ocpp.door import Doorway, address_of
from ampguard.balancing.ocpp.line import Line
from ampguard.balancing.ocpp.local import Local
from ampguard.balancing.ocpp.store import Store

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    from ampguard.balancing.ocpp.configuration import Configuration
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.report import Report
    from ampguard.phrase import Phrase

STILL_THERE_S = 2.0
"""A charger that was there first has so long to answer before a second one of its name takes its place."""
MOST_MET = 20


class CentralSystem:
    """Of one unit. Its calls are made in the loop that it runs in.

    Args:
        configuration: what it is set up with.
        folder: for what outlasts a restart.
        logger: for what somebody may have to look after.
        changed: is told the id of a charger of which there is something new to report.
        utc: the wall clock; None while nobody has set it.
    """

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        logger: logging.Logger,
        changed: Callable[[str], None] = lambda _: None,
        utc: Callable[[], datetime | None] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises OSError where the folder cannot be used."""
        self._configuration = configuration
        self._log = logger
        self._utc = utc
        self._store = Store(folder, configuration, datetime.now(UTC))
        if self._store.transactions.fault is not None:
            logger.error("%s", self._store.transactions.fault)
        self._points = {
            one.id: ChargePoint(one, configuration, self._store, utc, changed, logger) for one in configuration.chargers
        }
        self._coming: dict[str, asyncio.Lock] = {one: asyncio.Lock() for one in self._points}
        self._addresses: dict[str, str] = {}
        self._met: dict[str, Phrase] = {}
        self.ports: tuple[int, ...] = ()
        """Of the open doors, in their order."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """While it is, chargers come in. Raises OSError for a door that does not open, SetupError for a certificate."""
        known = {one.id: one for one in self._configuration.chargers}
        ways = [Doorway(one, known, self._visited, self._stranger, self._log) for one in self._configuration.doors]
        try:
            for way in ways:
                await way.open()
            self.ports = tuple(way.port for way in ways)
            yield
        finally:
            for way in ways:
                await way.close()

    def set_limit(self, charger: str, limit_a: float, lease_s: float, phases: int | None = None) -> None:
        """From now on a charger may draw at most so much on each phase, for so long; 0 pauses it, else 6 A and more.

        `phases`: on so many, where the charger can; it is told with the next limit or renewal. The lower of this and
        what its cloud allows is sent at once, if it is new or lasts longer than what the charger has. Raises KeyError
        for a charger that is not set up, ValueError for what is no limit.
        """
        self._points[charger].set_limit(limit_a, lease_s, phases)

    def reports(self) -> Mapping[str, Report]:
        """The last that is known of each charger that is set up."""
        return {name: point.report() for name, point in self._points.items()}

    def strangers(self) -> Mapping[str, Phrase]:
        """Chargers that wanted to come in and are not set up, with what there is to say."""
        return dict(self._met)

    def _stranger(self, name: str) -> None:
        if name not in self._met and len(self._met) < MOST_MET:
            self._met[name] = words.not_known(name)
            self._log.warning("%s", self._met[name])

    async def _visited(self, name: str, socket: ServerConnection) -> None:
        point = self._points.get(name)
        if point is None:
            await self._serve_stranger(name, socket)
        elif await self._is_sole(point, name, socket):
            await point.serve(socket)

    async def _serve_stranger(self, name: str, socket: ServerConnection) -> None:
        tags = self._store.tags(None)
        answers = Local(
            name,
            self._configuration,
            self._store.transactions,
            tags,
            utc=self._utc,
            clock=lambda: datetime.now(UTC),
            logger=self._log,
            is_known=False,
        )
        await Line(socket, name, answers.answer, _ignore, self._log).run()

    async def _is_sole(self, point: ChargePoint, name: str, socket: ServerConnection) -> bool:
        """Whether it may take this name. One that was there first and still answers from elsewhere keeps it."""
        async with self._coming[name]:
            address, line = address_of(socket), point.line
            if line is not None:
                is_elsewhere = self._addresses.get(name) != address
                if is_elsewhere and await line.is_there(STILL_THERE_S):
                    point.warning = words.two_of_one_name(name, address)
                    self._log.warning("%s", point.warning)
                    await socket.close(1008, "another charger of this name is there")
                    return False
                line.abort()
                while point.line is line:  # until what served it is through  # noqa: ASYNC110 - some milliseconds
                    await asyncio.sleep(0.005)
            self._addresses[name] = address
            return True


def _ignore(_action: str, _asked: Payload, _answer: Payload) -> None:
    """Nothing follows from what a stranger is told."""
