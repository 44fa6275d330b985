"""`python -m ampguard_hil.campaign`: kill -9 whatever runs, at random instants, and judge what the cloud has then.

Units on simulated boards that send by MQTT, by HTTPS or by both; a real Mosquitto that keeps in memory what it
acknowledged; two ingest processes and an HTTPS entrance that share one store, and PostgreSQL under it. Each reading
that a unit's journal holds must be in the store, once and with its values; and the cloud's own account of each unit
must say of each second that is missing why it is, and say what is true.
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

from ampguard_hil.broker import Broker
from ampguard_hil.campaign_account import accounted
from ampguard_hil.campaign_cloud import CampaignCloud, Engine
from ampguard_hil.campaign_ear import Ear
from ampguard_hil.campaign_journal import newest_run
from ampguard_hil.campaign_judge import judged
from ampguard_hil.campaign_plan import DATABASE, ENTRANCE, FIRST_READING, INGESTS, Plan, Strike, Target, kinds_of
from ampguard_hil.campaign_report import Outcome, saved, table
from ampguard_hil.campaign_store import stored_events, stored_keys
from ampguard_hil.campaign_units import Units, journal_of
from ampguard_hil.campaign_victim import Death, Victim, strays, tracebacks
from ampguard_hil.cloud.store import StoreError
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ampguard_hil.campaign_account import AccountVerdict
    from ampguard_hil.campaign_judge import UnitVerdict

FIRST_READINGS_S = 40.0
SETTLE_S = 150.0
"""How long what is still on its way may take; the units' patience with a silent cloud begins with 20 s."""
HOPELESS_S = 10.0
"""The same for the last readings, where what was before them has not come either."""
AIM_S = 3.0
"""How long an aimed kill waits for the message that it is aimed at."""
FIRST_READING_S = 8.0
"""How long it waits for a meter's first reading."""
PROGRESS = 10
"""Kills from one line to the next."""
GOOD, FAULTY, IMPOSSIBLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for."""

    kills: int
    seed: int
    units: int
    engine: Engine | None = None
    """Of the store; None: PostgreSQL where it is installed, else SQLite."""


class Campaign:
    """One campaign in a folder; `main` returns what came of it, and the store can be asked until `close`."""

    def __init__(self, wishes: Wishes, folder: Path) -> None:
        """Raises ProcessError where a program is not installed."""
        self._wishes = wishes
        self._folder = folder
        self._broker = Broker(folder, free_port())  # not the usual one: strangers may look for a broker there
        if not self._broker.speaks_mqtt5:
            raise ProcessError("a campaign needs Mosquitto: no other broker here shares a subscription")
        self.cloud = CampaignCloud(wishes.engine, folder, self._broker)
        self._units = Units(wishes.units, folder, self._broker, self.cloud.url)
        every = (Victim("broker", self._broker.process), *self.cloud.victims, *self._units.victims())
        self._victims = {(victim.kind, victim.serial): victim for victim in every}
        self._plan = Plan(wishes.seed, wishes.units, {victim.kind for victim in every})
        self._kills: list[Death] = []
        self._known: frozenset[tuple[str, str, int]] = frozenset()
        """Readings that the store held when it answered last."""
        self._lost_with_broker = 0
        self._settled_s: float | None = None
        self._begin_s = time.monotonic()

    def main(self) -> Outcome:
        """Start, kill, settle, stop, judge. Raises ProcessError where it cannot even start."""
        with contextlib.ExitStack() as started:
            for victim in reversed(self._victims.values()):
                if victim.kind != DATABASE:  # whoever comes to judge will ask it
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
        verdicts = [self.judged(serial) for serial in self._units.serials]
        return Outcome(
            seed=self._wishes.seed,
            store=self.cloud.engine.value,
            ways=self._units.ways,
            lasted_s=lasted_s,
            settled_s=self._settled_s,
            kills=tuple(self._kills),
            lost_with_broker=self._lost_with_broker,
            only_live=len(heard - self._units.readings()),
            units=tuple(unit for unit, _ in verdicts),
            accounts=tuple(account for _, account in verdicts),
            unexplained=(
                *strays(self._victims.values(), self._kills, codes),
                *tracebacks(self._folder),
                *self.cloud.complaints(),
            ),
        )

    def judged(
        self, serial: str, store: str | None = None, kills: Sequence[Death] | None = None
    ) -> tuple[UnitVerdict, AccountVerdict]:
        """What both judges find of a unit; in another store or with other kills, if there are any."""
        where, known = store or self.cloud.store, self._kills if kills is None else kills
        journal = journal_of(self._folder, serial)
        unit = judged(serial, journal, where, known)
        return unit, accounted(unit, journal, where, known)

    def keep(self) -> None:
        """What PostgreSQL has goes where everything else is."""
        self.cloud.keep()

    def close(self) -> None:
        """End what outlived the campaign."""
        self.cloud.close()

    def _start(self) -> None:
        self._broker.start()
        self.cloud.start()
        self._units.start()
        units = ", ".join(f"{serial} by {way}" for serial, way in self._units.ways.items())
        below = f"{self._broker.kind}, two ingest processes, an HTTPS entrance, {self.cloud.engine.value}"
        _say(f"units {units}; {below}; seed {self._wishes.seed}")
        if not self._until(
            lambda: {serial for serial, _, _ in self._committed()} == set(self._units.serials), FIRST_READINGS_S
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
        if strike.aim == FIRST_READING:
            self._await_first_reading(strike.targets[0])
        elif strike.aim is not None:
            ear.next_message(strike.aim, AIM_S)
        threading.Event().wait(strike.after_s)
        if any(target.kind == "broker" for target in strike.targets) and not any(map(self._runs, INGESTS)):
            # counted too high by what a database that is away just now has stored since it was asked last
            self._lost_with_broker += len(ear.records() - self._committed())
        for target in strike.targets:
            self._kill(target)

    def _await_first_reading(self, target: Target) -> None:
        """Kill that meter, and be there when its next run keeps a reading."""
        serial = self._units.serials[target.unit or 0]
        journal = journal_of(self._folder, serial)
        self._kill(Target(target.kind, target.unit, 0.0))
        known = newest_run(journal)
        self._until(lambda: self._victim(target.kind, serial).runs, AIM_S)
        never, deadline_s = threading.Event(), time.monotonic() + FIRST_READING_S
        while newest_run(journal) in {known, None} and time.monotonic() < deadline_s:
            never.wait(0.0005)

    def _kill(self, target: Target) -> None:
        serial = None if target.unit is None else self._units.serials[target.unit]
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
        wanted, told = self._units.readings(), self._units.events()
        if self._until(lambda: self._has(wanted, told), SETTLE_S):
            self._settled_s = time.monotonic() - begin_s

    def _stop(self) -> dict[str, int | None]:
        """The meters first, so that their last readings are sent; then who sends, who is measured, and the cloud."""
        codes = self._stop_all("meter")
        wanted, told = self._units.readings(), self._units.events()
        wait_until(lambda: self._has(wanted, told), HOPELESS_S if self._settled_s is None else SETTLE_S)
        for kind in ("uplink", "board", *INGESTS, ENTRANCE, "broker"):
            codes |= self._stop_all(kind)
        return codes

    def _stop_all(self, kind: str) -> dict[str, int | None]:
        return {
            f"{victim.kind} {victim.serial or ''}".strip(): victim.process.stop()
            for victim in self._victims.values()
            if victim.kind == kind
        }

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

    def _committed(self) -> frozenset[tuple[str, str, int]]:
        with contextlib.suppress(StoreError):  # it is being killed as well
            self._known = frozenset(stored_keys(self.cloud.store))
        return self._known

    def _has(self, wanted: set[tuple[str, str, int]], told: set[tuple[str, str, int]]) -> bool:
        """Whether the cloud has these readings and these events."""
        try:
            return wanted <= self._committed() and told <= stored_events(self.cloud.store)
        except StoreError:
            return False


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - the program's output


def main(words: Sequence[str] | None = None) -> int:
    """Run one; 0 where nothing was lost, doubled or unexplained, 1 where anything was, 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.campaign", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance; another one each time")
    parser.add_argument(
        "--units", type=int, default=3, help="the first by MQTT, the second by HTTPS, the third by both"
    )
    parser.add_argument(
        "--store",
        type=Engine,
        choices=tuple(Engine),
        help="PostgreSQL is killed too; without a word it is the store where it is installed",
    )
    parser.add_argument("--report", type=Path, help="a JSON file with all that was found")
    asked = parser.parse_args(words)
    if asked.kills < 1 or not 1 <= asked.units <= 99:  # noqa: PLR2004 - serials have room for two digits
        parser.error("at least one kill, and 1 to 99 units")
    folder = Path(tempfile.mkdtemp(prefix="ampguard-kills-"))
    with contextlib.ExitStack() as made:
        try:
            campaign = Campaign(Wishes(asked.kills, asked.seed, asked.units, asked.store), folder)
            made.callback(campaign.close)
            outcome = campaign.main()
        except ProcessError as why:
            shutil.rmtree(folder, ignore_errors=True)
            sys.stderr.write(f"{why}\n{why.last_words}".rstrip() + "\n")
            return IMPOSSIBLE
        _say(table(outcome))
        if asked.report is not None:
            asked.report.write_text(saved(outcome))
        if not outcome.good:
            campaign.keep()
            _say(f"journals, store and logs are kept in {folder}")
            return FAULTY
    shutil.rmtree(folder, ignore_errors=True)
    return GOOD


if __name__ == "__main__":
    raise SystemExit(main())
