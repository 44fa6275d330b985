"""Tells a charger its limits over its line, and asks it first what it can: the effects of `keeping`."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import abilities, profile, taken
from ampguard.balancing.ocpp.abilities import LOAD_BALANCED, OFFLINE_CURRENT, SAMPLE_INTERVAL, SAMPLED_DATA, Abilities
from ampguard.balancing.ocpp.frame import ErrorCode
from ampguard.balancing.ocpp.keeping import Arm, Give, Keeping, Look, Outcome, Preset, Situation
from ampguard.balancing.ocpp.line import Refused, Silent
from ampguard.balancing.ocpp.profile import AMPERES, Rate, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.balancing.ocpp.cloudprofiles import CloudProfiles, Running
    from ampguard.balancing.ocpp.configuration import Charger
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.keeping import Task
    from ampguard.balancing.ocpp.line import Line
    from ampguard.balancing.ocpp.observed import Observed

ANSWER_S, PROBE_S = 10.0, 5.0
TICK_S, CLOUD_TICK_S = 5.0, 1.0
"""How often it looks whether something has changed of itself; with a cloud's schedule it may at any second."""
MEASURED = "Current.Import,Voltage,Power.Active.Import,Energy.Active.Import.Register"
LOOK_AHEAD_S = 60
_STATUS = {
    "Accepted": Outcome.ACCEPTED, "RebootRequired": Outcome.ACCEPTED, "Rejected": Outcome.REFUSED,
    "NotSupported": Outcome.UNSUPPORTED,
}  # fmt: skip
_UNSUPPORTED = {ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED}


