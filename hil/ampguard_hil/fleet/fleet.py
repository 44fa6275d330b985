"""The fleet as a whole: its processes started, told when to measure and when to end, and their tallies added up."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ampguard_hil.fleet.pattern import Pattern
from ampguard_hil.fleet.tally import Tally
from ampguard_hil.fleet.unit import Life, serial_of
from ampguard_hil.fleet.worker import Order, Share, Told, work

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from ampguard_hil.fleet.session import Broker

END_PATIENCE_S = 60.0
"""For hanging up, beyond what is waited for blocks on their way."""


class FleetError(Exception):
    """The fleet cannot run; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of fleet."""

    units: int
    every_s: float = 10.0
    batch: int = 10
    committed: bool = False
    live: bool = False
    connects_per_s: float = 500.0
    processes: int = 2
    patience_s: float = 20.0
    """The ramp may take so much longer than it is meant to, and the end waits so long for what is on its way."""


@dataclass
class Fleet:
    """Used by one thread; `close` it."""

    wish: Wish
    broker: Broker
    tallies: dict[int, Told] = field(default_factory=dict[int, Told], init=False)
    """What each process told last."""

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        wish = self.wish
        pattern = Pattern(wish.batch, f"fleet-{secrets.token_hex(4)}")
        life = Life(self.broker, pattern, wish.every_s, wish.committed, wish.live)
        serials = [serial_of(number) for number in range(wish.units)]
        self._ends: list[Connection] = []
        self._processes: list[BaseProcess] = []
        for number in range(min(wish.processes, wish.units)):
            ours, theirs = context.Pipe()
            share = Share(
                serials[number :: wish.processes], life, wish.connects_per_s / wish.processes, wish.patience_s
            )
            process = context.Process(target=work, args=(theirs, share), name=f"fleet {number}", daemon=True)
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)

    @property
    def tally(self) -> Tally:
        """Of all processes, as far as they have told."""
        whole = Tally()
        for told in self.tallies.values():
            whole.add(told.tally)
        return whole

    @property
    def everybody_was_connected(self) -> bool:
        """Once at least."""
        return len(self.tallies) == len(self._ends) and all(
            one.everybody_was_connected for one in self.tallies.values()
        )

    def ramp(self, watch: Callable[[Tally], None]) -> bool:
        """Until every unit has been connected; whether it came to that in time. Raises FleetError."""
        limit_s = self.wish.units / self.wish.connects_per_s + self.wish.patience_s
        return self._listen(limit_s, lambda: self.everybody_was_connected, watch)

    def measure(self, duration_s: float, watch: Callable[[Tally], None]) -> None:
        """Latencies count from now on; until that time is over. Raises FleetError."""
        self._order(Order.MEASURE)
        self._listen(duration_s, lambda: False, watch)

    def finish(self, watch: Callable[[Tally], None]) -> Tally:
        """End it; all that was counted. Raises FleetError."""
        self._order(Order.FINISH)
        if not self._listen(self.wish.patience_s + END_PATIENCE_S, self._have_all_results, watch):
            raise FleetError(f"wanted the results of {len(self._ends)} processes, met silence")
        return self.tally

    def close(self) -> None:
        """Whatever still runs ends."""
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()

    def _have_all_results(self) -> bool:
        return len(self.tallies) == len(self._ends) and all(one.is_result for one in self.tallies.values())

    def _order(self, order: Order) -> None:
        for end in self._ends:
            try:
                end.send(order)
            except OSError as why:
                raise FleetError("one of the fleet's processes has ended") from why

    def _listen(self, limit_s: float, enough: Callable[[], bool], watch: Callable[[Tally], None]) -> bool:
        """Whether it became enough within that time."""
        deadline_s = time.monotonic() + limit_s
        while not enough():
            rest_s = deadline_s - time.monotonic()
            if rest_s <= 0.0:
                return False
            pending = [end for number, end in enumerate(self._ends) if not self._has_result(number)]
            heard = multiprocessing.connection.wait(pending, min(rest_s, 1.0))
            for number, end in enumerate(self._ends):
                if end in heard:
                    self.tallies[number] = _received(end)
            if heard:
                watch(self.tally)
        return True

    def _has_result(self, number: int) -> bool:
        return number in self.tallies and self.tallies[number].is_result


def _received(end: Connection) -> Told:
    try:
        told = end.recv()
    except (EOFError, OSError) as why:
        raise FleetError("one of the fleet's processes has ended") from why
    if not isinstance(told, Told):
        raise FleetError(f"wanted a tally, met {type(told).__name__}")
    return told
