"""What the supply watch says of healthy and of faulty supplies; `supply_watch.py [TRIALS OF EACH ROW]`.

Its own generator (supply_network.py) solves the nodes of a four-wire network; windows are means over its states, with
noise, gain errors of the voltage inputs up to 0.5 %, harmonics, and in one trial of three a clamp that is reversed,
interchanged or missing.
"""

from __future__ import annotations

import cmath
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import measurement
from tests.benchmarks import supply_network as net
from tests.benchmarks.supply_network import NOMINAL_V, Network, drawn

from ampguard.chronicle.supplywatch import Expected, SupplyWatch
from ampguard.events import NeutralFault, PhaseLoss, Turn, WrongVoltage
from ampguard.phases import LinePairs, Phases
from ampguard.readings import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable

    Story = list[tuple[float, Network]]

WINDOW_S, RUN_S, FAULT_S = 0.2, 12.0, 4.0
BUSY_S = 60.0
T = TypeVar("T")
LOST_RATIO = 0.12
"""A phase that has more is not lost: a tenth, and a little for a broken-off window."""
ALL = Phases.all_of(value=True)
_MADE = measurement()


@dataclass
class Count:
    """Of one row."""

    trials: int = 0
    said: Counter[str] = field(default_factory=Counter)
    latency_s: list[float] = field(default_factory=list)


def windows(story: Story, chance: np.random.Generator, end_s: float) -> list[Measurement]:
    """What is measured; states follow each other at any moment within a window."""
    solved = [(start_s, *network.solved()) for start_s, network in story]
    gain = 1.0 + chance.uniform(-0.005, 0.005, 3)
    clamps, signs = np.arange(3), np.ones(3)
    match int(chance.integers(9)):
        case 0:
            signs[chance.integers(3)] = -1.0
        case 1:
            clamps = np.roll(clamps, 1)
        case 2:
            signs[chance.integers(3)] = 0.0
        case _:
            pass
    phase_s, harmonics = chance.uniform(0.0, WINDOW_S), math.hypot(1.0, chance.uniform(0.0, 0.08))
    found: list[Measurement] = []
    for number in range(int(end_s / WINDOW_S) - 1):
        begin_s = phase_s + number * WINDOW_S
        parts = []
        for index, (start_s, volts, amperes) in enumerate(solved):
            until_s = solved[index + 1][0] if index + 1 < len(solved) else math.inf
            share = (min(until_s, begin_s + WINDOW_S) - max(start_s, begin_s)) / WINDOW_S
            if share > 0.0:
                parts.append((share, volts * gain, amperes))
        volts = sum(share * one for share, one, _ in parts) + chance.normal(0.0, 0.03, 3)
        amperes = sum(share * one for share, _, one in parts)[clamps] * signs + chance.normal(0.0, 0.002, 3)
        squares = sum(share * np.abs(one) ** 2 for share, one, _ in parts)
        found.append(measured(begin_s, volts, amperes, np.sqrt(squares) * harmonics))
    return found


def measured(start_s: float, volts: net.Phasors, amperes: net.Phasors, rms_v: net.Phasors) -> Measurement:
    """A window of these."""
    u, i = [complex(one) for one in volts], [complex(one) for one in amperes]
    known = [abs(one) > 0.3 for one in u]
    return replace(
        _MADE,
        start_s=start_s,
        duration_s=WINDOW_S,
        voltage_rms_v=Phases.of(float(one) for one in rms_v),
        voltage_fundamental_rms_v=Phases.of(abs(one) if there else None for one, there in zip(u, known, strict=True)),
        voltage_angle_deg=Phases.of(
            math.degrees(cmath.phase(one)) if there else None for one, there in zip(u, known, strict=True)
        ),
        line_voltage_rms_v=LinePairs(abs(u[0] - u[1]), abs(u[1] - u[2]), abs(u[2] - u[0])),
        current_rms_a=Phases.of(abs(one) for one in i),
        current_fundamental_rms_a=Phases.of(abs(one) for one in i),
        current_angle_deg=Phases.of(
            math.degrees(cmath.phase(one / other)) if there else None
            for one, other, there in zip(u, i, known, strict=True)
        ),
    )


# -- healthy -----------------------------------------------------------------------------------------------------------