class Limiter:
    """Of one charger, over all its connections."""

    def __init__(
        self,
        charger: Charger,
        observed: Observed,
        profiles: CloudProfiles,
        running: Callable[[], Mapping[int, Running]],
        utc: Callable[[], datetime | None],
    ) -> None:
        self.keeping = Keeping()
        self._charger = charger
        self._observed = observed
        self._profiles = profiles
        self._running = running
        self._utc = utc
        self._stirred = asyncio.Event()
        self._is_probed = False
        self.asked_s: float | None = None
        """Since when it has been asked what it holds, in this connection; None: that is not through."""
        self._poll_s: float | None = None
        """How often it must be asked what it measures; None: it tells of itself."""
        self._polled_s = 0.0

    def stir(self) -> None:
        """Something is new: look at once what is to be told."""
        self._stirred.set()

    def restarted(self) -> None:
        """The charger has."""
        self.keeping.forget()
        self._is_probed = False
        self.stir()

    def cloud_a(self) -> float | None:
        """What its cloud allows now; None: as much as there is."""
        return self._profiles.limit_a(self._utc(), self._running())

    async def run(self, line: Line, sample_s: int) -> None:
        """For as long as the line lasts. Raises Gone."""
        self.keeping.reached()
        begun_s = time.monotonic()
        if self._is_probed:
            await self._have_it_tell(line)
        while True:
            if not self._is_probed:
                self._is_probed = True
                await self._probe(line)
                await self._have_it_measure(line, sample_s)
                await self._have_it_tell(line)
            if self.asked_s is None:
                await self._find(line)
                self.asked_s = begun_s
            self._stirred.clear()
            now_s = time.monotonic()
            situation = self.situation(now_s)
            found = self.keeping.next(situation)
            if isinstance(found, Arm | Give | Preset | Look):
                await self._perform(line, found, situation)
            elif self._poll_s is not None and situation.running and now_s - self._polled_s >= self._poll_s:
                self._polled_s = now_s
                if not await _try(line, "TriggerMessage", {"requestedMessage": "MeterValues"}):
                    self._poll_s = None
            else:
                await self._wait(found)

    async def _wait(self, most_s: float | None) -> None:
        """Until something is new, or may be."""
        ends_s = [CLOUD_TICK_S if self._profiles.kept else TICK_S, most_s, self._poll_s]
        try:
            async with asyncio.timeout(min(one for one in ends_s if one is not None)):
                await self._stirred.wait()
        except TimeoutError:
            pass

    def situation(self, now_s: float) -> Situation:
        """What there is to decide by."""
        running, cloud_a, wish = self._running(), self.cloud_a(), self.keeping.wish
        safe_a = self._charger.offline_a if cloud_a is None else min(self._charger.offline_a, cloud_a)
        steps: tuple[Step, ...] = ()
        if wish is not None and wish.ends_s > now_s:
            most_a = min(wish.limit_a, self._charger.max_a)
            # of a limit in watts fewer phases would make more amperes
            phases = wish.phases if self.keeping.abilities.takes_current else None
            found = self._steps(most_a, math.ceil(wish.ends_s - now_s), running)
            steps = tuple(replace(one, phases=phases) for one in found)
        numbers = {connector: one.id for connector, one in running.items()}
        has_car = self._observed.has_car() is not False
        return Situation(now_s, numbers, steps, safe_a, has_car, self._rate())

    def _steps(self, most_a: float, ahead_s: int, running: Mapping[int, Running]) -> tuple[Step, ...]:
        """The lower of both limits, for as long as a lease lasts."""
        if not self._profiles.kept:
            return (Step(0, most_a),)
        now, steps = self._utc(), list[Step]()
        for offset_s in range(ahead_s if now is not None else 1):
            at = None if now is None else now + timedelta(seconds=offset_s)
            cloud_a = self._profiles.limit_a(at, running)
            limit_a = profile.settled_a(most_a if cloud_a is None else min(most_a, cloud_a))
            if not steps or steps[-1].limit_a != limit_a:
                steps.append(Step(offset_s, limit_a))
        return tuple(steps)

    def _rate(self) -> Rate:
        if self.keeping.abilities.takes_current:
            return AMPERES
        return Rate(self._profiles.nominal_v * self._observed.phases_in_use())

    async def _perform(self, line: Line, task: Task, at: Situation) -> None:
        """Raises Gone."""
        match task:
            case Arm():
                purpose = task.way.purpose
                if purpose is not None:
                    asked = profile.safe(purpose, task.connector, task.limit_a, at.rate)
                    await self._tell(line, task, "SetChargingProfile", asked, at)
            case Give():
                now = self._observed.clock(time.monotonic(), datetime.now(UTC))
                asked = profile.leased(task.leased, now, at.rate)
                await self._tell(line, task, "SetChargingProfile", asked, at)
            case Preset():
                await self._preset(line, task, at)
            case Look():
                await self._look(line, task, at)

    async def _tell(self, line: Line, task: Task, action: str, asked: Payload, at: Situation) -> None:
        outcome, why = await _asked(line, action, asked)
        after = self.situation(time.monotonic())  # a transaction may have ended meanwhile
        self.keeping.told(task, outcome, why, replace(at, running=after.running))

    async def _preset(self, line: Line, task: Preset, at: Situation) -> None:
        known = self.keeping.abilities
        wanted = f"1.{task.limit_a:.0f}"
        if known.can_change(LOAD_BALANCED) and (known.text(LOAD_BALANCED) or "").lower() != "true":
            await _try(line, "ChangeConfiguration", {"key": LOAD_BALANCED, "value": "true"})
        if known.text(OFFLINE_CURRENT) == wanted:
            self.keeping.told(task, Outcome.ACCEPTED, "", at)
            return
        await self._tell(line, task, "ChangeConfiguration", {"key": OFFLINE_CURRENT, "value": wanted}, at)

    async def _look(self, line: Line, task: Look, at: Situation) -> None:
        try:
            held = await _composite(line, task.connector, at.rate)
        except Refused:
            self.keeping.saw(task, None, time.monotonic())
        except Silent:
            self.keeping.saw(task, None, math.inf)  # it would be silent for as long each time, and limits would wait
        else:
            self.keeping.saw(task, None if held is None else held.limit_a, time.monotonic())

    async def _find(self, line: Line) -> None:
        """What a charge goes on with that began before: told by a unit that has restarted since, or fallen back to."""
        now_s = time.monotonic()
        if self.keeping.held_a(now_s) is not None:
            return
        for connector, number in self.situation(now_s).running.items():
            try:
                held = await _composite(line, connector, self._rate())
            except (Refused, Silent):
                return
            if held is not None:
                self.keeping.found(connector, number, held.limit_a, now_s, held.lasts_s)

    async def _probe(self, line: Line) -> None:
        """What it can; one that does not say is taken for able."""
        known = Abilities()
        try:
            known = known.with_answer(await line.call("GetConfiguration", {"key": [abilities.MOST_KEYS]}, PROBE_S))
            for keys in abilities.questions(known):
                known = known.with_answer(await line.call("GetConfiguration", {"key": keys}, PROBE_S))
        except (Refused, Silent):
            pass
        self.keeping.abilities = known

    @staticmethod
    async def _have_it_tell(line: Line) -> None:
        for what in ("StatusNotification", "MeterValues"):
            await _try(line, "TriggerMessage", {"requestedMessage": what})

    async def _have_it_measure(self, line: Line, sample_s: int) -> None:
        await self._have_it_set(line, SAMPLED_DATA, MEASURED)
        tells = await self._have_it_set(line, SAMPLE_INTERVAL, str(sample_s))
        self._poll_s = None if tells else float(sample_s)

    async def _have_it_set(self, line: Line, key: str, value: str) -> bool:
        """Whether it is set so now."""
        known = self.keeping.abilities
        if known.text(key) == value:
            return True
        return known.can_change(key) and await _try(line, "ChangeConfiguration", {"key": key, "value": value})


