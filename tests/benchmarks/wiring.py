"""How often the wiring is named right, wrong, or left open: `wiring.py [TRIALS] [--picture FILE]`.

Its own generator, told in the words of a building: what flows in each phase, what the grid does with it, how the clamps
sit. CT phase errors up to 3 degrees and gains of class 1, pickup of the neighbours' conductors, voltages that sag
with the current and wander by themselves, currents from nothing to full scale. Beneath a row stand its wrong claims.
The rows marked with a star are meant to show a limit: buildings that look alike until something is switched.
`wiring_days.py` watches buildings for long.
"""

from __future__ import annotations

import argparse
import cmath
import itertools
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.finding import RIGHT, is_of_the_voltage
from ampguard.wiring.hypotheses import Connection, connections
from ampguard.wiring.installation import Installation
from ampguard.wiring.judge import Judge
from ampguard.wiring.verdict import Condition

FULL_SCALE_A, LEAST_RATIO = 63.0, 0.002
ALL = Phases.all_of(value=True)
ONE = Phases(l1=True, l2=False, l3=False)
TWO = Phases(l1=True, l2=True, l3=False)
WINDOWS = 8
"""Of each state: 1.6 s."""
STEP_A = 6.0
YARDS = 20
"""Sums that an evaluation is measured by."""
EVERY = [one for one in connections(ALL) if len(set(one.phase)) == 3]
SINGLE = [one for one in EVERY if one.faults == 1]
SWAPPED_AND_REVERSED = [one for one in EVERY if one.faults == 2 and sum(one.reversed) == 1]
ALL_REVERSED = [Connection(RIGHT.phase, ALL)]
DOUBLED = [one for one in connections(ALL) if len(set(one.phase)) == 2 and one.faults == 1]
ALONE = list(connections(ONE))
NOTHING_KNOWN = measurement()


@dataclass(frozen=True)
class Row:
    """Trials of one kind."""

    name: str
    wirings: list[Connection]
    loads: str
    generates: bool | None = None
    steps: int = 0
    """So many appliances are switched afterwards, one after the other."""
    step_a: tuple[float, float] = (STEP_A, STEP_A)
    grid: str = "TN, all voltages"
    is_weighted: bool = False
    """Wirings are the rarer the more mistakes they take (one in twenty each); else all are alike."""
    least_ratio: float = LEAST_RATIO
    share: float = 1.0
    """Of the trials."""
    voltage_deg: tuple[float, ...] = (0.0,)
    """How far the voltage that is measured is from the one that it is taken for: one of these."""