def changing(chance: np.random.Generator, run_s: float = RUN_S, more_ohm: float = 0.0) -> Story:
    """Loads come and go, up to full scale."""
    full_scale_a = float(chance.choice([63.0, 100.0, 400.0])) if not more_ohm else 30.0
    first = net.healthy(chance, full_scale_a)
    first = replace(first, service_n=first.service_n + more_ohm)
    story, now_s = [(0.0, first)], 0.0
    while (now_s := now_s + float(chance.exponential(1.5)) + 0.01) < run_s:
        for _ in range(30):
            loads = list(story[-1][1].house)
            loads[chance.integers(3)] = drawn(chance, 0.1, full_scale_a)[0]
            other = replace(first, house=(loads[0], loads[1], loads[2]))
            if more_ohm or net.is_supplied(other, full_scale_a):
                story.append((now_s, other))
                break
    return story


def happening(chance: np.random.Generator, states: Callable[[Network], Network], longest_s: float) -> Story:
    """Something that comes and goes."""
    calm = net.healthy(chance, 63.0)
    begin_s = chance.uniform(0.5, 6.0)
    end_s = begin_s + float(np.exp(chance.uniform(math.log(0.02), math.log(longest_s))))
    return [(0.0, calm), (begin_s, states(calm)), (end_s, calm)]


def busy(chance: np.random.Generator) -> Story:
    """The same for a minute, with the neighbours switching, too; all of it as EN 50160 would have it."""
    story = changing(chance, BUSY_S)
    others, now_s = [(0.0, story[0][1].neighbours)], 0.0
    while (now_s := now_s + float(chance.exponential(3.0)) + 0.01) < BUSY_S:
        others.append((now_s, drawn(chance, 1.0, 60.0)))
    times = sorted({start_s for start_s, _ in (*story, *others)})
    every = [(start_s, replace(_at(story, start_s), neighbours=_at(others, start_s))) for start_s in times]
    return [(0.0, story[0][1])] + [(start_s, one) for start_s, one in every if net.is_supplied(one, 400.0)]


def loose(chance: np.random.Generator) -> Story:
    """A neutral of two to ten ohms, and loads that come and go."""
    return changing(chance, BUSY_S, float(chance.uniform(2.0, 10.0)))


def _at(story: list[tuple[float, T]], now_s: float) -> T:
    return [one for start_s, one in story if start_s <= now_s][-1]


def dip(chance: np.random.Generator) -> Story:
    """Of one, two or three phases, as they arrive from the grid above."""

    def hurt(calm: Network) -> Network:
        phases = chance.permutation(3)[: chance.integers(1, 4)]
        left = cmath.rect(chance.uniform(0.0, 0.9), math.radians(chance.uniform(-30.0, 10.0)))
        first, second, third = (left * one if n in phases else one for n, one in enumerate(calm.source))
        if len(phases) == 2 and chance.random() < 0.6:  # behind a delta-star transformer: voltages still add up to none
            kept = ({0, 1, 2} - set(phases)).pop()
            volts = list(calm.source)
            across = (calm.source[phases[0]] - calm.source[phases[1]]) / 2.0
            volts[phases[0]], volts[phases[1]] = (-calm.source[kept] / 2.0 + sign * left * across for sign in (1, -1))
            first, second, third = volts
        return replace(calm, source=(first, second, third))

    return happening(chance, hurt, 5.0)


def short_circuit(chance: np.random.Generator) -> Story:
    """Elsewhere on the feeder, until a fuse takes it."""

    def hurt(calm: Network) -> Network:
        ohm = abs(calm.feeder) * float(np.exp(chance.uniform(math.log(0.02), math.log(8.0))))
        one, other, third = (int(n) for n in chance.permutation(3))
        match int(chance.integers(4)):
            case 0:
                return replace(calm, short=((one, other, 1.0 / ohm),))
            case 1:
                return replace(
                    calm, short=((one, other, 1.0 / ohm), (other, third, 1.0 / ohm), (one, third, 1.0 / ohm))
                )
            case _:
                return replace(calm, short=((one, 3, 1.0 / ohm),))

    return happening(chance, hurt, 5.0)


def motor_start(chance: np.random.Generator) -> Story:
    """Six times the rated current, here or at the neighbours, of one phase or three."""

    def started(calm: Network) -> Network:
        inrush = cmath.rect(chance.uniform(10.0, 60.0) / NOMINAL_V, -math.radians(chance.uniform(40.0, 75.0)))
        at, three, here = chance.integers(3), chance.random() < 0.5, chance.random() < 0.6
        before = calm.house if here else calm.neighbours
        first, second, third = (one + (inrush if three or n == at else 0j) for n, one in enumerate(before))
        loads = (first, second, third)
        return replace(calm, house=loads) if here else replace(calm, neighbours=loads)

    return happening(chance, started, 8.0)


def clouds(chance: np.random.Generator) -> Story:
    """The sun comes out and goes."""
    return happening(chance, lambda calm: net.with_generation(calm, chance), 10.0)


