"""`python -m ampguard_hil.campaign`: kill -9 whatever runs, at random instants, and judge what the cloud has then.

Units on simulated boards, a real Mosquitto that keeps in memory what it acknowledged, two ingest processes that share
one store. Each reading that a unit's journal holds must be in the store, once and with its values.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_hil.box import Box
from ampguard_hil.broker import HOST, Broker, choose_port
from ampguard_hil.campaign_ear import Ear
from ampguard_hil.campaign_journal import JournalError, damage, readings
from ampguard_hil.campaign_judge import judged, stored_keys
from ampguard_hil.campaign_plan import INGESTS, Plan, Strike, Target, kinds_of
from ampguard_hil.campaign_report import Outcome, saved, table
from ampguard_hil.campaign_victim import Death, Victim
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FIRST_READINGS_S = 40.0
SETTLE_S = 150.0
"""How long what is still on its way may take; the units' patience with a silent cloud begins with 20 s."""
HOPELESS_S = 10.0
"""The same for the last readings, where what was before them has not come either."""
AIM_S = 3.0
"""How long an aimed kill waits for the message that it is aimed at."""
STRAY_S = 12.0
"""So long after its board was killed a meter may end by itself."""
PROGRESS = 10
"""Kills from one line to the next."""
GOOD, FAULTY, IMPOSSIBLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for."""

    kills: int
    seed: int
    units: int


class Campaign:
    """One campaign in a folder; `main` returns what came of it."""

    def __init__(self, wishes: Wishes, folder: Path) -> None:
        self._wishes = wishes
        self._folder = folder
        self._broker = Broker(folder, choose_port(None))
        if not self._broker.speaks_mqtt5:
            raise ProcessError("a campaign needs Mosquitto: no other broker here shares a subscription")
        self._store = folder / "cloud.sqlite"
        self._boxes = {serial: _box(folder, serial, self._broker) for serial in _serials(wishes.units)}
        self._victims = {(victim.kind, victim.serial): victim for victim in self._all_victims()}
        self._plan = Plan(wishes.seed, wishes.units)
        self._kills: list[Death] = []
        self._lost_with_broker = 0
        self._settled_s: float | None = None
        self._begin_s = time.monotonic()

    def main(self) -> Outcome:
        """Start, kill, settle, stop, judge. Raises ProcessError where it cannot even start."""
        with contextlib.ExitStack() as started:
            for victim in reversed(self._victims.values()):
                started.callback(victim.process.stop)
            ear = Ear(HOST, self._broker.port)
            started.callback(ear.close)
            self._start()
            self._begin_s = time.monotonic()
            while len(self._kills) < self._wishes.kills:
                self._perform(self._plan.next_strike(), ear)
            lasted_s = time.monotonic() - self._begin_s
            _say("letting everything settle ...")
            self._settle()
            codes = self._stop()
            heard = ear.live()
        verdicts = [
            judged(serial, journal_of(self._folder, serial), self._store, self._kills) for serial in self._boxes
        ]
        return Outcome(
            seed=self._wishes.seed,
            lasted_s=lasted_s,
            settled_s=self._settled_s,
            kills=tuple(self._kills),
            lost_with_broker=self._lost_with_broker,
            only_live=len(heard - self._in_journals()),
            units=tuple(verdicts),
            unexplained=(*self._strays(codes), *self._complaints(), *damage(self._store)),
        )

    def _all_victims(self) -> Iterable[Victim]:
        """In the order in which they are started."""
        yield Victim("broker", self._broker.process)
        for name in INGESTS:
            command = [sys.executable, "-m", "ampguard_hil.cloud.ingest", "--store", str(self._store), "--name", name]
            where = ["--host", HOST, "--port", str(self._broker.port)]
            yield Victim(name, Process(name, [*command, *where], self._folder / f"{name}.log", {}))
        for serial, box in self._boxes.items():
            yield Victim("board", box.board, serial)
            yield Victim("meter", box.firmware["meter"], serial)
            yield Victim("uplink", box.firmware["uplink"], serial)

    def _start(self) -> None:
        self._broker.start()
        for name in INGESTS:
            self._victim(name).process.start()
        for serial, box in self._boxes.items():
            box.power_on().close()
            for name in ("meter", "uplink"):
                self._victim(name, serial).process.start()
        units = len(self._boxes)
        _say(f"{units} unit{'s' * (units > 1)}, {self._broker.kind}, two ingest processes; seed {self._wishes.seed}")
        if not self._until(
            lambda: {serial for serial, _, _ in self._committed()} == set(self._boxes), FIRST_READINGS_S
        ):
            words = "\n".join(f"{one.kind}: {one.process.last_words()}" for one in self._victims.values())
            raise ProcessError("no reading of every unit reaches the cloud, before anything is killed", words)

    # ------------------------------------------------------------ killing

    def _perform(self, strike: Strike, ear: Ear) -> None:
        self._until(lambda: False, strike.wait_s)
        if strike.silence_s > 0.0:
            for name in INGESTS:
                self._kill(Target(name, None, strike.silence_s + 0.5))
            self._until(lambda: False, strike.silence_s)
        if strike.aim is not None:
            ear.next_message(strike.aim, AIM_S)
        threading.Event().wait(strike.after_s)
        if any(target.kind == "broker" for target in strike.targets) and not any(map(self._runs, INGESTS)):
            self._lost_with_broker += len(ear.records() - self._committed())
        for target in strike.targets:
            self._kill(target)

    def _kill(self, target: Target) -> None:
        serial = None if target.unit is None else tuple(self._boxes)[target.unit]
        death = self._victim(target.kind, serial).kill(target.away_s)
        if death is None:
            return
        self._kills.append(death)
        if len(self._kills) % PROGRESS == 0:
            counts = kinds_of([one.kind for one in self._kills])
            passed_s = time.monotonic() - self._begin_s
            each = "  ".join(f"{kind} {count}" for kind, count in counts.items())
            _say(f"{len(self._kills):4} kills in {passed_s:4.0f} s  {each}  stored {len(self._committed())}")

    # ------------------------------------------------------------ the end

    def _settle(self) -> None:
        """Start what is still dead; then all that the journals hold by then must arrive."""
        begin_s = time.monotonic()
        self._until(lambda: all(victim.runs for victim in self._victims.values()), SETTLE_S)
        self._until(lambda: False, 3.0)
        wanted = self._in_journals()
        if self._until(lambda: wanted <= self._committed(), SETTLE_S):
            self._settled_s = time.monotonic() - begin_s

    def _stop(self) -> dict[str, int | None]:
        """The meters first, so that their last readings are sent; then who sends, who is measured, and the cloud."""
        codes = self._stop_all("meter")
        wanted = self._in_journals()
        wait_until(lambda: wanted <= self._committed(), HOPELESS_S if self._settled_s is None else SETTLE_S)
        for kind in ("uplink", "board", *INGESTS, "broker"):
            codes |= self._stop_all(kind)
        return codes

    def _stop_all(self, kind: str) -> dict[str, int | None]:
        return {
            f"{victim.kind} {victim.serial or ''}".strip(): victim.process.stop()
            for victim in self._victims.values()
            if victim.kind == kind
        }

    def _strays(self, codes: dict[str, int | None]) -> list[str]:
        """Processes that ended by themselves without a reason, or did not end well when asked to."""
        found = [f"{name}: exit code {code} when asked to stop" for name, code in codes.items() if code != 0]
        for victim in self._victims.values():
            found += [
                f"{death.kind} {death.serial or ''} ended by itself, exit code {death.code}"
                for death in victim.own_deaths
                if not self._follows_its_board(death)
            ]
        return found

    def _follows_its_board(self, death: Death) -> bool:
        return death.kind == "meter" and any(
            kill.kind == "board" and kill.serial == death.serial and 0.0 <= death.at_s - kill.at_s <= STRAY_S
            for kill in self._kills
        )

    def _complaints(self) -> list[str]:
        """Logs of programs that ended in a way nobody foresaw."""
        logs = sorted(self._folder.rglob("*.log"))
        return [
            f"{log.relative_to(self._folder)}: a traceback"
            for log in logs
            if "Traceback" in log.read_text(errors="replace")
        ]

    # ------------------------------------------------------------ what they have

    def _victim(self, kind: str, serial: str | None = None) -> Victim:
        return self._victims[kind, serial]

    def _runs(self, kind: str) -> bool:
        return self._victim(kind).runs

    def _until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came true in that time; meanwhile what died is started again when its time has come."""

        def watched_condition() -> bool:
            for victim in self._victims.values():
                victim.watch()
            return condition()

        return wait_until(watched_condition, timeout_s)

    def _committed(self) -> set[tuple[str, str, int]]:
        return stored_keys(self._store) if self._store.is_file() else set()

    def _in_journals(self) -> set[tuple[str, str, int]]:
        found: set[tuple[str, str, int]] = set()
        for serial in self._boxes:
            with contextlib.suppress(JournalError):  # it is judged by it at the end
                kept = readings(journal_of(self._folder, serial))
                found |= {(serial, boot, sequence) for boot, sequence in kept}
        return found