SMALL = (1.5, 12.0)
PAIR = "IT, the voltage between L1 and L2"
MOST_UNSYMMETRY_DEG = 2.3
"""An inferred voltage is so far from the real one at most: a negative sequence of 2 %."""
ROWS = (
    Row("random wirings, PF 0.3 to 1 either way", EVERY, "any", is_weighted=True, share=10.0),
    Row("random wirings, PF 0.3 to 1, 0 to 0.2 % of full scale", EVERY, "any", is_weighted=True, least_ratio=0.0),
    Row("random wirings, three-phase export, nobody told", EVERY, "export", is_weighted=True),
    Row("random wirings, anything exports, told", EVERY, "some export", generates=True, is_weighted=True),
    Row("right, ordinary loads", [RIGHT], "ordinary"),
    Row("one fault, ordinary loads, told that nothing generates", SINGLE, "ordinary", generates=False),
    Row("one fault, ordinary loads, nobody told", SINGLE, "ordinary"),
    Row("one fault, ordinary loads, nobody told, then 6 A on each phase", SINGLE, "ordinary", steps=3),
    Row("two clamps on one phase, ordinary loads", DOUBLED, "ordinary"),
    Row("swap and reversal, ordinary loads", SWAPPED_AND_REVERSED, "ordinary"),
    Row("swap and reversal, then 6 A on each phase", SWAPPED_AND_REVERSED, "ordinary", steps=3),
    Row("right, solar on all phases under any loads, nobody told", [RIGHT], "solar"),
    Row("three-phase export, then 9 appliances", [RIGHT], "export", steps=9, step_a=SMALL, share=0.2),
    Row("all reversed, then 9 appliances", ALL_REVERSED, "ordinary", steps=9, step_a=SMALL, share=0.2),
    Row("one phase exports, nobody told", [RIGHT], "one exports", share=0.2),
    Row("the same, then 9 appliances", [RIGHT], "one exports", steps=9, step_a=SMALL, share=0.2),
    Row("* any of 48 alike, PF 0.3 to 1 either way", EVERY, "any"),
    Row("* the same, then 6 A on each phase", EVERY, "any", steps=3),
    Row("right, ordinary loads", [RIGHT], "ordinary", grid="one measured voltage"),
    Row("one fault, told that nothing generates", SINGLE, "ordinary", generates=False, grid="one measured voltage"),
    Row("random wirings, PF 0.3 to 1 either way", EVERY, "any", grid="one measured voltage", is_weighted=True),
    Row("right, loads between phases", [RIGHT], "ordinary", grid="IT without neutral"),
    Row("one fault, told that nothing generates", SINGLE, "ordinary", generates=False, grid="IT without neutral"),
    Row("random wirings, PF 0.3 to 1 either way", EVERY, "any", grid="IT without neutral", is_weighted=True),
    Row("right, loads between phases", [RIGHT], "ordinary", grid=PAIR),
    Row("one fault, told that nothing generates", SINGLE, "ordinary", generates=False, grid=PAIR),
    Row("one fault, nobody told", SINGLE, "ordinary", grid=PAIR),
    Row("the same, then 6 A between two phases, three times", SINGLE, "ordinary", steps=3, grid=PAIR),
    Row("random wirings, PF 0.3 to 1 either way", EVERY, "any", grid=PAIR, is_weighted=True),
    Row("right, its two wires interchanged", [RIGHT], "ordinary", generates=False, grid=PAIR, voltage_deg=(180.0,)),
    Row(
        "right, its wires on other phases",
        [RIGHT],
        "ordinary",
        generates=False,
        grid=PAIR,
        voltage_deg=(60.0, 120.0, -60.0, -120.0),
        steps=3,
    ),
    Row("right or reversed, ordinary loads", ALONE, "ordinary", grid="single phase"),
    Row("right or reversed, told that nothing generates", ALONE, "ordinary", generates=False, grid="single phase"),
    Row(
        "right or reversed, then 9 appliances", ALONE, "ordinary", steps=9, step_a=SMALL, grid="single phase", share=0.2
    ),
)


