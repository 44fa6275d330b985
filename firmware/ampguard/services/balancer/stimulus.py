"""`ampguard balance test`: steps one charger while the others go on being balanced, and keeps what that has told.

The test runs here, beside the balancer: it hears the meter and the balancer on their feeds, and asks the balancer with
a wish that runs out by itself (`wish`). The balancer gives the lower of the wish and what the group has room for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, cast

from ampguard.balancing import stimulus_result
from ampguard.balancing.stimulus import STEP_A, Stage, Stimulus, Told
from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.phases import Phase
from ampguard.phrase import Number, phrase
from ampguard.services.balancer import setup, tested, wish
from ampguard.services.wiring_check_feed import live
from ampguard.settings import group as groups
from ampguard.settings.grid import GridType
from ampguard.settings.settings import load
from ampguard.wiring import voltages
from ampguard.wiring.check_snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.balancing.site import Charger, Group
    from ampguard.balancing.stimulus_result import Result
    from ampguard.phrase import Phrase
    from ampguard.readings import Json
    from ampguard.settings.group import ChargerSettings, GroupSettings
    from ampguard.settings.places import Places

ASKED_S, SILENT_S = 1.0, 10.0
"""How often the wish is renewed; how long a balancer may be silent."""


class ChargerTest:
    """One test of one charger."""

    def __init__(self, places: Places, name: str, say: Callable[[Phrase], None]) -> None:
        """`name`: its name or charge point id; `say` is told how it goes on. Raises SetupError: it cannot be tested."""
        self._places, self._say = places, say
        self._settings = load(places.settings)
        group = groups.load(places.group)
        if group is None or not group.active:
            raise SetupError(phrase("wanted a group that is active, met none: nothing is balanced"))
        self._charger = _named(group, name)
        self._group = setup.shared(self._settings, group)
        fast = setup.fast(group)
        if self._charger not in fast:
            raise SetupError(phrase(
                "{name} is reached over its makers' cloud alone, which is too slow to be tested",
                name=self._charger.name,
            ))  # fmt: skip
        self._site = self._group.chargers[fast.index(self._charger)]
        _check(self._group, self._site)
        if wish.asked(places.stimulus_wish, time.monotonic()) is not None:
            raise SetupError(phrase("another charger is being tested just now"))
        self.test = Stimulus(self._settings.phases, len(self._site.phases), self._group.min_a)

    async def run(self) -> None:
        """Until it is done. Raises SetupError where there is no meter or no balancer."""
        jobs = [asyncio.create_task(job) for job in (self._windows(), self._balance(), self._ask())]
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            for job in done:
                job.result()
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            wish.withdraw(self._places.stimulus_wish)

    @property
    def id(self) -> str:
        """The charger's charge point id."""
        return self._charger.id

    @property
    def stage(self) -> str:
        """Where it is."""
        return self.test.stage.value

    def found(self) -> Mapping[str, Json]:
        """What is known by now, as JSON."""
        return self.result.told()

    @property
    def result(self) -> Result:
        """What is known by now."""
        return stimulus_result.result(self.test, self._group, self._site, self._settings.phases)

    def keep(self, utc: str | None) -> None:
        """For reports and the page; a test in which nothing counted leaves what was known. Raises OSError."""
        if self.result.rounds:
            tested.keep(self._places.balancing, self.id, {"utc": utc, **self.found()})

    async def _windows(self) -> None:
        feed = live(self._places.live_feed)
        async with contextlib.aclosing(feed):
            async for window in feed:
                if window is None:
                    continue
                order = voltages.judged(window, self._settings.wired_voltages).order
                seen = None if order is None else snapshot(window, order, self._settings.phases)
                if seen is not None:
                    self._tell(self.test.observe(seen, time.monotonic()))
                if self.test.stage is Stage.DONE:
                    return

    async def _balance(self) -> None:
        heard_s = time.monotonic()
        async for message in Subscriber(self._places.balancer_feed, SILENT_S).messages():
            now_s = time.monotonic()
            told = None if message is None or message.kind != "balance" else _told(message.body, self._charger, now_s)
            if told is not None:
                heard_s = now_s
                self._tell(self.test.hear(told))
            elif now_s - heard_s > SILENT_S:
                raise SetupError(phrase("wanted a balancer that runs and has this charger in its group, met none"))
            if self.test.stage is Stage.DONE:
                return

    async def _ask(self) -> None:
        """What the test wants, at once when it is new, and again each second."""
        asked, asked_s = None, 0.0
        while (wanted := self.test.wish) is not None:
            if wanted != asked or time.monotonic() - asked_s >= ASKED_S:
                asked, asked_s = wanted, time.monotonic()
                one = wish.Wish(self._charger.id, wanted.most_a, wanted.phases)
                wish.ask(self._places.stimulus_wish, one, asked_s)
            await asyncio.sleep(0.1)

    def _tell(self, notes: list[Phrase]) -> None:
        for note in notes:
            self._say(note)


def _named(group: GroupSettings, name: str) -> ChargerSettings:
    for one in group.chargers:
        if name in {one.id, one.name}:
            return one
    raise SetupError(phrase(
        "wanted a charger of the group ({known}), met {name}",
        known=", ".join(one.name for one in group.chargers) or "-", name=name,
    ))  # fmt: skip


def _check(group: Group, charger: Charger) -> None:
    """Raises SetupError for one that would tell nothing."""
    if group.grid is not GridType.THREE_PHASE:
        raise SetupError(phrase("a charger can be tested on a grid with phases and neutral only, so far"))
    if not charger.is_included:
        raise SetupError(phrase("{name} is not measured by this unit: no clamp can answer", name=charger.name))
    if charger.max_a < group.min_a + STEP_A:
        raise SetupError(phrase(
            "{name} may draw {most} A at most: a step needs {least} A",
            name=charger.name, most=Number(charger.max_a, "g"), least=Number(group.min_a + STEP_A, "g"),
        ))  # fmt: skip


def _told(body: Mapping[str, Json], charger: ChargerSettings, now_s: float) -> Told | None:
    """What the balancer tells of it; None: it does not know it."""
    chargers = cast("list[Mapping[str, Json]]", body["chargers"])
    one = next((each for each in chargers if each.get("id") == charger.id), None)
    if one is None:
        return None
    current_a = cast("Mapping[str, float | None]", one["current_a"])
    told_a = [current_a[phase.lower()] for phase in Phase]
    age_s = cast("float | None", one["drawn_age_s"])
    is_told = age_s is not None and any(each is not None for each in told_a)
    return Told(
        now_s=now_s,
        limit_a=cast("float", one["limit_a"]),
        drawn_a=(told_a[0] or 0.0, told_a[1] or 0.0, told_a[2] or 0.0) if is_told else None,
        drawn_s=now_s - age_s if is_told and age_s is not None else None,
        is_ready=bool(one["online"]) and bool(one["has_car"]) and bool(one["wants"]),
    )
