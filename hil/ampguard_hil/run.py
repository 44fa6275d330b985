"""`make run`: a board, a unit, a broker and somebody who watches, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from ampguard.uplink import message
from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.board import PIN, SERIAL
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker, choose_port
from ampguard_hil.cloud.place import Cloud, CloudGroups, CloudPages
from ampguard_hil.halo.place import Parking
from ampguard_hil.listener import Listener
from ampguard_hil.panel.place import Around
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import Process, ProcessError, wait_until
from ampguard_hil.verdict import START_S, Verdict, complete, expected_readings
from ampguard_hil.view import Snapshot, line, picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ampguard_drivers.simulated.client import BenchPanel
    from ampguard_drivers.simulated.scenarios import Scenario

REFRESH_S = 0.25
LINE_S = 1.0
CATCH_UP_S = 30.0
"""How long the end waits for readings that are still on their way, after an outage for instance."""
LAST_S = 1.0
"""What the last message of a unit may take."""
SAME_WISH_S = 0.2
"""Signals closer together are one wish: a shell or `timeout` may tell us and our group."""
FAULTY, AT_ONCE = 1, 130
"""Exit codes: something went wrong; asked twice, the second time a shell's own code for Ctrl-C."""


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
        self._cloud = Cloud(folder, self._broker)
        chargers = self._scenario.chargers
        self._box = Box(folder, wishes.scenario, seed=wishes.seed, system=True, pages=True, balancing=bool(chargers))
        self._around = Around(folder, self._box.socket)
        self._parking: Parking | None = None
        if chargers:
            port = free_port()
            self._parking = Parking(folder, self._box.socket, f"ws://{HOST}:{port}", count=chargers)
            self._box.group.write_text(self._parking.group(port))
        garage = None if self._parking is None else self._parking.in_cloud()
        self._pages = CloudPages(folder, self._cloud.store, SERIAL, garage)
        self._chargers: list[Process] = []
        """Of a scenario with chargers: they, and the cloud's part that cares for their group."""
        if self._parking is not None:
            groups = CloudGroups(folder, self._broker, self._cloud.store)
            self._chargers = [self._parking.process, groups.process]
        self._panel: BenchPanel | None = None
        self._begin_s: float | None = None
        """When the unit was started."""
        self._events = list(self._scenario.bench_events)
        self._broker_up = True
        self._asked_s: float | None = None
        """When the end began."""
        self._at_once = False

    def main(self) -> int:
        """Run until asked to stop; 0 when every reading arrived, `AT_ONCE` when asked again while stopping."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked_to_stop)
        try:
            with contextlib.ExitStack() as started:
                code = self._whole(started)
        except (ProcessError, BusFault):
            if not self._at_once:  # else it is only what killing them looks like from here
                raise
            code = AT_ONCE
        if not self._at_once:
            return code
        self._say("ended at once")
        return AT_ONCE

    def _whole(self, started: contextlib.ExitStack) -> int:
        """From start to verdict; `started` stops whatever was started, last first, however this ends."""
        self._say(f"starting {self._broker.kind} on {HOST}:{self._broker.port} ...")
        started.callback(self._broker.stop)
        self._broker.start()
        listener = Listener(HOST, self._broker.port)
        started.callback(listener.close)
        started.callback(self._pages.process.stop)
        self._pages.start()
        started.callback(self._cloud.process.stop)
        self._cloud.process.start()
        for process in (*self._box.system, self._box.board, *reversed(self._box.firmware.values())):
            started.callback(process.stop)
        if not self._stopping.is_set():
            self._say("starting the simulated board and the unit: meter, lights, uplink, web ...")
            told = self._scenario
            self._box.settle(self._broker, generation_on_site=told.generation_on_site, others=told.settings)
            self._panel = self._box.power_on()
            started.callback(self._panel.close)
        if not self._stopping.is_set():
            self._begin_s = time.monotonic()
            self._box.boot()
            started.callback(self._around.process.stop)
            self._around.process.start()
            for process in self._chargers:
                started.callback(process.stop)
                process.start()
            for way in self._ways():
                self._say(way)
            self._watch(listener)
        return self._end(listener)

    def _watch(self, listener: Listener) -> None:
        if self._wishes.plain or not self._console.is_terminal:
            next_s, sentence, changes = 0.0, "", 0
            while not self._over():
                self._step()
                for change in listener.changes[changes:]:
                    changes += 1
                    self._say(f"         {change['charger']}: {change['sentence']}")
                if time.monotonic() >= next_s:
                    next_s = time.monotonic() + LINE_S
                    shot = self._snapshot(listener)
                    if shot.wiring is not None and shot.wiring["sentence"] != sentence:
                        sentence = shot.wiring["sentence"]
                        self._say(f"         {sentence or 'the voltages are right'}")
                    self._say(line(shot))
                self._stopping.wait(REFRESH_S)
            return
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while not self._over():
                self._step()
                live.update(picture(self._snapshot(listener), self._console.width), refresh=True)
                self._stopping.wait(REFRESH_S)

    def _over(self) -> bool:
        run_s = self._wishes.run_s
        return self._stopping.is_set() or (run_s is not None and self._elapsed_s() >= run_s)

    def _elapsed_s(self) -> float:
        return 0.0 if self._begin_s is None else time.monotonic() - self._begin_s

    def _step(self) -> None:
        self._box.watch()
        self._cloud.process.watch()
        self._pages.process.watch()
        self._around.process.watch()
        for process in self._chargers:
            process.watch()
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
            balance=listener.balance,
            tally=listener.tally(),
            ways=self._ways(),
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
        restarts = {each.name: each.restarts for each in self._box.processes}
        # a restart that somebody asked for takes its time, too
        away_s = sum(START_S + one_s for one_s in self._box.restarts_s)
        expected = expected_readings(self._elapsed_s() - away_s)
        if self._asked_s is None:
            self._asked_s = time.monotonic()
        self._say("stopping ... (Ctrl-C now ends it at once)")
        if not self._broker_up:
            self._broker.start()
        meter = self._box.firmware["meter"].stop()
        self._await_readings(listener, expected)
        codes = {**self._box.stop(), "meter": meter}
        self._wait(lambda: listener.tally().online is not True, LAST_S)
        verdict = Verdict(listener.tally(), expected, restarts, codes)
        if not self._at_once:
            if verdict.tally.readings:
                account = self._cloud.account(SERIAL)
                self._say(f"the reference cloud: {'no store' if account is None else account.sentence}")
            for sentence in (verdict.summary(), *verdict.faults()):
                self._say(sentence)
        return verdict.code

    def _await_readings(self, listener: Listener, expected: int) -> None:
        """Wait for readings that are still on their way; not where none has ever arrived."""
        # a unit that has just come online may be sending its first one at this moment
        self._wait(lambda: listener.tally().readings > 0 or listener.tally().online is not True, LAST_S)
        tally = listener.tally()
        if tally.readings and not complete(tally, expected):
            self._say("waiting for readings that are still on their way ...")
            self._wait(lambda: complete(listener.tally(), expected), CATCH_UP_S)

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> None:
        wait_until(lambda: self._at_once or condition(), timeout_s)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """A signal: the first one ends the run in order, the next one at once."""
        now_s = time.monotonic()
        if self._asked_s is None:
            self._asked_s = now_s
        elif now_s - self._asked_s >= SAME_WISH_S:
            self._at_once = True
            for process in (
                *self._box.processes,
                *self._box.system,
                self._around.process,
                *self._chargers,
                self._cloud.process,
                self._pages.process,
                self._broker.process,
            ):
                process.end()
        self._stopping.set()

    def _ways(self) -> tuple[str, ...]:
        """Where to look and what to ask, what matters most first."""
        chargers = [] if self._parking is None else [f"chargers' pages  {'  '.join(self._parking.pages)}"]
        commands: tuple[str, ...] = ("wiring show", "wiring check", "wiring accept", "report make")
        if self._parking is not None:
            commands = ("balance show", "balance why", "balance replay", *commands)
        return (
            f"unit page  {self._box.page}  PIN: {PIN}  (as on a LAN, encrypted: {self._box.secure_page})",
            *chargers,
            f"bench panel  {self._around.address}  (no part of the unit: scenarios, heaters, its button)",
            self._subscribe(),
            self._pages.address(),
            self._box.command_line(*commands),
        )

    def _subscribe(self) -> str:
        topics = shlex.quote(message.topic("+", "#"))
        listen = f"mosquitto_sub -h {HOST} -p {self._broker.port} -v"
        if shutil.which("mosquitto_sub") is None:  # this one came with us
            own = Path(os.path.relpath(Path(sys.executable).with_name("amqtt_sub")))
            listen = f"{shlex.quote(str(own))} --url mqtt://{HOST}:{self._broker.port}"
        return f"subscribe with:  {listen} -t {topics}"

    def _say(self, sentence: str) -> None:
        print(sentence, flush=True)  # noqa: T201 - the program's output


def run(wishes: Wishes) -> int:
    """Run it in a folder of its own, whose logs stay where something went wrong."""
    with tempfile.TemporaryDirectory(prefix="ampguard-", ignore_cleanup_errors=True) as folder:
        try:
            code = Run(wishes, Path(folder)).main()
        except ProcessError as why:
            words = f"{why}\n{textwrap.indent(why.last_words, '    ')}".rstrip()
            print(words, file=sys.stderr)  # noqa: T201 - a sentence for people, and the end of the log
            return FAULTY
        if code == FAULTY:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"--- {log.name}\n{_tail(log)}", file=sys.stderr)  # noqa: T201 - for whoever looks into it
    return code


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