class Building:
    """What flows in its phases, and what the grid's voltages do with it."""

    def __init__(self, row: Row, chance: np.random.Generator) -> None:
        self._chance = chance
        self._between = row.grid.startswith("IT")
        self._single = row.grid == "single phase"
        self._least_a = max(row.least_ratio * FULL_SCALE_A, 1e-4)
        self._most_a = FULL_SCALE_A if row.least_ratio else LEAST_RATIO * FULL_SCALE_A
        self._resistance_ohm = float(chance.uniform(0.05, 0.6))
        self._own_v = [230.0 + float(one) for one in chance.normal(0.0, 2.0, 3)]
        sizes_a = np.exp(chance.uniform(math.log(self._least_a), math.log(self._most_a), 3))
        self.flowing = self._spread([float(one) for one in sizes_a], self._lags(row.loads))

    def _lags(self, kind: str) -> list[float]:
        """Degrees behind the voltage, of each phase."""
        chance = self._chance
        ordinary = chance.normal(8.0, 14.0, 3).clip(-60.0, 60.0)
        wide = np.degrees(np.arccos(chance.uniform(0.3, 1.0, 3))) * chance.choice([-1.0, 1.0], 3)
        match kind:
            case "any":
                found = wide
            case "export":
                found = 180.0 + chance.normal(0.0, 10.0, 3)
            case "some export":
                found = wide + 180.0 * (chance.random(3) < 0.4)
            case "one exports":
                found = ordinary.copy()
                found[chance.integers(3)] = 180.0 + chance.normal(0.0, 10.0)
            case "solar":
                drawn_a = np.exp(chance.uniform(math.log(0.3), math.log(25.0), 3))
                fed_a = float(chance.uniform(0.0, 20.0))
                net = [cmath.rect(a, -math.radians(lag)) - fed_a for a, lag in zip(drawn_a, ordinary, strict=True)]
                found = np.array([-math.degrees(cmath.phase(one)) for one in net])
            case _:
                found = ordinary
        return [float(one) for one in found]

    def _spread(self, sizes_a: list[float], lags_deg: list[float]) -> list[complex]:
        """Phasors of the phases; without a neutral they are loads between two phases and add up to nothing."""
        own = [
            cmath.rect(size, math.radians(-120.0 * phase - lag))
            for phase, (size, lag) in enumerate(zip(sizes_a, lags_deg, strict=True))
        ]
        if self._single:
            return [own[0], 0j, 0j]
        if not self._between:
            return own
        turned = [one * cmath.rect(1.0, math.radians(30.0)) for one in own]  # of L1-L2, L2-L3, L3-L1
        return [turned[0] - turned[2], turned[1] - turned[0], turned[2] - turned[1]]

    def switch(self, row: Row, number: int) -> None:
        """One appliance more, on another phase each time; every second time round it goes off again."""
        size_a, lag_deg = float(self._chance.uniform(*row.step_a)), float(self._chance.normal(4.0, 8.0))
        sizes_a = [0.0, 0.0, 0.0]
        sizes_a[0 if self._single else number % 3] = size_a
        for phase, more in enumerate(self._spread(sizes_a, [lag_deg] * 3)):
            self.flowing[phase] += more

    def voltages_v(self) -> list[float]:
        """They sag with their own current and rise with what flows back through the neutral."""
        all_a = sum(self.flowing)
        found: list[float] = []
        for phase, own_v in enumerate(self._own_v):
            unit = cmath.rect(1.0, math.radians(-120.0 * phase))
            drop = self._resistance_ohm * (self.flowing[phase] + 0.7 * all_a)
            found.append(own_v - (drop * unit.conjugate()).real + float(self._chance.normal(0.0, 0.15)))
        return found

    def wander(self) -> None:
        """What other buildings do to the voltages."""
        self._own_v = [one + float(self._chance.normal(0.0, 0.1)) for one in self._own_v]


class Clamps:
    """How they sit and what they add of their own."""

    def __init__(self, wiring: Connection, row: Row, chance: np.random.Generator) -> None:
        self._wiring = wiring
        self._chance = chance
        self._is_one, self._is_pair = row.grid == "one measured voltage", row.grid == PAIR
        self._voltage_deg = float(chance.choice(row.voltage_deg))
        if self._is_pair:
            self._voltage_deg += float(chance.uniform(-1.0, 1.0)) * MOST_UNSYMMETRY_DEG
        self._there = ONE if row.grid == "single phase" else ALL
        self._error = [
            cmath.rect(1.0 + float(gain), math.radians(float(turn)))
            for gain, turn in zip(chance.normal(0.0, 0.005, 3), chance.uniform(-3.0, 3.0, 3), strict=True)
        ]
        self._leak = [complex(*chance.normal(0.0, 0.0005, 2)) for _ in range(3)]

    def watched(self, building: Building, judge: Judge) -> None:
        """Some windows of what flows now."""
        largest_a = max(map(abs, building.flowing))
        sitting = zip(self._wiring.phase, self._wiring.reversed, self._error, self._leak, strict=True)
        seen = [
            building.flowing[place] * (-1.0 if turned else 1.0) * error + leak * largest_a
            for place, turned, error, leak in sitting
        ]
        lag_deg = [
            math.degrees(cmath.phase(cmath.rect(1.0, math.radians(self._voltage_deg - 120.0 * n)) / one))
            if abs(one)
            else None
            for n, one in enumerate(seen)
        ]
        there = list(self._there)
        shown = replace(
            NOTHING_KNOWN,
            voltage_angle_deg=Phases(None, None, None)
            if self._is_pair
            else Phases(0.0, None, None)
            if self._is_one or not there[1]
            else Phases(0.0, -120.0, 120.0),
            current_fundamental_rms_a=Phases.of(
                abs(one) if is_there else None for one, is_there in zip(seen, there, strict=True)
            ),
            current_angle_deg=Phases.of(
                one if is_there else None for one, is_there in zip(lag_deg, there, strict=True)
            ),
        )
        for _ in range(WINDOWS):
            building.wander()
            values_v = building.voltages_v()
            known_v = Phases(values_v[0], None, None) if self._is_one or not there[1] else Phases.of(values_v)
            if self._is_pair:
                known_v = Phases(values_v[0], values_v[0], None)
            judge.follow(replace(shown, voltage_rms_v=known_v), PhaseOrder.L1_L2_L3)