def swell(chance: np.random.Generator) -> Story:
    """All phases too high, until a regulator has followed."""
    height = chance.uniform(1.05, 1.45)

    def higher(calm: Network) -> Network:
        first, second, third = (height * one for one in calm.source)
        return replace(calm, source=(first, second, third))

    return happening(chance, higher, 5.0)


def begun_within(chance: np.random.Generator) -> Story:
    """The unit starts while one of these lasts."""
    story = (dip, short_circuit, swell)[int(chance.integers(3))](chance)
    return [(0.0, story[1][1]), (story[2][0] - story[1][0], story[2][1])]


def fed_back(chance: np.random.Generator) -> Story:
    """A phase is lost while a motor turns on."""
    calm = net.healthy(chance, 63.0)
    motor = cmath.rect(chance.uniform(1.0, 10.0), 1.2)
    lost = list(calm.service)
    lost[chance.integers(3)] = complex(net.OPEN_OHM)
    running = replace(calm, motor=motor, motor_v=float(chance.uniform(150.0, 215.0)))
    return [(0.0, running), (FAULT_S, replace(running, service=(lost[0], lost[1], lost[2])))]


# -- faulty ------------------------------------------------------------------------------------------------------------


def broken(chance: np.random.Generator) -> Story:
    """The neutral of the house."""
    calm = replace(net.healthy(chance, 63.0), house=drawn(chance, 0.3, 30.0), generated=net.NOTHING)
    at_s = FAULT_S + chance.uniform(0.0, WINDOW_S)
    return [(0.0, calm), (at_s, replace(calm, service_n=complex(net.OPEN_OHM)))]


def broken_upstream(chance: np.random.Generator) -> Story:
    """The neutral of the feeder: the neighbours move it too."""
    calm = replace(net.healthy(chance, 63.0), house=drawn(chance, 0.3, 30.0), generated=net.NOTHING)
    at_s = FAULT_S + chance.uniform(0.0, WINDOW_S)
    return [(0.0, calm), (at_s, replace(calm, feeder_n=complex(net.OPEN_OHM)))]


def half_broken(chance: np.random.Generator) -> Story:
    """A loose clamp."""
    calm = replace(net.healthy(chance, 63.0), house=drawn(chance, 0.3, 30.0), generated=net.NOTHING)
    ohm = float(np.exp(chance.uniform(0.0, math.log(20.0))))
    at_s = FAULT_S + chance.uniform(0.0, WINDOW_S)
    return [(0.0, calm), (at_s, replace(calm, service_n=calm.service_n + ohm))]


def lost_phase(chance: np.random.Generator) -> Story:
    """Without a motor."""
    calm = net.healthy(chance, 63.0)
    calm = replace(calm, generated=net.NOTHING)  # converters do not feed a phase that is gone
    lost = list(calm.service)
    lost[chance.integers(3)] = complex(net.OPEN_OHM)
    at_s = FAULT_S + chance.uniform(0.0, WINDOW_S)
    return [(0.0, calm), (at_s, replace(calm, service=(lost[0], lost[1], lost[2])))]


def other_grid(chance: np.random.Generator) -> Story:
    """127 V, 133 V or 400 V where 230 V are set."""
    calm, ratio = net.healthy(chance, 63.0), float(chance.choice([127.0, 133.0, 400.0])) / NOMINAL_V
    first, second, third = (ratio * one for one in calm.source)
    return [(0.0, replace(calm, source=(first, second, third)))]


HEALTHY = (changing, busy, dip, short_circuit, motor_start, clouds, swell, fed_back, begun_within)
FAULTY = (
    (broken, NeutralFault), (broken_upstream, NeutralFault), (half_broken, NeutralFault), (lost_phase, PhaseLoss),
    (other_grid, WrongVoltage),
)  # fmt: skip
SHIFTS = (0.0, 0.12, 0.2, 0.4, 9.0)


def shift_ratio(network: Network) -> float:
    """How far the neutral is from the middle of the three phases."""
    volts, _ = network.solved()
    return float(abs(volts.sum()) / 3.0 / NOMINAL_V)


def followed(found: list[Measurement], nominal_v: float | None) -> list[tuple[str, float]]:
    """What began, and when it was told."""
    watch = SupplyWatch(Expected(terminals=ALL, has_neutral=True, nominal_v=nominal_v))
    return [
        (type(told.event).__name__, one.start_s + WINDOW_S)
        for one in found
        for told in watch.follow(one)
        if told.event.turn is Turn.BEGUN
    ]


