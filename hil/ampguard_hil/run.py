"""`make run`: a board, a unit, a broker and somebody who watches, until Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from ampguard.uplink import message
from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.box import Box, BoxError
from ampguard_hil.broker import HOST, Broker, BrokerError, choose_port
from ampguard_hil.listener import Listener, Tally
from ampguard_hil.processes import wait_until
from ampguard_hil.view import Snapshot, line, picture

if TYPE_CHECKING:
    from types import FrameType

    from ampguard_drivers.simulated.client import BenchPanel
    from ampguard_drivers.simulated.scenarios import Scenario

REFRESH_S = 0.25
LINE_S = 1.0
CATCH_UP_S = 30.0
"""How long the end waits for readings that are still on their way, after an outage for instance."""
START_S = 4.0
"""What the unit may take to its first reading, and the last one that is not whole."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for."""

    scenario: str
    run_s: float | None = None
    port: int | None = None
    plain: bool = False
    seed: int = 0


class Run:
    """One run; `main` returns its exit code."""

    def __init__(self, wishes: Wishes, folder: Path) -> None:
        self._wishes = wishes
        self._folder = folder
        self._scenario: Scenario = SCENARIOS[wishes.scenario]()
        self._stopping = threading.Event()
        self._console = Console()
        self._broker = Broker(folder, choose_port(wishes.port))
        self._box = Box(folder, wishes.scenario, seed=wishes.seed)
        self._panel: BenchPanel | None = None
        self._begin_s = time.monotonic()
        self._events = list(self._scenario.bench_events)
        self._broker_up = True

    def main(self) -> int:
        """Run until asked to stop; 0 when every reading arrived."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked_to_stop)
        self._say(f"starting {self._broker.kind} on {HOST}:{self._broker.port} ...")
        self._broker.start()
        listener = Listener(HOST, self._broker.port)
        try:
            self._say("starting the simulated board and the unit: meter, lights, uplink ...")
            self._box.settle(self._broker, generation_on_site=self._scenario.generation_on_site)
            self._panel = self._box.power_on()
            self._begin_s = time.monotonic()
            self._box.boot()
            self._say(self._subscribe())
            self._watch(listener)
        finally:
            code = self._end(listener)
        return code

    def _watch(self, listener: Listener) -> None:
        if self._wishes.plain or not self._console.is_terminal:
            next_s = 0.0
            while not self._over():
                self._step()
                if time.monotonic() >= next_s:
                    next_s = time.monotonic() + LINE_S
                    print(line(self._snapshot(listener)), flush=True)  # noqa: T201 - the program's output
                self._stopping.wait(REFRESH_S)
            return
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while not self._over():
                self._step()
                live.update(picture(self._snapshot(listener)), refresh=True)
                self._stopping.wait(REFRESH_S)

    def _over(self) -> bool:
        run_s = self._wishes.run_s
        return self._stopping.is_set() or (run_s is not None and self._elapsed_s() >= run_s)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begin_s

    def _step(self) -> None:
        self._box.watch()
        while self._events and self._elapsed_s() >= self._events[0].at_s:
            event = self._events.pop(0)
            self._broker_up = event.what == "broker on"
            if self._broker_up:
                self._broker.start()
            else:
                self._broker.stop()
        if self._broker_up:
            self._broker.process.watch()

    def _snapshot(self, listener: Listener) -> Snapshot:
        latest_s = listener.latest_s
        return Snapshot(
            scenario=self._scenario.name,
            story=self._scenario.story,
            elapsed_s=self._elapsed_s(),
            reading=listener.latest,
            age_s=None if latest_s is None else time.monotonic() - latest_s,
            lit=self._lit(),
            wiring=listener.wiring,
            tally=listener.tally(),
            subscribe=self._subscribe(),
            broker=self._broker.kind,
            broker_up=self._broker_up,
            processes=tuple((each.name, each.pid is not None, each.restarts) for each in self._box.processes),
        )

    def _lit(self) -> frozenset[str]:
        try:
            if self._panel is not None:
                return self._panel.lit_lights()
        except BusFault:
            self._panel = None
        return frozenset()

    def _end(self, listener: Listener) -> int:
        """Stop everything in order and say how it went."""
        restarts = sum(each.restarts for each in self._box.processes)
        self._say("stopping ...")
        if not self._broker_up:
            self._broker.start()
        self._box.firmware["meter"].stop()
        expected = max(1, int(self._elapsed_s() - START_S))
        if not _complete(listener.tally(), expected):
            self._say("waiting for readings that are still on their way ...")
            wait_until(lambda: _complete(listener.tally(), expected), CATCH_UP_S)
        if self._panel is not None:
            self._panel.close()
        codes = self._box.stop()
        wait_until(lambda: listener.tally().online is False, 1.0)
        tally = listener.tally()
        listener.close()
        self._broker.stop()
        bad = [f"{name} ended with {code}" for name, code in codes.items() if code not in {0, None}]
        self._say(
            f"{tally.readings} readings of {tally.boots} run{'s' if tally.boots != 1 else ''} of the meter arrived, "
            f"{tally.missing} missing, {tally.twice} twice; {restarts} restart{'s' if restarts != 1 else ''}."
        )
        if tally.readings < expected:
            bad.append(f"at least {expected} readings were to be expected")
        for sentence in bad:
            self._say(sentence)
        return 0 if not tally.missing and not bad and not restarts else 1

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _subscribe(self) -> str:
        topics = shlex.quote(message.topic("+", "#"))
        return f"subscribe with:  mosquitto_sub -h {HOST} -p {self._broker.port} -v -t {topics}"

    def _say(self, sentence: str) -> None:
        print(sentence, flush=True)  # noqa: T201 - the program's output


def _complete(tally: Tally, expected: int) -> bool:
    return tally.readings >= expected and not tally.missing


def run(wishes: Wishes) -> int:
    """Run it in a folder of its own, whose logs stay where something went wrong."""
    with tempfile.TemporaryDirectory(prefix="ampguard-", ignore_cleanup_errors=True) as folder:
        try:
            code = Run(wishes, Path(folder)).main()
        except (BrokerError, BoxError) as why:
            print(why, file=sys.stderr)  # noqa: T201 - a sentence for people
            return 1
        if code:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"--- {log.name}\n{_tail(log)}", file=sys.stderr)  # noqa: T201 - for whoever looks into it
    return code


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