def trial(row: Row, chance: np.random.Generator) -> tuple[str, Connection, Connection | None]:
    """What is claimed: right, wrong (a false claim), partly (rightly that something is wrong) or open."""
    weights = np.array([0.05**one.faults if row.is_weighted else 1.0 for one in row.wirings])
    wiring = row.wirings[int(chance.choice(len(row.wirings), p=weights / weights.sum()))]
    there = ONE if row.grid == "single phase" else ALL
    terminals = ONE if row.grid == "one measured voltage" else TWO if row.grid == PAIR else there
    judge = Judge(Installation(FULL_SCALE_A, there, terminals, row.generates, not row.grid.startswith("IT")))
    building, clamps = Building(row, chance), Clamps(wiring, row, chance)
    clamps.watched(building, judge)
    for number in range(row.steps):
        building.switch(row, number)
        clamps.watched(building, judge)
    found = judge.finding()
    if found.condition is Condition.UNDECIDED:
        return "open", wiring, None
    if found.connection is None:
        return ("wrong" if wiring == RIGHT and row.voltage_deg == (0.0,) else "partly"), wiring, None
    is_said = found.connection == wiring if row.voltage_deg == (0.0,) else is_of_the_voltage(found.connection)
    return ("right" if is_said else "wrong"), wiring, found.connection


KINDS = (
    "right",
    "one reversed",
    "two swapped",
    "two reversed",
    "swap and reversal",
    "in a ring",
    "all reversed",
    "two on one phase",
    "other",
)
SAID = (*KINDS, "something is wrong", "undecided")


def kind(connection: Connection) -> str:
    """What an electrician would call it."""
    turned, moved = sum(connection.reversed), sum(place != own for own, place in enumerate(connection.phase))
    if len(set(connection.phase)) < 3:
        return "two on one phase"
    named = {
        (0, 0): "right",
        (1, 0): "one reversed",
        (2, 0): "two reversed",
        (3, 0): "all reversed",
        (0, 2): "two swapped",
        (1, 2): "swap and reversal",
        (0, 3): "in a ring",
    }
    return named.get((turned, moved), "other")