def is_without(one: Measurement) -> bool:
    """Whether a phase has next to no voltage in the window, against the nominal one or the highest."""
    volts = [value or 0.0 for value in one.voltage_rms_v]
    return min(volts) <= LOST_RATIO * max(NOMINAL_V, *volts)


def judge_healthy(trials: int, chance: np.random.Generator) -> int:
    """Print the table; how many false alarms there were."""
    false = 0
    print(f"{'healthy':40}{'trials':>8}{'neutral':>9}{'voltage':>9}{'phase lost':>12}{'untrue':>8}")
    for story in HEALTHY:
        said: Counter[str] = Counter()
        for _ in range(trials):
            nominal_v = NOMINAL_V if chance.random() < 0.7 else None
            found = windows(story(chance), chance, BUSY_S if story is busy else RUN_S)
            kinds = {kind for kind, _ in followed(found, nominal_v)}
            said.update(kinds)
            said["untrue"] += "PhaseLoss" in kinds and not any(map(is_without, found))
        if story is not begun_within:
            false += said["NeutralFault"] + said["WrongVoltage"] + said["untrue"]
        name = story.__name__.replace("_", " ")
        print(
            f"{name:40}{trials:8}{said['NeutralFault']:9}{said['WrongVoltage']:9}{said['PhaseLoss']:12}{said['untrue']:8}"
        )
    return false


def judge_faulty(trials: int, chance: np.random.Generator) -> None:
    """Print the table."""
    print(f"\n{'faulty':40}{'trials':>8}{'told':>9}{'in 1 s':>9}{'median':>9}{'longest':>9}{'others':>9}")
    for story, kind in FAULTY:
        rows: dict[str, Count] = {}
        for _ in range(trials):
            states = story(chance)
            at_s, after = states[-1]
            name = story.__name__.replace("_", " ")
            if kind is NeutralFault:
                shift = shift_ratio(after)
                index = sum(shift >= limit for limit in SHIFTS)
                name += f", moved by {100 * SHIFTS[index - 1]:.0f} to {100 * min(SHIFTS[index], 1.0):.0f} %"
            row = rows.setdefault(name, Count())
            row.trials += 1
            found = windows(states, chance, FAULT_S + RUN_S)
            begun = followed(found, NOMINAL_V)
            # windows do not begin with the stream here: what is there from the start is counted from the first one
            from_s = max(at_s, found[0].start_s)
            ours = [told_s - from_s for what, told_s in begun if what == kind.__name__]
            row.latency_s += ours[:1]
            row.said.update(what for what, _ in begun if what != kind.__name__)
        for name, row in sorted(rows.items()):
            told = len(row.latency_s)
            quick = 100.0 * sum(one <= 1.0 for one in row.latency_s) / row.trials
            times = f"{np.median(row.latency_s):8.2f}s{max(row.latency_s):8.2f}s" if told else f"{'-':>9}{'-':>9}"
            others = sum(row.said.values())
            print(f"{name:40}{row.trials:8}{100.0 * told / row.trials:8.1f}%{quick:8.1f}%{times}{others:9}")


def judge_loose(trials: int, chance: np.random.Generator) -> None:
    """Print a line: there is no moment at which a loose neutral begins, so it is told with the steps of the loads."""
    told_s: list[float] = []
    for _ in range(trials):
        begun = followed(windows(loose(chance), chance, BUSY_S), NOMINAL_V)
        told_s += [when_s for what, when_s in begun if what == "NeutralFault"][:1]
    share = 100.0 * len(told_s) / trials
    print(
        f"loose (2 to 10 ohm), busy for {BUSY_S:g} s: {share:.1f} % told, half of them within {np.median(told_s):.0f} s"
    )


def main() -> int:
    """Print both tables; 1 if there was a false alarm."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    chance, begin_s = np.random.default_rng(20261121), time.perf_counter()
    false = judge_healthy(trials, chance)
    print(f"{false} false alarms in the {trials * (len(HEALTHY) - 1)} trials of {RUN_S:g} s but of the last row")
    judge_faulty(max(trials // 3, 1), chance)
    judge_loose(max(trials // 3, 1), chance)
    watch, calm = SupplyWatch(Expected(terminals=ALL, has_neutral=True, nominal_v=NOMINAL_V)), changing(chance)
    found = windows(calm, chance, RUN_S)
    start_s = time.perf_counter()
    for one in found:
        watch.follow(one)
    print(f"\na window takes {1e6 * (time.perf_counter() - start_s) / len(found):.0f} us", end="; ")
    print(f"all of it took {time.perf_counter() - begin_s:.0f} s")
    return int(false > 0)


if __name__ == "__main__":
    raise SystemExit(main())
