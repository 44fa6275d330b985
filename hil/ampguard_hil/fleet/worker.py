"""A share of the fleet in a process of its own, which obeys two words and tells how it goes."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard_hil.fleet.tally import Tally
from ampguard_hil.fleet.unit import Life, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

TELL_S = 1.0
LOOKS = 5
"""Each second this part of the units is looked after."""
HANDSHAKES_AT_ONCE = 16
"""Threads that connect."""


class Order(StrEnum):
    """From the parent."""

    MEASURE = "measure"
    """Latencies count from now on."""
    FINISH = "finish"
    """Make no more blocks, wait for those on their way, hang up, and send the result."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one process does."""

    serials: Sequence[str]
    life: Life
    connects_per_s: float
    settle_s: float
    """How long the end waits for what is on its way."""


@dataclass(frozen=True, slots=True)
class Told:
    """From a process."""

    tally: Tally
    everybody_was_connected: bool
    is_result: bool


def work(parent: Connection, share: Share) -> None:
    """The process: until the parent says so, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    asyncio.run(_Work(parent, share).run())


class _Work:
    def __init__(self, parent: Connection, share: Share) -> None:
        self._parent = parent
        self._share = share
        self._tally = Tally()
        self._units: list[Unit] = []
        self._finish = asyncio.Event()
        self._measured_from_s: float | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._parent.fileno(), self._ordered)
        with ThreadPoolExecutor(HANDSHAKES_AT_ONCE) as executor:
            side = [loop.create_task(self._ramp(executor)), loop.create_task(self._tell())]
            await self._finish.wait()
            side[0].cancel()
            for unit in self._units:
                unit.make_no_more()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._share.settle_s):
                    while not all(unit.settled for unit in self._units):  # noqa: ASYNC110 - thousands, not one
                        await asyncio.sleep(0.05)
            side[1].cancel()
            await asyncio.gather(*side, return_exceptions=True)
            result = self._told(is_result=True)  # before they hang up: so many were connected at the end
            for unit in self._units:
                await unit.leave()
        loop.remove_reader(self._parent.fileno())
        with contextlib.suppress(OSError):
            self._parent.send(result)

    async def _ramp(self, executor: ThreadPoolExecutor) -> None:
        """Let the units begin, so many each second."""
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        for number, serial in enumerate(self._share.serials):
            await asyncio.sleep(max(0.0, begin_s + number / self._share.connects_per_s - loop.time()))
            unit = Unit(serial, self._share.life, self._tally, executor)
            unit.measured_from_s = self._measured_from_s
            self._units.append(unit)

    async def _tell(self) -> None:
        """How it goes, each second; and look after the units."""
        turn = 0
        while True:
            await asyncio.sleep(TELL_S)
            for unit in self._units[turn::LOOKS]:
                unit.look()
            turn = (turn + 1) % LOOKS
            with contextlib.suppress(OSError):  # a parent that is gone is heard of in `_ordered`
                self._parent.send(self._told(is_result=False))

    def _told(self, *, is_result: bool) -> Told:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._tally.processor_s = usage.ru_utime + usage.ru_stime
        everybody = len(self._units) == len(self._share.serials) and all(unit.was_connected for unit in self._units)
        # a copy: hanging up is no more counted
        return Told(copy(self._tally) if is_result else self._tally.brief(), everybody, is_result)

    def _ordered(self) -> None:
        try:
            order = self._parent.recv()
        except (EOFError, OSError):
            order = Order.FINISH
        match order:
            case Order.MEASURE:
                self._measured_from_s = asyncio.get_running_loop().time()
                for unit in self._units:
                    unit.measured_from_s = self._measured_from_s
            case _:
                self._finish.set()