def drawn(path: Path, counted: Counter[tuple[str, str]]) -> None:
    """The confusion matrix: rows what it was, columns what was said; shares of the row."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for the picture

    table = np.array([[counted[was, said] for said in SAID] for was in KINDS], dtype=float)
    share = 100.0 * table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    figure = Figure(figsize=(10.0, 6.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=100.0, aspect="auto")
    for (line, column), value in np.ndenumerate(share):
        if table[line, column]:
            text = f"{value:.1f} %" if value >= 0.1 else f"{int(table[line, column])}x"
            is_false = column < len(KINDS) and line != column
            axes.text(column, line, text, ha="center", va="center", fontsize=8,
                      color="red" if is_false else "white" if value > 60.0 else "black")  # fmt: skip
    axes.set_xticks(range(len(SAID)), SAID, rotation=35, ha="right")
    axes.set_yticks(range(len(KINDS)), [f"{one} ({int(table[n].sum())})" for n, one in enumerate(KINDS)])
    axes.set_xlabel("said")
    axes.set_ylabel("it was (trials)")
    axes.set_title("Ordinary loads, then 6 A on each phase: what is said of each wiring (red: wrong claims)")
    figure.savefig(path)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="?", type=int, default=500, help="of most rows (500); the first has ten times")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw a confusion matrix (SVG or PNG)")
    wanted = parser.parse_args()
    chance = np.random.default_rng(20261121)
    total, begun_s = Counter[str](), time.perf_counter()
    for grid, rows in itertools.groupby(ROWS, key=lambda one: one.grid):
        print(f"\n{grid:64}{'right':>8}{'partly':>8}{'open':>8}{'wrong claims':>14}")
        for row in rows:
            count = max(1, round(wanted.trials * row.share))
            found = [trial(row, chance) for _ in range(count)]
            tally = Counter(one for one, _, _ in found)
            share = "".join(f"{100.0 * tally[one] / count:7.1f}%" for one in ("right", "partly", "open"))
            print(f"{row.name:64}{share}{tally['wrong']:8} of {count}", flush=True)
            for text, times in Counter(_taken(was, said) for one, was, said in found if one == "wrong").most_common():
                print(f"    {times} x {text}")
            group = "starred" if row.name.startswith("*") else "others"
            total.update({f"{group} trials": count, f"{group} wrong": tally["wrong"]})
    wrong, trials = (sum(total[f"{group} {what}"] for group in ("starred", "others")) for what in ("wrong", "trials"))
    print(f"\nall rows: {wrong} wrong claims in {trials} trials (target 0)")
    print(f"without the rows with a star: {total['others wrong']} in {total['others trials']}")
    print(f"({time.perf_counter() - begun_s:.0f} s)")
    cost(chance)
    if wanted.picture is not None:
        row = Row("", [one for one in connections(ALL) if len(set(one.phase)) > 1], "ordinary", steps=3)
        counted: Counter[tuple[str, str]] = Counter()
        for name, wirings in itertools.groupby(sorted(row.wirings, key=kind), key=kind):
            for what, was, said in (trial(replace(row, wirings=[*among]), chance)
                                    for among in [list(wirings)] for _ in range(wanted.trials)):  # fmt: skip
                answer = {"open": "undecided", "partly": "something is wrong"}.get(what)
                told = "other" if said is not None and said != was and kind(said) == name else kind(said or was)
                counted[name, answer or ("something is wrong" if said is None else told)] += 1
        drawn(wanted.picture, counted)
    return 0


def _taken(was: Connection, said: Connection | None) -> str:
    """A wrong claim."""
    return f"{kind(was)} taken for {'something wrong' if said is None else kind(said)}"


def cost(chance: np.random.Generator) -> None:
    """Of one evaluation, of a look that was not there before; and how that is to what numpy needs for a fixed sum."""
    row = Row("", [RIGHT], "ordinary")
    judge = Judge(Installation(FULL_SCALE_A, ALL, ALL, generation_on_site=None, has_neutral=True))
    clamps, table = Clamps(RIGHT, row, chance), chance.random((16, 216))
    spent_s: list[tuple[float, float]] = []
    for _ in range(200):
        clamps.watched(Building(row, chance), judge)
        begin_s = time.process_time()
        judge.notice_change()
        judge.finding()
        middle_s = time.process_time()
        for _ in range(YARDS):
            np.log(np.exp(table).sum(axis=0))
        spent_s.append((middle_s - begin_s, time.process_time() - middle_s))
    own_s, yard_s = (sorted(one)[len(spent_s) // 2] for one in zip(*spent_s, strict=True))
    ratio = sorted(own / yard for own, yard in spent_s)[len(spent_s) // 2]
    print(f"an evaluation takes {1e3 * own_s:.2f} ms of the processor (median; target 2): {ratio:.1f} times as long as")
    print(f"{YARDS} sums of {table.size} exponentials, turn by turn ({1e3 * yard_s:.2f} ms)")


if __name__ == "__main__":
    raise SystemExit(main())
