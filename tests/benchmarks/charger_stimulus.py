"""How often the stimulus test of a charger finds its phases, and whether it ever names a wrong one.

`python -m tests.benchmarks.charger_stimulus [TRIALS]`: buildings in which other things are switched on and off, clamps
on wrong phases, reversed, of another set; cars on one to three phases that draw less, answer late, ramp slowly;
chargers that tell their currents each second or never, and that cannot change their phases.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.balancing.made import car
from tests.ampguard.balancing.stimulus_made import Setting, World, misled, wrong

ORDERS = [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (2, 1, 0)]
PLACES = [(0, 1, 2)] * 12 + [(1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1), (0, 0, 2), (1, 1, 2)]


def trial(seed: int) -> World:
    """One of all that there may be."""
    dice = random.Random(seed)
    setting = Setting(
        order=dice.choice(ORDERS),
        places=dice.choice(PLACES),
        signs=tuple(dice.choice((1.0, 1.0, 1.0, -1.0)) for _ in range(3)),  # type: ignore[arg-type]  # three
        ratios=tuple(dice.choice((1.0, 1.0, 1.0, 0.5, 2.0)) * dice.uniform(0.97, 1.03) for _ in range(3)),  # type: ignore[arg-type]  # three
        latency_s=dice.uniform(0.05, 1.5),
        tells_s=dice.choice((1.0, 5.0, 5.0, 5.0, 10.0, 30.0, math.inf)),
        switches=dice.random() < 0.7,
        noise_a=0.3 if dice.random() < 0.1 else dice.uniform(0.01, 0.12),
        steps_per_s=dice.choice((0.0, 0.01, 0.03, 0.1)),
        starved=(90.0, 90.0 + dice.uniform(0.0, 60.0)) if dice.random() < 0.2 else (math.inf, math.inf),
        seed=seed,
    )
    slow = dice.random() < 1 / 6
    return World(
        setting,
        car(
            phases=dice.choice((1, 2, 3, 3)),
            max_a=dice.choice((16.0, 16.0, 32.0, 32.0, 8.0)),
            less_a=dice.uniform(0.0, 2.0),
            down_delay_s=4.0 if slow else dice.uniform(0.3, 1.7),
            down_a_per_s=30.0 if slow else dice.uniform(8.0, 30.0),
            up_delay_s=dice.uniform(0.5, 3.0),
            up_a_per_s=dice.uniform(1.0, 5.0),
            resume_s=dice.uniform(10.0, 60.0),
        ),
    ).run()


def verdict(world: World) -> str:
    """What came of it."""
    if wrong(world):
        return "wrong"
    phases, used = world.test.mapping.phases, world.car.phases
    known = sum(phase is not None for phase in phases)
    if used == 2 and known == 1:
        return "two phases: the third terminal"
    if known == len(phases):
        return "all"
    if known:
        return "one phase: its terminal" if used == 1 else "some"
    return "nothing"


def main(trials: int, first: int) -> int:
    """Print the table; 1 where anything was claimed that is not so."""
    found: Counter[tuple[str, str]] = Counter()
    mistakes: list[str] = []
    for seed in range(first, first + trials):
        world = trial(seed)
        kind = f"{world.car.phases} phases" + ("" if world.setting.switches else ", cannot change them")
        if world.setting.tells_s == math.inf:
            kind = "tells nothing"
        found[kind, verdict(world)] += 1
        mistakes += [f"{seed}: {one}" for one in (*wrong(world), *misled(world))]
    for (kind, what), count in sorted(found.items()):
        sys.stdout.write(f"{kind:<32} {what:<32} {count:5d}\n")
    sys.stdout.write(f"{trials} trials, {len(mistakes)} wrong claims\n" + "".join(f"  {one}\n" for one in mistakes))
    return int(bool(mistakes))


if __name__ == "__main__":
    raise SystemExit(main(*(int(one) for one in (sys.argv[1:] + ["300", "0"][len(sys.argv) - 1 :])[:2])))