async def _asked(line: Line, action: str, payload: Payload) -> tuple[Outcome, str]:
    """What became of it, and what the charger says. Raises Gone."""
    try:
        answer = await line.call(action, payload, ANSWER_S, is_urgent=True)
    except Refused as why:
        return (Outcome.UNSUPPORTED if why.code in _UNSUPPORTED else Outcome.FAILED), str(why)[:100]
    except Silent as why:
        return Outcome.SILENT, str(why)
    status = taken.text(answer, "status") or ""
    return _STATUS.get(status, Outcome.FAILED), status[:100]


async def _try(line: Line, action: str, payload: Payload) -> bool:
    """Whether it does it. Raises Gone."""
    try:
        answer = await line.call(action, payload, PROBE_S)
    except (Refused, Silent):
        return False
    return answer.get("status") in {"Accepted", "RebootRequired"}


@dataclass(frozen=True, slots=True)
class _Composite:
    """What a composite schedule says for now."""

    limit_a: float
    lasts_s: float
    """Until it says something else, as far as it was asked."""


async def _composite(line: Line, connector: int, rate: Rate) -> _Composite | None:
    """What it says that it holds; None: it does not say. Raises CallFailed."""
    asked = {"connectorId": connector, "duration": LOOK_AHEAD_S, "chargingRateUnit": rate.unit}
    answer = await line.call("GetCompositeSchedule", asked, PROBE_S)
    schedule = taken.inner(answer, "chargingSchedule")
    periods = sorted(taken.several(schedule, "chargingSchedulePeriod"), key=_start_s)
    if not periods or answer.get("status") != "Accepted":
        return None
    limit = taken.number(periods[0].get("limit"))
    if limit is None or schedule.get("chargingRateUnit", rate.unit) != rate.unit:
        return None
    lasts_s = next((_start_s(one) for one in periods if taken.number(one.get("limit")) != limit), LOOK_AHEAD_S)
    return _Composite(limit if rate.watts_per_a is None else limit / rate.watts_per_a, float(lasts_s))


def _start_s(period: Mapping[str, object]) -> int:
    return taken.whole(period, "startPeriod") or 0
