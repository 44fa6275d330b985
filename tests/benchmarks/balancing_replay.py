"""A day of six chargers, played again from its why-log: `python -m tests.benchmarks.balancing_replay [HOURS]`.

An apartment house with a 63 A fuse: cars that come and go, a meter, a charger and a cloud that are lost, a process that
is restarted, and once with the power, so that its log is torn. The log is the service's own, in files of an hour; it is
played by `ampguard balance replay`, which compares each decision to the last digit. Time is virtual.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
from tests.ampguard.balancing.made import Building, car, charger, group
from tests.benchmarks.chargers import loads

from ampguard.balancing.decision import Rule
from ampguard.balancing.observation import CloudLimit, TogetherLimit
from ampguard.balancing.why import WhyLog
from ampguard.phases import Phase
from ampguard.services.balancer import chronicle
from ampguard.services.balancer.chronicle import WhyFiles, parts
from ampguard.services.balancer.command import main as balance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.chargers.cars import Car

    from ampguard.balancing.allocation import Balancer
    from ampguard.balancing.decision import Decision

FUSE_A, HOMES, CHARGERS, HOUR_S = 63.0, 9, 6, 3600.0
ORDERS = ((Phase.L1, Phase.L2, Phase.L3), (Phase.L2, Phase.L3, Phase.L1), (Phase.L3, Phase.L1, Phase.L2))


@dataclass
class Day(Building):
    """What is decided goes into the why-log, in a new life after each restart."""

    files: WhyFiles | None = None
    folder: Path = Path()
    written: int = 0
    """Decisions with orders or reasons that are in the log."""
    rules: set[Rule] = field(default_factory=set[Rule])
    _life_of: Balancer | None = None
    _why: WhyLog | None = None

    def _decide(self, balancer: Balancer, now_s: float) -> None:
        if balancer is not self._life_of:
            self._life_of, self._why = balancer, WhyLog(self.group)
            cast("WhyFiles", self.files).begin(self._why.opened())
        super()._decide(balancer, now_s)
        self._log(self.decisions[-1])
        del self.decisions[:-1], self.observations[:-1]
        if len(self.told_a) > 1000:
            del self.told_a[:-100]

    def _log(self, decision: Decision) -> None:
        files, why = cast("WhyFiles", self.files), cast("WhyLog", self._why)
        files.add(why.seen(self.observations[-1]))
        if (line := why.decided(decision)) is not None:
            files.add(line)
            self.written += 1
            self.rules |= {one.rule for one in decision.reasons}

    def write(self) -> None:
        """As the service does when it ends."""

        async def written() -> None:
            keeping = asyncio.create_task(cast("WhyFiles", self.files).keep())
            await asyncio.sleep(0)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

        asyncio.run(written())


def _cars(chance: np.random.Generator, duration_s: float) -> list[Car]:
    """Some stay all day, some come for some hours; one obeys late, two charge on one phase."""
    found: list[Car] = []
    for number in range(CHARGERS):
        arrives_s = float(chance.uniform(0.0, 0.25)) * duration_s
        stays_s = float(chance.uniform(0.4, 0.75)) * duration_s
        found.append(car(
            phases=1 if number in {2, 4} else 3, max_a=float(chance.choice([11.0, 16.0, 32.0])),
            less_a=float(chance.uniform(0.0, 1.5)), down_delay_s=4.0 if number == 0 else 1.0,
            resume_s=float(chance.uniform(10.0, 60.0)), arrives_s=arrives_s, leaves_s=arrives_s + stays_s,
            need_as=float(chance.uniform(0.3, 0.8)) * 10.0 * stays_s,
        ))  # fmt: skip
    return found


def day(folder: Path, hours: float, seed: int = 0) -> Day:
    """Not begun. What is lost and restarted lies at parts of the day, and lasts as long as it does in each."""
    chance, duration_s = np.random.default_rng([20261122, seed]), hours * HOUR_S
    house = loads.Building(chance, int(duration_s), 0.0)
    loads.apartments(house, HOMES)
    base_a = loads.scaled(house.current_a, 0.9 * FUSE_A)

    def flows_a(now_s: float) -> tuple[float, float, float]:
        one, other, third = base_a[:, min(int(now_s), base_a.shape[1] - 1)]
        return float(one), float(other), float(third)

    def is_led(now_s: float) -> bool:
        """The cloud is away for a quarter of each third of the day."""
        return now_s % (duration_s / 3.0) < duration_s / 4.0

    def cloud(now_s: float) -> tuple[CloudLimit | None, ...]:
        renewed_s = now_s - now_s % 5.0
        if not is_led(renewed_s):
            return ()
        limits_a = (10.0, 14.5, 32.0, 16.0, 8.0, 12.0)
        return tuple(CloudLimit(one, renewed_s + 15.0) for one in limits_a)

    def together(now_s: float) -> TogetherLimit | None:
        is_told = 0.6 * duration_s < now_s < 0.65 * duration_s
        return TogetherLimit((30.0, None, 25.0), 0.65 * duration_s) if is_told else None

    def at(part: float, lasts_s: float) -> tuple[float, float]:
        return part * duration_s, part * duration_s + lasts_s

    chargers = [
        charger(f"Place {number + 1}", max_a=32.0 if number == 2 else 16.0, phases=ORDERS[number % 3],
                offline_a=6.0 if number < 3 else 0.0, priority=2 if number == 1 else 1)
        for number in range(CHARGERS)
    ]  # fmt: skip
    return Day(
        group(*chargers, supply_max_a=FUSE_A, max_online_a=FUSE_A, max_offline_a=0.3 * FUSE_A),
        _cars(chance, duration_s),
        flows_a,
        meter_out=[at(0.1, 3.0), at(0.2, 10.0), at(0.4, 90.0)],
        charger_out=[(0, *at(0.3, 60.0)), (3, *at(0.5, 600.0))],
        unit_out=[at(0.35, 5.0), at(0.55, 45.0), at(0.8, 2.0)],
        cloud=cloud,
        together=together,
        folder=folder,
    )


@contextlib.contextmanager
def virtual(found: Day) -> Iterator[None]:
    """The why-log's clock is the day's."""
    whole = chronicle.time
    chronicle.time = SimpleNamespace(monotonic=lambda: found.now_s)  # type: ignore[assignment]  # of it nothing else is used
    try:
        found.files = WhyFiles(found.folder, lambda: None, logging.getLogger("replay"))
        yield
    finally:
        chronicle.time = whole


def play(found: Day, hours: float, *, torn_life: int = 2) -> int:
    """To its end; how many decisions are in the log. The end of one life is lost with the power."""
    with virtual(found):
        while found.now_s < hours * HOUR_S:
            found.until(found.now_s + min(600.0, hours * 100.0))
            found.write()
    path = [path for life, _, path in parts(found.folder) if life == torn_life][-1]
    path.write_bytes(path.read_bytes()[:-7])
    return found.written


def replayed(folder: Path) -> int:
    """`ampguard balance replay` with all lives; its exit code."""
    return balance(["replay", *(str(path) for _, _, path in parts(folder))])


def main() -> int:
    """A day, or as many hours as are asked for."""
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    with tempfile.TemporaryDirectory() as name:
        found, began_s = day(Path(name), hours), time.process_time()
        count = play(found, hours)
        played_s = time.process_time() - began_s
        listed = parts(found.folder)
        lives = len({life for life, _, _ in listed})
        size_bytes = sum(path.stat().st_size for _, _, path in listed)
        print(
            f"{hours:g} h, {CHARGERS} chargers: {count} decisions logged in {lives} lives, "
            f"{size_bytes / 1e6:.1f} MB; fuse {'tripped' if found.tripped else 'held'}; {played_s:.0f} s of CPU\n"
            f"rules: {', '.join(sorted(found.rules))}",
            flush=True,
        )
        began_s = time.process_time()
        code = replayed(found.folder)
        print(f"played again in {time.process_time() - began_s:.0f} s of CPU")
        return code


if __name__ == "__main__":
    sys.exit(main())
