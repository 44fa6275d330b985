"""The other side has a say: commands are judged, done and answered, limits are taken; what is neither is logged.

Answers go out beside the records and never behind more of them than `gate` lets through.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ampguard.errors import JournalFault, SetupError, UplinkFault
from ampguard.settings.commands import CommandName
from ampguard.uplink import message
from ampguard.uplink.commands import chargerlimits, limits
from ampguard.uplink.commands.chargerlimits import Given
from ampguard.uplink.commands.commands import Answer, Status
from ampguard.uplink.commands.ledger import Ledger, Order, Response, Unsaid, Way
from ampguard.uplink.commands.limits import Limits
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Coroutine, Mapping

    from ampguard.readings import Json
    from ampguard.uplink.commands.performing import Performer
    from ampguard.uplink.heard import Arrived
    from ampguard.uplink.presence import Introduction

LONGEST_COMMAND_S = 120.0
ANSWERS_AT_ONCE = 8
"""On their way to the broker; who asks faster than it can be told hears nothing."""
COMPLAINT_S = 60.0
"""Of what cannot be used or was refused the log has one line in so long."""


class Control:
    """Of one unit, over all its connections.

    Args:
        say: sends a payload to a lane, with what MQTT 5 calls correlation data.
        spawn: lets work go on by itself.
    """

    def __init__(  # noqa: PLR0913 - who it is, what it may, and what it works with
        self,
        serial: str,
        allowed: frozenset[CommandName],
        performer: Performer,
        introduction: Introduction,
        *,
        say: Callable[[str, bytes, bytes | None], Coroutine[None, None, bool]],
        spawn: Callable[[Coroutine[None, None, bool]], None],
        logger: logging.Logger,
    ) -> None:
        self._serial = serial
        self._ledger = Ledger(message.topic(serial, ""), allowed)
        self._limits = Limits()
        self._may_lead = CommandName.GROUP in allowed
        self._given: Given | None = None
        """The newest limits of chargers."""
        self._news: list[tuple[str, Json]] = []
        self._performer = performer
        self._introduction = introduction
        self._say, self._spawn = say, spawn
        self._log = logger
        self._answering = 0
        self._complained_s: float | None = None
        self._unsaid = 0

    def takers(self) -> Mapping[str, Callable[[Arrived], None]]:
        """By the lane: who takes what comes there."""
        return {"command/+": self.command, "limit": self.limit, "limits": self.limit_chargers}

    def within(self) -> list[tuple[str, Json]]:
        """What the unit's other processes are told: the limit that holds, that the lights are to blink, what is new."""
        now_s = time.monotonic()
        held = self._limits.holds(now_s)
        told: list[tuple[str, Json]] = [("limit", {"limit_a": None} if held is None else held.told(now_s))]
        if (remaining_s := self._performer.identify_remaining_s) > 0.0:
            told.append(("identify", {"remaining_s": remaining_s}))
        news, self._news = self._news, []
        return told + news

    def command(self, arrived: Arrived) -> None:
        """Somebody asks something of the unit."""
        match self._ledger.heard(arrived, self._introduction.now()):
            case Order() as order:
                self._spawn(self._carry_out(order))
            case Response(answer, way):
                if answer.status is not Status.DONE:
                    self._complain(f"command {arrived.lane.partition('/')[2]} {answer.status}: {answer.reason}")
                self._answer(answer, way)
            case Unsaid(reason):
                self._complain(f"cannot be answered: {reason}")
            case None:
                pass

    def limit(self, arrived: Arrived) -> None:
        """Somebody limits the chargers, or takes the limit back."""
        if not arrived.payload:
            if self._limits.withdrawn():
                self._log.info("limit: taken back")
            return
        correlation: str | None = None
        try:
            limit = limits.limit_of(arrived.payload)
            correlation = limit.correlation
            held = self._limits.heard(limit, self._introduction.now())
        except Unusable as why:
            self._complain(f"limit not taken: {why}")
            answer = Answer(correlation=correlation, status=Status.REFUSED, reason=str(why), result={})
        else:
            if held is not None:
                told = held.told(time.monotonic())
                self._log.info("limit: %s A for %s s", told["limit_a"], told["remaining_s"])
            answer = Answer(correlation=correlation, status=Status.DONE, reason=None, result={})
        if correlation is not None:
            self._answer(answer, Way("response/limit"))

    def limit_chargers(self, arrived: Arrived) -> None:
        """Somebody who balances elsewhere says what each charger may draw."""
        if not self._may_lead:
            self._complain(f"limits not taken: {CommandName.GROUP} is not on the allow-list of this unit")
            return
        now = self._introduction.now()
        try:
            given = chargerlimits.given(arrived, self._given, now)
        except Unusable as why:
            self._complain(f"limits not taken: {why}")
            return
        self._given = given
        # each once, when it comes: the balancer counts how often it is renewed
        self._news.append(("limits", given.told(now.monotonic_s)))

    async def _carry_out(self, order: Order) -> bool:
        begun_s = time.monotonic()
        status, result = Status.FAILED, dict[str, object]()
        reason: str | None = "it was broken off"
        try:
            async with asyncio.timeout(LONGEST_COMMAND_S):
                result = {**await self._performer.perform(order.task)}
            status, reason = Status.DONE, None
        except TimeoutError:
            reason = f"not done within {LONGEST_COMMAND_S:g} s"
        except (SetupError, Unusable) as why:
            status, reason = Status.REFUSED, str(why)
        except (JournalFault, UplinkFault) as why:
            reason = str(why)
        finally:
            answer = Answer(correlation=order.correlation, status=status, reason=reason, result=result)
            self._ledger.finished(order, answer)
        took_s = time.monotonic() - begun_s
        self._log.info(
            "command %s %a: %s in %.3f s%s",
            order.name,
            order.correlation,
            status,
            took_s,
            f": {reason}" if reason else "",
        )
        self._answer(answer, order.way)
        return True

    def _answer(self, answer: Answer, way: Way) -> None:
        if self._answering >= ANSWERS_AT_ONCE:
            self._complain(f"more than {ANSWERS_AT_ONCE} answers under way: one is not given")
            return
        self._answering += 1
        self._spawn(self._told(message.response(self._serial, answer.body()), way))

    async def _told(self, payload: bytes, way: Way) -> bool:
        try:
            return await self._say(way.lane, payload, way.correlation_data)
        finally:
            self._answering -= 1

    def _complain(self, sentence: str) -> None:
        now_s = time.monotonic()
        if self._complained_s is not None and now_s - self._complained_s < COMPLAINT_S:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more since the last such line)" if self._unsaid else ""
        self._log.warning("%s%s", sentence, more)
        self._complained_s, self._unsaid = now_s, 0
