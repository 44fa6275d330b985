"""One group while it is balanced: windows and chargers in, limits out; the why-log and the feed say why."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.capi import Capi
from ampguard.balancing.observation import Heard, Observation, UnderTest
from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.why import WhyLog
from ampguard.phrase import phrase
from ampguard.services.balancer import hearing, telling
from ampguard.services.balancer import setup as setups
from ampguard.services.balancer.chronicle import WhyFiles
from ampguard.services.balancer.wish import asked
from ampguard.services.notify import notify

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ampguard.balancing.capi import SlowReport
    from ampguard.balancing.decision import Decision, Reason
    from ampguard.balancing.observation import CloudLimit, TogetherLimit
    from ampguard.balancing.ocpp.report import Report
    from ampguard.live.publisher import Publisher
    from ampguard.services.balancer.sampling import Sample
    from ampguard.services.balancer.setup import Setup
    from ampguard.services.balancer.wish import Wish
    from ampguard.settings.group import ChargerSettings
    from ampguard.settings.places import Places

TICK_S = 0.5
"""Without a sample of the meter something is decided all the same."""
START_S = 2.0
"""So long a core waits for the first sample: it would take a meter that was not heard yet for a lost one."""
TOLD_S = 1.0
LIFE_S, LONGEST_LIFE_S = 86400.0, 172800.0
"""A core is replaced by a new one after a day, as soon as nobody charges, so that the why-log has an end."""


class Inputs:
    """What comes from elsewhere, the latest of each."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.sample: Sample | None = None
        self.cloud: Mapping[str, CloudLimit] = {}
        self.together: TogetherLimit | None = None
        self.dimmed_w: float | None = None
        self.came = asyncio.Event()
        """Something new."""