def _serials(units: int) -> list[str]:
    return [f"26110000{number:02}1G" for number in range(1, units + 1)]


def _box(folder: Path, serial: str, broker: Broker) -> Box:
    box = Box(folder / serial, "steady", serial=serial)
    box.settle(broker, generation_on_site=False)
    return box


def journal_of(folder: Path, serial: str) -> Path:
    """Where a unit of a campaign in that folder has its journal."""
    return folder / serial / "data" / "journal.sqlite"


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - the program's output


def main(words: Sequence[str] | None = None) -> int:
    """Run one; 0 where nothing was lost, doubled or unexplained, 1 where anything was, 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.campaign", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance; another one each time")
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--report", type=Path, help="a JSON file with all that was found")
    asked = parser.parse_args(words)
    if asked.kills < 1 or not 1 <= asked.units <= 99:  # noqa: PLR2004 - serials have room for two digits
        parser.error("at least one kill, and 1 to 99 units")
    folder = Path(tempfile.mkdtemp(prefix="ampguard-kills-"))
    try:
        outcome = Campaign(Wishes(asked.kills, asked.seed, asked.units), folder).main()
    except ProcessError as why:
        shutil.rmtree(folder, ignore_errors=True)
        sys.stderr.write(f"{why}\n{why.last_words}".rstrip() + "\n")
        return IMPOSSIBLE
    _say(table(outcome))
    if asked.report is not None:
        asked.report.write_text(saved(outcome))
    if outcome.good:
        shutil.rmtree(folder, ignore_errors=True)
        return GOOD
    _say(f"journals, store and logs are kept in {folder}")
    return FAULTY


if __name__ == "__main__":
    raise SystemExit(main())
