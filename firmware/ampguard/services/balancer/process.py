"""The process: follows the settings and the group's file, hears the meter and the uplink, and balances while it may."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard import log
from ampguard.clock import ClockQuality, SystemClock
from ampguard.errors import SetupError
from ampguard.live.measured import measurement
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Subscriber
from ampguard.phrase import as_told, phrase
from ampguard.services.balancer import limits, setup
from ampguard.services.balancer.group import GroupAtWork, Inputs
from ampguard.services.balancer.sampling import Sampling
from ampguard.services.notify import notify
from ampguard.services.tasks import run_until_asked
from ampguard.settings import group as groups
from ampguard.settings.changes import SettingsWatch
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.web.access import certificate

if TYPE_CHECKING:
    import logging

    from ampguard.readings import Json
    from ampguard.services.balancer.setup import Setup
    from ampguard.settings.group import GroupSettings

    _Mark: TypeAlias = tuple[bytes | str, list[tuple[str, int, int]]]

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
        self._changes = SettingsWatch(places.settings, self._settings, logger)
        self._clock = SystemClock()
        self._group: GroupSettings | None = None
        self._seen: _Mark | None = None
        """What the files were at the last look, and when they were read."""
        self._read: _Mark | None = None
        self._fault: str | None = None
        """Why nothing is balanced, or what was set up last is not."""
        self._failed_s = 0.0
        self._inputs = Inputs()
        self._sampling = Sampling(self._settings.phases)
        self._feed = Publisher(places.balancer_feed)
        self._work: GroupAtWork | None = None
        self._working: asyncio.Task[None] | None = None

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
            if self._working is not None and self._working.done():
                self._working.result()  # what its owner can set right shows before: it is a defect
            is_again = self._fault is not None and time.monotonic() - self._failed_s >= AGAIN_S
            if self._is_changed() or is_again:
                await self._take_up()
            if self._work is None:
                self._feed.publish("balance", self._idle())
                notify("WATCHDOG=1")
            else:
                self._work.fault = self._fault
            await asyncio.sleep(LOOK_S)

    def _is_changed(self) -> bool:
        """A file counts when it was the same for two looks: an editor may write it in pieces."""
        settings = self._changes.look()
        if settings is not None:
            if settings.phases != self._settings.phases:
                self._sampling = Sampling(settings.phases)
            self._settings = settings
        before, self._seen = self._seen, _mark(self._places)
        is_new = self._seen != self._read and (self._seen == before or self._read is None)
        if is_new:
            self._read = self._seen
        return is_new or settings is not None

    async def _take_up(self) -> None:
        """What the files say now; where that cannot be, what was before goes on."""
        try:
            group = groups.load(self._places.group)
            wanted = None if group is None else setup.made(self._settings, group, self._places.identity)
            if wanted is None or not wanted.group.active:
                await self._end()
            elif self._work is None or not self._work.takes(wanted):
                await self._begin(wanted)
        except (SetupError, OSError) as why:
            self._fail(why)
        else:
            self._fault, self._group = None, group

    async def _begin(self, wanted: Setup) -> None:
        """Raises SetupError, OSError."""
        await self._end()
        work = GroupAtWork(wanted, self._places, self._inputs, self._feed, self._utc, self._log)
        await work.open()
        self._log.info("balancing %s: %d chargers", wanted.group.name or "a group", len(wanted.group.chargers))
        self._work, self._working = work, asyncio.create_task(work.run())

    def _fail(self, why: SetupError | OSError) -> None:
        said = why.said if isinstance(why, SetupError) else phrase("the balancer cannot work: {why}", why=str(why))
        if self._fault != said:
            what = "nothing is balanced" if self._work is None else "what was set up before goes on"
            self._log.error("%s: %s", what, why)
        self._fault, self._failed_s = said, time.monotonic()

    async def _end(self) -> None:
        working, self._work, self._working = self._working, None, None
        if working is not None:
            self._log.info("balancing ends here; the chargers keep their leases")
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def _idle(self) -> dict[str, Json]:
        return {
            "name": None if self._group is None else self._group.name,
            "active": False,
            "fault": None if self._fault is None else cast("Json", as_told(self._fault)),
            "chargers": [],
        }

    def _utc(self) -> datetime | None:
        """None while nobody has set the clock."""
        is_set = self._clock.stamp(time.monotonic_ns()).quality is not ClockQuality.UNSYNCHRONISED
        return datetime.now(UTC) if is_set else None

    async def _hear_meter(self) -> None:
        async for message in Subscriber(self._places.live_feed).messages():
            if message is None:  # what comes next is another stream
                self._sampling = Sampling(self._settings.phases)
                continue
            window = measurement(message.body) if message.kind == "measurement" else None
            found = None if window is None else self._sampling.heard(window, time.monotonic())
            if found is not None:
                self._inputs.sample = found
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


def _mark(places: Places) -> _Mark:
    """What differs where the group's file does, or the certificate that chargers are shown."""
    try:
        held: bytes | str = places.group.read_bytes()
    except FileNotFoundError:
        held = b""
    except OSError as why:
        held = str(why)
    shown: list[tuple[str, int, int]] = []
    with contextlib.suppress(OSError):
        for path in certificate.files(places.identity):
            found = path.stat()
            shown.append((path.name, found.st_ino, found.st_mtime_ns))
    return held, shown


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