class GroupAtWork:
    """From its activation on; `open`, then `run`."""

    def __init__(  # noqa: PLR0913, PLR0917 - a composition root
        self,
        setup: Setup,
        places: Places,
        inputs: Inputs,
        feed: Publisher,
        utc: Callable[[], datetime | None],
        logger: logging.Logger,
    ) -> None:
        """Raises OSError where the folder cannot be used."""
        self._setup, self._inputs, self._feed, self._utc, self._log = setup, inputs, feed, utc, logger
        self._central = CentralSystem(setup.central, places.balancing, logger, self._changed, utc)
        self._clouds = [Capi(account, chargers, inputs.came.set) for account, chargers in setup.accounts.items()]
        """Of the makers."""
        self._files = WhyFiles(places.balancing / "why", utc, logger)
        self._wishes = places.stimulus_wish
        self._doors = contextlib.AsyncExitStack()
        self._sample: Sample | None = None
        """The latest that counts."""
        self.fault: str | None = None
        """What is wrong with a newer setup; this one goes on."""
        self._begin()

    async def open(self) -> None:
        """From now on chargers come in. Raises OSError for a port that somebody else has, SetupError."""
        await self._doors.enter_async_context(self._central.running())

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._files.keep())
                tasks.create_task(self._decide())
                for cloud in self._clouds:
                    tasks.create_task(cloud.run())
        finally:
            await self._doors.aclose()

    def takes(self, setup: Setup) -> bool:
        """Whether it goes on with another setup; chargers stay connected then. Else there must be another one."""
        was = self._setup
        if (setup.central, setup.certificate, setup.accounts) != (was.central, was.certificate, was.accounts):
            return False
        is_other, self._setup = setup.shared != self._setup.shared, setup
        if is_other:
            self._begin()
        return True

    def _begin(self) -> None:
        """A core that knows nothing yet."""
        shared = self._setup.shared
        self._begun_s = time.monotonic()
        self._told_s = self._begun_s - TOLD_S
        self._heard: list[Heard | None] = [None] * len(shared.chargers)
        self._latest: dict[str, Reason] = {}
        self._balancer, self._why = Balancer(shared), WhyLog(shared)
        self._files.begin(self._why.opened())

    def _changed(self, _charger: str) -> None:
        self._inputs.came.set()

    async def _decide(self) -> None:
        while self._inputs.sample is None and time.monotonic() - self._begun_s < START_S:
            await self._something()
        while True:
            await self._something()
            self._step()
            notify("WATCHDOG=1")

    async def _something(self) -> None:
        """Something came, or there was a while without."""
        try:
            async with asyncio.timeout(TICK_S):
                await self._inputs.came.wait()
        except TimeoutError:
            pass
        self._inputs.came.clear()

    def _step(self) -> None:
        now_s = time.monotonic()
        if self._is_old(now_s):
            self._begin()
        wish = asked(self._wishes, now_s)
        seen = self._observed(now_s, wish)
        decision = self._balancer.decide(seen)
        for order in decision.orders:
            charger = self._fast[order.charger].id
            phases = wish.phases if wish is not None and wish.charger == charger else None
            self._central.set_limit(charger, order.limit_a, order.valid_s, phases)
        for order in decision.slow:
            charger = self._slow[order.charger].id
            next(one for one in self._clouds if charger in one.reports()).set_limit(charger, order.limit_a)
        self._tell(decision)
        self._files.add(self._why.seen(seen))
        if (line := self._why.decided(decision)) is not None:
            self._files.add(line)

    def _observed(self, now_s: float, wish: Wish | None) -> Observation:
        chargers, reports = self._fast, self._central.reports()
        for number, one in enumerate(chargers):
            self._heard[number] = hearing.heard(reports[one.id], self._heard[number])
        sample, cloud = self._inputs.sample, self._inputs.cloud
        if sample is not None and sample.counts(self._setup.shared.supply_max_a):
            self._sample = sample
        named = [number for number, one in enumerate(chargers) if wish is not None and wish.charger == one.id]
        return Observation(
            now_s=now_s,
            meter_s=None if self._sample is None else self._sample.at_s,
            meter_a=None if self._sample is None else self._sample.current_a,
            heard=tuple(self._heard),
            cloud=tuple(cloud.get(one.id) for one in chargers) if cloud else (),
            together=self._inputs.together,
            dimmed_w=self._inputs.dimmed_w,
            tested=UnderTest(named[0], wish.most_a) if wish is not None and named else None,
            slow=tuple(hearing.slow(self._slow_reports()[one.id]) for one in self._slow),
        )

    def _is_old(self, now_s: float) -> bool:
        age_s = now_s - self._begun_s
        return age_s >= LIFE_S and (age_s >= LONGEST_LIFE_S or not any(place.is_on for place in self._balancer.places))

    def _tell(self, decision: Decision) -> None:
        utc = self._utc()
        for reason in decision.reasons:
            self._latest[reason.charger] = reason
            self._log.info("%s: %s", reason.charger, reason.sentence)
            self._feed.publish("why", telling.why(reason, None if utc is None else utc.isoformat(timespec="seconds")))
        if decision.reasons or decision.now_s - self._told_s >= TOLD_S:
            self._told_s = decision.now_s
            beside = telling.Beside(self._latest, self.fault, self._notes(), self._central.strangers())
            reports: dict[str, Report | SlowReport] = {**self._central.reports(), **self._slow_reports()}
            body = telling.state(self._setup.group, self._balancer, decision, reports, beside)
            self._feed.publish("balance", body)

    @property
    def _fast(self) -> Sequence[ChargerSettings]:
        return setups.fast(self._setup.group)

    @property
    def _slow(self) -> Sequence[ChargerSettings]:
        return setups.slow(self._setup.group)

    def _slow_reports(self) -> Mapping[str, SlowReport]:
        return {name: one for cloud in self._clouds for name, one in cloud.reports().items()}

    def _notes(self) -> list[str]:
        """What somebody should know of the group as a whole."""
        found: list[str] = []
        if self._sample is not self._inputs.sample:
            found.append(phrase(
                "an input of the meter is at the end of its range: more may flow than it can tell, and nobody gets more"
            ))  # fmt: skip
        if self._files.fault is not None:
            found.append(phrase("the why-log cannot be written: {why}", why=self._files.fault))
        return found
