"""The process: follows the settings and the group's file, hears the meter and the uplink, and balances while it may."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ampguard import log
from ampguard.errors import SetupError
from ampguard.live.measured import measurement
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.phrase import as_told, phrase
from ampguard.services.balancer import limits
from ampguard.services.balancer.group import GroupAtWork, Inputs
from ampguard.services.balancer.sampling import Sampling
from ampguard.services.notify import notify
from ampguard.services.tasks import run_until_asked
from ampguard.settings import group as groups
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.places import Places
from ampguard.settings.settings import load

if TYPE_CHECKING:
    import logging

    from ampguard.readings import Json
    from ampguard.settings.group import GroupSettings

LOOK_S = 1.0
"""How often the files are looked at."""
AGAIN_S = 10.0
"""A port that somebody else has, a medium that cannot be used: tried again after so long."""


class BalancerProcess:
    """What runs."""

    def __init__(self, places: Places, logger: logging.Logger) -> None:
        """Raises SetupError for settings that cannot be read, and where its feed cannot be opened."""
        self._places, self._log = places, logger
        self._settings = load(places.settings)
        self._group: GroupSettings | None = None
        self._fault: str | None = None
        """Why nothing is balanced."""
        self._changes = SettingsWatch(places.settings, self._settings, logger)
        self._group_mark: bytes | None = None
        self._inputs = Inputs()
        self._sampling = Sampling(self._settings.phases)
        self._feed = Publisher(places.balancer_feed)
        self._at_work: asyncio.Task[None] | None = None
        self._failed_s = 0.0

    async def run(self) -> int:
        """Balance until asked to stop; the exit code."""
        try:
            await run_until_asked(self._follow(), self._hear_meter(), self._hear_uplink())
        finally:
            await self._end()
            self._feed.close()
        self._log.info("stopped")
        return 0

    async def _follow(self) -> None:
        """What the files say, as long as they do."""
        while True:
            if self._is_changed():
                await self._end()
                self._take_up()
            elif self._at_work is not None and self._at_work.done():
                self._gather_failure(self._at_work)
            elif self._fault is not None and time.monotonic() - self._failed_s >= AGAIN_S:
                self._take_up()
            if self._at_work is None:
                self._feed.publish("balance", self._idle())
                notify("WATCHDOG=1")
            await asyncio.sleep(LOOK_S)

    def _is_changed(self) -> bool:
        settings = self._changes.look()
        try:
            mark = self._places.group.read_bytes()
        except FileNotFoundError:
            mark = b""
        except OSError as why:
            self._log.warning("%s cannot be read: %s", self._places.group, why.strerror)
            return False
        is_changed = settings is not None or mark != self._group_mark
        if settings is not None:
            self._settings = settings
            self._sampling = Sampling(settings.phases)
        self._group_mark = mark
        return is_changed

    def _take_up(self) -> None:
        """Begin, if there is a group that wants it."""
        self._fault, self._group, self._failed_s = None, None, time.monotonic()
        try:
            self._group = groups.parsed(self._places.group, self._group_mark or b"")
            if self._group is None or not self._group.active:
                return
            work = GroupAtWork(self._settings, self._group, self._places, self._inputs, self._feed, _utc, self._log)
        except (SetupError, OSError) as why:
            self._fail(why)
            return
        self._log.info("balancing %s: %d chargers", self._group.name or "a group", len(self._group.chargers))
        self._at_work = asyncio.create_task(work.run())

    def _gather_failure(self, work: asyncio.Task[None]) -> None:
        """Why it ended: what its owner must set right is told; a defect ends the process."""
        self._at_work = None
        try:
            work.result()
        except (SetupError, OSError) as why:
            self._fail(why)

    def _fail(self, why: SetupError | OSError) -> None:
        said = why.said if isinstance(why, SetupError) else phrase("the balancer cannot work: {why}", why=str(why))
        if self._fault != said:
            self._log.error("nothing is balanced: %s", why)
        self._fault, self._failed_s = said, time.monotonic()

    async def _end(self) -> None:
        work, self._at_work = self._at_work, None
        if work is not None:
            self._log.info("the setup was changed, or the end was asked for: chargers keep their leases")
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def _idle(self) -> dict[str, Json]:
        return {
            "name": None if self._group is None else self._group.name,
            "active": False,
            "fault": None if self._fault is None else cast("Json", as_told(self._fault)),
            "chargers": [],
        }

    async def _hear_meter(self) -> None:
        async for message in Subscriber(self._places.live_feed).messages():
            window = measurement(message.body) if message is not None and message.kind == "measurement" else None
            found = None if window is None else self._sampling.heard(window, time.monotonic())
            if found is not None:
                self._inputs.meter = found
                self._inputs.came.set()

    async def _hear_uplink(self) -> None:
        """Limits of a cloud, as leases; and what the grid operator allows."""
        async for message in Subscriber(self._places.uplink_feed).messages():
            if message is None:
                continue
            if message.kind == "limits":
                self._inputs.cloud = limits.of_each(message.body, time.monotonic())
                self._inputs.came.set()
            elif message.kind == "limit":
                self._inputs.together = limits.together(message.body, self._inputs.together, time.monotonic())


def _utc() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """Run the balancer; 0 when it was asked to stop."""
    logger = log.begin("ampguard-balancer")
    try:
        return asyncio.run(BalancerProcess(Places.from_environment(), logger).run())
    except SetupError as fault:
        logger.error("%s %s: %s", fault.code, type(fault).__name__, fault)  # noqa: TRY400 - a sentence for people
        return 1
    except Exception:
        logger.exception("ended by a defect of its own")
        return 70
