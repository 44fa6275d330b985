"""How often the wiring is named right, wrong, or left open; `wiring.py [TRIALS]`.

Its own generator: phasors of five seconds, with CT phase errors up to 3 degrees, pickup of the neighbours'
conductors, currents from 0.2 % of full scale up (log-uniform), and for some rows a step of another load on each phase.
"""

from __future__ import annotations

import cmath
import itertools
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Measurement
from ampguard.wiring.finding import RIGHT
from ampguard.wiring.hypotheses import Connection, connections
from ampguard.wiring.installation import Installation
from ampguard.wiring.judge import Judge
from ampguard.wiring.verdict import Condition

FULL_SCALE_A, LEAST_RATIO = 63.0, 0.002
ALL = Phases.all_of(value=True)
WINDOWS_BEFORE, WINDOWS_AFTER = 25, 25
STEP_A = 6.0
PICKUP_RATIO = 0.0005
EVERY = [one for one in connections(ALL) if len(set(one.phase)) == 3]
SINGLE = [one for one in EVERY if one.faults == 1]
DOUBLE = [one for one in EVERY if one.faults == 2 and sum(one.reversed) == 1]
DOUBLED = [one for one in connections(ALL) if len(set(one.phase)) == 2 and one.faults == 1]


@dataclass(frozen=True)
class Row:
    """Trials of one kind."""

    name: str
    wirings: list[Connection]
    loads: str
    generation_on_site: bool | None = None
    step: bool = False


ROWS = (
    Row("right, ordinary loads", [RIGHT], "ordinary"),
    Row("one fault, ordinary loads", SINGLE, "ordinary"),
    Row("two clamps on one phase, ordinary loads", DOUBLED, "ordinary"),
    Row("swap and reversal, ordinary loads", DOUBLE, "ordinary"),
    Row("swap and reversal, then 6 A on each phase", DOUBLE, "ordinary", step=True),
    Row("right, PF 0.3 to 1 either way", [RIGHT], "any"),
    Row("one fault, PF 0.3 to 1 either way", SINGLE, "any"),
    Row("right, three-phase export, nobody told", [RIGHT], "export"),
    Row("any of 48, export, told", EVERY, "export", generation_on_site=True),
    Row("right, one phase exports, told", [RIGHT], "one exports", generation_on_site=True),
    Row("right, one phase exports, nobody told", [RIGHT], "one exports"),
    Row("any of 48 alike, PF 0.3 to 1 either way", EVERY, "any"),
    Row("the same, then 6 A on each phase", EVERY, "any", step=True),
)


def lags(kind: str, chance: np.random.Generator) -> list[float]:
    """Degrees behind the voltage, of each phase."""
    ordinary = chance.normal(8.0, 14.0, 3).clip(-60.0, 60.0)
    match kind:
        case "any":
            found = np.degrees(np.arccos(chance.uniform(0.3, 1.0, 3))) * chance.choice([-1.0, 1.0], 3)
        case "export":
            found = 180.0 + chance.normal(0.0, 10.0, 3)
        case "one exports":
            found = ordinary.copy()
            found[chance.integers(3)] = 180.0 + chance.normal(0.0, 10.0)
        case _:
            found = ordinary
    return [float(one) for one in found]


def phasors(current_a: list[float], lag_deg: list[float]) -> list[complex]:
    """Of each phase's load."""
    return [
        cmath.rect(size, math.radians(-120.0 * phase - lag))
        for phase, (size, lag) in enumerate(zip(current_a, lag_deg, strict=True))
    ]


def shown(loads: list[complex], wiring: Connection, error_deg: list[float], pickup: list[complex]) -> Measurement:
    """What a window says."""
    seen = [
        loads[place] * (-1.0 if turned else 1.0) * cmath.rect(1.0, math.radians(error)) + leak
        for place, turned, error, leak in zip(wiring.phase, wiring.reversed, error_deg, pickup, strict=True)
    ]
    lag_deg = [math.degrees(cmath.phase(cmath.rect(1.0, math.radians(-120.0 * n)) / one)) for n, one in enumerate(seen)]
    return measurement(
        voltage_angle_deg=Phases(0.0, -120.0, 120.0),
        current_fundamental_rms_a=Phases.of(abs(one) for one in seen),
        current_angle_deg=Phases.of(lag_deg),
    )


def trial(row: Row, chance: np.random.Generator) -> tuple[str, Connection, Connection | None]:
    """What is claimed: right, wrong (a false claim), partly (rightly that something is wrong) or open."""
    wiring = row.wirings[int(chance.integers(len(row.wirings)))]
    low, high = math.log(LEAST_RATIO * FULL_SCALE_A), math.log(FULL_SCALE_A)
    current_a = [float(one) for one in np.exp(chance.uniform(low, high, 3))]
    loads = phasors(current_a, lags(row.loads, chance))
    error_deg = [float(one) for one in chance.uniform(-3.0, 3.0, 3)]
    judge = Judge(Installation(FULL_SCALE_A, ALL, ALL, row.generation_on_site, has_neutral=True))

    def watch(flowing: list[complex], windows: int) -> None:
        leak_a = PICKUP_RATIO * max(map(abs, flowing))
        pickup = [complex(*chance.normal(0.0, leak_a, 2)) for _ in range(3)]
        for _ in range(windows):
            judge.follow(shown(flowing, wiring, error_deg, pickup), PhaseOrder.L1_L2_L3)

    watch(loads, WINDOWS_BEFORE)
    if row.step:
        more = phasors([STEP_A] * 3, [float(one) for one in chance.normal(4.0, 8.0, 3)])
        for phase in range(3):
            loads[phase] += more[phase]
            watch(loads, WINDOWS_AFTER)
    found = judge.finding()
    if found.condition is Condition.UNDECIDED:
        return "open", wiring, None
    if found.connection is None:
        return ("partly" if wiring != RIGHT else "wrong"), wiring, None
    return ("right" if found.connection == wiring else "wrong"), wiring, found.connection


def main() -> int:
    """Print the table."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    chance = np.random.default_rng(20261121)
    print(f"{'':46}{'right':>8}{'partly':>8}{'open':>8}{'wrong claims':>14}")
    examples: Counter[str] = Counter()
    for row in ROWS:
        found = [trial(row, chance) for _ in range(trials)]
        tally = Counter(one for one, _, _ in found)
        share = "".join(f"{100.0 * tally[one] / trials:7.1f}%" for one in ("right", "partly", "open"))
        print(f"{row.name:46}{share}{tally['wrong']:9} of {trials}")
        examples.update(f"{row.name}: {was} taken for {said}" for one, was, said in found if one == "wrong")
    judge = Judge(Installation(FULL_SCALE_A, ALL, ALL, generation_on_site=None, has_neutral=True))
    one = shown(phasors([5.0, 3.0, 8.0], [8.0] * 3), RIGHT, [0.0] * 3, [0j] * 3)
    for _ in range(5):
        judge.follow(one, PhaseOrder.L1_L2_L3)
    begin_s, count = time.perf_counter(), 200
    for _ in itertools.repeat(None, count):
        leak = [complex(*chance.normal(0.0, 1e-4, 2)) for _ in range(3)]  # what flows now is another look each time
        judge.follow(shown(phasors([5.0, 3.0, 8.0], [8.0] * 3), RIGHT, [0.0] * 3, leak), PhaseOrder.L1_L2_L3)
        judge.finding()
    print(f"an evaluation takes {1e3 * (time.perf_counter() - begin_s) / count:.2f} ms (target 2)")
    for text, times in examples.most_common(5):
        print(f"  {times} x {text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
