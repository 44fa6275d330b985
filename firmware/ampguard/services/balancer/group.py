"""One group while it is balanced: windows and chargers in, limits out; the why-log and the feed say why."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import Heard, Observation
from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.why import WhyLog
from ampguard.services.balancer import hearing, setup, telling
from ampguard.services.balancer.chronicle import WhyFiles
from ampguard.services.notify import notify

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ampguard.balancing.decision import Decision, Reason
    from ampguard.balancing.observation import CloudLimit, TogetherLimit, Triple
    from ampguard.live.publisher import Publisher
    from ampguard.readings import Json
    from ampguard.settings.group import GroupSettings
    from ampguard.settings.places import Places
    from ampguard.settings.settings import Settings

TICK_S = 0.5
"""Without a sample of the meter something is decided all the same."""
TOLD_S = 1.0
LIFE_S, LONGEST_LIFE_S = 86400.0, 172800.0
"""A core is replaced by a new one after a day, as soon as nobody charges, so that the why-log has an end."""
CHANGES = 100
"""The latest of them, for whoever looks at the page."""


class Inputs:
    """What comes from elsewhere, the latest of each."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.meter: tuple[float, Triple] | None = None
        self.cloud: Mapping[str, CloudLimit] = {}
        self.together: TogetherLimit | None = None
        self.dimmed_w: float | None = None
        self.came = asyncio.Event()
        """Something new."""


class GroupAtWork:
    """From its activation to the next change of its setup."""

    def __init__(  # noqa: PLR0913, PLR0917 - a composition root
        self,
        settings: Settings,
        group: GroupSettings,
        places: Places,
        inputs: Inputs,
        feed: Publisher,
        utc: Callable[[], datetime | None],
        logger: logging.Logger,
    ) -> None:
        """Raises SetupError for a group that cannot be, OSError where the folder cannot be used."""
        self._setup, self._inputs, self._feed, self._utc, self._log = group, inputs, feed, utc, logger
        self._group = setup.shared(settings, group)
        self._central = CentralSystem(setup.central(settings, group), places.balancing, logger, self._changed, utc)
        self._files = WhyFiles(places.balancing / "why", utc, logger)
        self._heard: list[Heard | None] = [None] * len(group.chargers)
        self._latest: list[Reason | None] = [None] * len(group.chargers)
        self._changes: deque[dict[str, Json]] = deque(maxlen=CHANGES)
        self._told_s = 0.0
        self._begin()

    async def run(self) -> None:
        """Until it is cancelled. Raises OSError for a port that somebody else has, SetupError for a certificate."""
        async with self._central.running(), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._files.keep())
            tasks.create_task(self._decide())

    def _begin(self) -> None:
        """A core that knows nothing yet."""
        self._begun_s = time.monotonic()
        self._balancer, self._why = Balancer(self._group), WhyLog(self._group)
        self._files.begin(self._why.opened())

    def _changed(self, _charger: str) -> None:
        self._inputs.came.set()

    async def _decide(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._inputs.came.wait()
            except TimeoutError:
                pass
            self._inputs.came.clear()
            self._step()
            notify("WATCHDOG=1")

    def _step(self) -> None:
        now_s = time.monotonic()
        reports = self._central.reports()
        for number, one in enumerate(self._setup.chargers):
            self._heard[number] = hearing.heard(reports[one.id], self._heard[number])
        if self._is_old(now_s):
            self._begin()
        meter, cloud = self._inputs.meter, self._inputs.cloud
        seen = Observation(
            now_s=now_s,
            meter_s=None if meter is None else meter[0],
            meter_a=None if meter is None else meter[1],
            heard=tuple(self._heard),
            cloud=tuple(cloud.get(one.id) for one in self._setup.chargers) if cloud else (),
            together=self._inputs.together,
            dimmed_w=self._inputs.dimmed_w,
        )
        decision = self._balancer.decide(seen)
        for order in decision.orders:
            self._central.set_limit(self._setup.chargers[order.charger].id, order.limit_a, order.valid_s)
        self._tell(decision)
        self._files.add(self._why.seen(seen))
        if (line := self._why.decided(decision)) is not None:
            self._files.add(line)

    def _is_old(self, now_s: float) -> bool:
        age_s = now_s - self._begun_s
        return age_s >= LIFE_S and (age_s >= LONGEST_LIFE_S or not any(place.is_on for place in self._balancer.places))

    def _tell(self, decision: Decision) -> None:
        utc = self._utc()
        numbers = {one.name: number for number, one in enumerate(self._group.chargers)}
        for reason in decision.reasons:
            self._latest[numbers[reason.charger]] = reason
            told = telling.why(reason, None if utc is None else utc.isoformat(timespec="seconds"))
            self._changes.append(told)
            self._log.info("%s: %s", reason.charger, reason.sentence)
            self._feed.publish("why", told)
        if decision.reasons or decision.now_s - self._told_s >= TOLD_S:
            self._told_s = decision.now_s
            reports = self._central.reports()
            body = telling.state(self._setup, self._balancer, decision, reports, self._latest)
            self._feed.publish("balance", body)
