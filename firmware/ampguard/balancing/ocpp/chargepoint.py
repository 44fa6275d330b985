"""One charger: its connection, its limits, and the way to its cloud; what it says goes where `rules` have it go."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import rules, taken
from ampguard.balancing.ocpp.cloudprofiles import Running
from ampguard.balancing.ocpp.cloudside import CloudSide
from ampguard.balancing.ocpp.keeping import Wish
from ampguard.balancing.ocpp.limiter import Limiter
from ampguard.balancing.ocpp.line import Gone, Line, Silent
from ampguard.balancing.ocpp.local import Local
from ampguard.balancing.ocpp.observed import Observed
from ampguard.balancing.ocpp.profile import LEAST_A
from ampguard.balancing.ocpp.report import Report
from ampguard.balancing.ocpp.rules import FromCharger
from ampguard.balancing.ocpp.transactions import Transaction

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from websockets.asyncio.server import ServerConnection

    from ampguard.balancing.ocpp.configuration import Charger, Configuration
    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.store import Store
    from ampguard.phrase import Phrase

GREETING_S = 1.0
"""A charger that has restarted says so at once; one that only comes back may say nothing."""


class ChargePoint:
    """Over all its connections.

    Args:
        setup: what the owner says of it.
        configuration: of the whole unit.
        store: what is kept on the medium.
        utc: the wall clock; None while nobody has set it.
        changed: is told when there is something new to report.
        logger: for what somebody may have to look after.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all of it counts
        self,
        setup: Charger,
        configuration: Configuration,
        store: Store,
        utc: Callable[[], datetime | None],
        changed: Callable[[str], None],
        logger: logging.Logger,
    ) -> None:
        self.setup = setup
        self._configuration = configuration
        self._utc = utc
        self._transactions = store.transactions
        self._changed = changed
        self._log = logger
        self._line: Line | None = None
        self._heard_s: float | None = None
        self._beginning: int | None = None
        """A connector whose transaction the charger has not been told of yet."""
        self._greeted = asyncio.Event()
        self.warning: Phrase | None = None
        self._observed = Observed()
        profiles, tags = store.profiles(setup.id), store.tags(setup.cloud)
        self._local = Local(
            setup.id,
            configuration,
            store.transactions,
            tags,
            utc=utc,
            clock=self._clock,
            logger=logger,
            is_known=True,
        )
        self._limiter = Limiter(setup, self._observed, profiles, self._running, utc)
        self._cloud = (
            None
            if setup.cloud is None
            else CloudSide(
                setup.cloud, setup.id, store, tags, profiles, self._observed, self._limiter, self._running, logger
            )
        )

    @property
    def line(self) -> Line | None:
        """The connection, while there is one."""
        return self._line

    async def serve(self, socket: ServerConnection) -> None:
        """One connection, from its opening to its end. There is one at a time."""
        line = self._line = Line(socket, self.setup.id, self._from_charger, self._answered, self._log)
        self._greeted.clear()
        self._limiter.asked_s = None
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._limit(line))]
                if self._cloud is not None:
                    tasks.append(group.create_task(self._cloud.run(line)))
                self._changed(self.setup.id)
                await line.run()
                for task in tasks:
                    task.cancel()
        finally:
            self._heard_s, self._line = line.heard_s, None
            self._changed(self.setup.id)

    def set_limit(self, limit_a: float, lease_s: float, phases: int | None = None) -> None:
        """From now on at most so much, for so long, on so many phases. Raises ValueError for what is no limit."""
        if not (limit_a == 0.0 or LEAST_A <= limit_a < 1000.0) or not 0.0 < lease_s <= 86400.0:  # noqa: PLR2004 - a day
            raise ValueError(f"wanted 0 A or 6 A and more for up to a day, met {limit_a} A for {lease_s} s")
        self._limiter.keeping.wish = Wish(limit_a, time.monotonic() + lease_s, phases)
        self._limiter.stir()

    def report(self) -> Report:
        """The last that is known."""
        now_s, keeping, line = time.monotonic(), self._limiter.keeping, self._line
        heard_s = self._heard_s if line is None else line.heard_s
        drawn, ways, limit_a = self._observed.drawn(heard_s), keeping.ways(now_s), keeping.held_a(now_s)
        upstream = None if self._cloud is None else self._cloud.upstream
        said = (keeping.refusal, self.warning, None if upstream is None else upstream.why)
        return Report(
            charger=self.setup.id,
            is_online=line is not None,
            asked_s=self._limiter.asked_s,
            heard_s=heard_s,
            status=self._observed.status(),
            has_car=self._observed.has_car(),
            wants=self._observed.wants(),
            current_a=drawn.current_a,
            unphased_a=drawn.unphased_a,
            drawn_s=drawn.drawn_s,
            is_inferred=drawn.is_inferred,
            power_w=drawn.power_w,
            energy_wh=drawn.energy_wh,
            limit_a=limit_a,
            limit_ends_s=None if limit_a is None else keeping.ends_s(),
            is_confirmed=keeping.is_confirmed(),
            way=ways.charging,
            safe_a=keeping.safe_a(),
            is_leased=ways.is_leased,
            cloud=None if upstream is None else upstream.state,
            cloud_a=self._limiter.cloud_a(),
            unsent=0 if self._cloud is None else self._cloud.unsent,
            told=tuple(one for one in said if one is not None),
        )

    async def _limit(self, line: Line) -> None:
        try:
            async with asyncio.timeout(GREETING_S):
                await self._greeted.wait()
        except TimeoutError:
            pass
        try:
            await self._limiter.run(line, self._configuration.sample_s)
        except Gone:
            return

    def _clock(self) -> datetime:
        """What the charger hears that the time is: its own where ours was never set; its cloud may have set it."""
        now = datetime.now(UTC)
        return now if self._utc() is not None else self._observed.clock(time.monotonic(), now)

    def _running(self) -> Mapping[int, Running]:
        """Transactions that the charger knows of and goes on with."""
        return {
            connector: Running(one.id, taken.moment({"at": one.begun_utc}, "at") or datetime.now(UTC))
            for connector, one in self._transactions.running(self.setup.id).items()
            if connector != self._beginning and not self._observed.is_over(connector)
        }

    async def _from_charger(self, action: str, payload: Payload) -> Payload:
        """Raises Refused."""
        self._observed.note(action, payload, time.monotonic())
        if action == "StartTransaction":
            self._beginning = taken.whole(payload, "connectorId")
        if self._cloud is None:
            return await self._local.answer(action, payload)
        match rules.FROM_CHARGER.get(action, FromCharger.FORWARD):
            case FromCharger.LOCAL:
                return await self._local.answer(action, payload)
            case FromCharger.LAST:
                answer = await self._local.answer(action, payload)
                self._cloud.note_status(payload)
                return answer
            case FromCharger.KEPT:
                return await self._kept(self._cloud, action, payload)
            case FromCharger.ASKED | FromCharger.FORWARD:
                try:
                    return await self._cloud.ask(action, payload)
                except (Gone, Silent):
                    return await self._local.answer(action, payload)

    async def _kept(self, cloud: CloudSide, action: str, payload: Payload) -> Payload:
        """The cloud answers; where it does not, the unit does and keeps the message for it. Raises Refused."""
        if action == "MeterValues" and not cloud.wants(payload, time.monotonic()):
            return await self._local.answer(action, payload)
        try:
            answer = await cloud.ask(action, payload)
        except (Gone, Silent):
            answer = await self._local.answer(action, payload)
            await cloud.keep(action, payload, taken.whole(answer, "transactionId"))
            return answer
        number = taken.whole(answer if action == "StartTransaction" else payload, "transactionId")
        if number is None:
            return answer
        if action == "StartTransaction":
            begun = taken.moment(payload, "timestamp") or datetime.now(UTC)
            connector, meter_wh = taken.whole(payload, "connectorId") or 1, taken.whole(payload, "meterStart") or 0
            tag = taken.text(payload, "idTag") or ""
            self._transactions.began(self.setup.id, Transaction(number, connector, tag, taken.written(begun), meter_wh))
            await self._local.kept()
        elif action == "StopTransaction" and self._transactions.ended(self.setup.id, number) is not None:
            await self._local.kept()
        return answer

    def _answered(self, action: str, payload: Payload, answer: Payload) -> None:
        """The charger has been told: from now on it may be asked for what follows from it."""
        match action:
            case "BootNotification" if answer.get("status") == "Accepted":
                self._limiter.restarted()
                if self._cloud is not None:
                    self._cloud.note_boot(payload)
            case "StartTransaction":
                self._beginning = None
                if self._cloud is not None:
                    self._cloud.began(taken.whole(payload, "connectorId") or 1)
            case "StopTransaction" | "StatusNotification":
                if self._cloud is not None:
                    self._cloud.pruned()
            case _:
                pass
        self._greeted.set()
        self._limiter.stir()
        self._changed(self.setup.id)
