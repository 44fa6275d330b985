"""Which command is done, which is answered at once, and which was done already. No I/O.

One at a time, a few a minute, each correlation once: who hears no answer asks again with the same correlation and gets
the same answer. The last hundred answers are remembered, but not over a restart of the process: a command that was done
just before one is done once more when it is asked again. A refusal is not remembered: nothing was done.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.settings.commands import CommandName
from ampguard.uplink import heard
from ampguard.uplink.commands import commands
from ampguard.uplink.commands.commands import Answer, Command, Status, Task
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.uplink.heard import Arrived, Now

REMEMBERED = 100
AT_MOST_A_MINUTE = 30
MINUTE_S = 60.0
LONGEST_CORRELATION_DATA = 64
"""Bytes."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WAY = re.compile(r"[^+#\x00-\x1f\x7f]{1,200}")
_KNOWN = frozenset(name.value for name in CommandName)


@dataclass(frozen=True, slots=True)
class Way:
    """Where an answer goes."""

    lane: str
    """Its topic below the unit's."""
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A command that is to be done now; `Ledger.finished` takes its answer."""

    name: CommandName
    correlation: str
    digest: bytes
    task: Task
    way: Way


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that can be given at once."""

    answer: Answer
    way: Way


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Nobody can be answered: only the log hears why."""

    reason: str


class Ledger:
    """Of one unit, over all connections of a process.

    Args:
        topic: the unit's, above all its lanes, with a slash at its end.
        allowed: what the owner allows; all else is refused.
    """

    def __init__(self, topic: str, allowed: frozenset[CommandName]) -> None:
        self._topic = topic
        self._allowed = allowed
        self._done: OrderedDict[str, tuple[bytes, Answer]] = OrderedDict()
        self._under_way: Order | None = None
        self._begun_s: deque[float] = deque()

    def heard(self, arrived: Arrived, now: Now) -> Order | Response | Unsaid | None:
        """What follows from a message; None where nothing does (what is under way will be answered)."""
        if not arrived.payload:
            return None  # a retained one is taken away
        name = arrived.lane.partition("/")[2]
        if _NAME.fullmatch(name) is None:
            return Unsaid(f"a command of the name {heard.shown(name)}")
        way, elsewhere = self._way(name, arrived)
        correlation: str | None = None
        if len(arrived.correlation_data or b"") > LONGEST_CORRELATION_DATA:
            return Unsaid(f"command {name}: correlation data of more than {LONGEST_CORRELATION_DATA} bytes")
        try:
            found = heard.fields_of(arrived.payload, commands.largest(name))
            correlation = heard.correlation_of(found)
            return self._judged(name, found, way, arrived, elsewhere, now)
        except Unusable as why:
            can_be_told = correlation is not None or way.correlation_data is not None or arrived.response_topic
            if not can_be_told:
                return Unsaid(f"command {name}: {why}")
            return Response(_undone(correlation, str(why)), way)

    def finished(self, order: Order, answer: Answer) -> None:
        """An order was carried out, or failed: its answer is remembered; one that was refused in the end is not."""
        self._under_way = None
        if answer.status is Status.REFUSED:
            return
        self._done[order.correlation] = (order.digest, answer)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def _way(self, name: str, arrived: Arrived) -> tuple[Way, str | None]:
        """Where the answer goes, and the topic that was wanted but is not the unit's."""
        below = f"{self._topic}response/"
        wanted = arrived.response_topic
        if wanted is None:
            return Way(f"response/{name}", arrived.correlation_data), None
        if wanted.startswith(below) and _WAY.fullmatch(wanted.removeprefix(below)) is not None:
            return Way(wanted.removeprefix(self._topic), arrived.correlation_data), None
        return Way(f"response/{name}", arrived.correlation_data), wanted

    def _judged(  # noqa: PLR0913, PLR0917 - all of it counts
        self, name: str, found: Mapping[str, object], way: Way, arrived: Arrived, elsewhere: str | None, now: Now
    ) -> Order | Response | None:
        """Raises Unusable."""
        if arrived.retained:
            raise Unusable("wanted a command that is not retained: this one would be done at each connection")
        if elsewhere is not None:
            raise Unusable(f"wanted a response topic below {self._topic}response/, met {heard.shown(elsewhere)}")
        command = commands.command_of(found)
        if name not in _KNOWN:
            there_are = ", ".join(sorted(_KNOWN))
            reason = f"{name} is no command; there are {there_are}"
            return Response(_undone(command.correlation, reason, Status.UNKNOWN), way)
        known = CommandName(name)
        if known not in self._allowed:
            raise Unusable(f"{name} is not on the allow-list of this unit ([commands] allow)")
        digest = commands.digest(name, command.arguments)
        if (before := self._done.get(command.correlation)) is not None:
            if before[0] != digest:
                raise Unusable("this correlation was another command's: wanted a new one")
            return Response(before[1], way)
        task = commands.task_of(known, command.arguments)
        return self._order(Order(known, command.correlation, digest, task, way), command, now)

    def _order(self, order: Order, command: Command, now: Now) -> Order | None:
        """Raises Unusable where it is late, or too much."""
        running = self._under_way
        if running is not None and (running.correlation, running.digest) == (order.correlation, order.digest):
            return None
        _check_expiry(command, now)
        if running is not None:
            raise Unusable(f"busy: {running.name} is under way")
        while self._begun_s and now.monotonic_s - self._begun_s[0] >= MINUTE_S:
            self._begun_s.popleft()
        if len(self._begun_s) >= AT_MOST_A_MINUTE:
            raise Unusable(f"busy: {AT_MOST_A_MINUTE} commands within a minute are the most")
        self._begun_s.append(now.monotonic_s)
        self._under_way = order
        return order


def _check_expiry(command: Command, now: Now) -> None:
    expires = None if command.expires_utc is None else heard.utc(command.expires_utc)
    if expires is None:
        return
    if not now.trusted:
        raise Unusable("nobody has set this unit's clock: whether the command has expired cannot be told")
    if expires <= now.utc:
        raise Unusable(f"it expired at {expires.isoformat()}, it is {now.utc.isoformat(timespec='milliseconds')} now")


def _undone(correlation: str | None, reason: str, status: Status = Status.REFUSED) -> Answer:
    return Answer(correlation=correlation, status=status, reason=reason, result={})
