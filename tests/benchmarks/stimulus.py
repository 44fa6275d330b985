"""How often the guided check recognises an appliance, and what it makes of it; `stimulus.py [TRIALS]`.

Its own generator, window by window: three phases that carry what a building does (fridges that start with an inrush and
stop, pumps that pulsate, electronics that flicker, a solar roof under clouds that exports), voltages that wander and
sag under load, clamps with phase errors up to 3 degrees and gains up to 2 % on any of 343 places, pickup of the
neighbours' conductors; and a heater that is switched at any moment within a window, some with an inrush.
"""

from __future__ import annotations

import cmath
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Measurement
from ampguard.wiring.check import Check
from ampguard.wiring.check_size import StatedLoad
from ampguard.wiring.check_table import Plan, Stage, asks
from ampguard.wiring.check_weigh import Kind, Placing, placings
from ampguard.wiring.verdict import Condition

ALL = Phases.all_of(value=True)
WINDOW_S = 0.2
EVERY = placings(ALL)
RIGHT = Placing(Phases(0, 1, 2), Phases.all_of(value=False))
ONE_PHASE_EACH = [one for one in EVERY if None not in one.phase and len(set(one.phase)) == 3]
DOUBLED = [one for one in EVERY if None not in one.phase and len(set(one.phase)) == 2]
OPENED = [one for one in EVERY if list(one.phase).count(None) == 1 and len(set(one.phase)) == 3]


@dataclass
class Building:
    """What flows on each phase; a new one for each trial."""

    chance: np.random.Generator
    restless: float
    """1: as described above; 0: almost nothing happens."""
    at_s: float = 0.0
    steady: list[complex] = field(default_factory=list)
    sun_a: float = 0.0
    cloud: float = 1.0
    cloud_to: float = 1.0
    fridges: list[list[float]] = field(default_factory=list)
    """On each phase: amperes, when it starts, when it stops."""
    pump_hz: float = 0.7
    ohm: float = 0.2

    def __post_init__(self) -> None:
        chance = self.chance
        self.steady = [cmath.rect(chance.uniform(0.3, 12.0), -math.radians(chance.normal(8.0, 14.0))) for _ in range(3)]
        self.sun_a = chance.choice([0.0, 1.0]) * chance.uniform(2.0, 14.0) * self.restless
        self.ohm = chance.uniform(0.05, 0.4)
        self.pump_hz = chance.uniform(0.2, 3.0)
        for _ in range(3):
            start_s = chance.uniform(0.0, 200.0)
            self.fridges.append([chance.uniform(0.4, 1.6), start_s, start_s + chance.uniform(20.0, 100.0)])
        self.flicker = [chance.uniform(0.005, 0.12) * self.restless for _ in range(3)]
        self.walk = [0j, 0j, 0j]
        self.wander_v = np.zeros(3)
        """Of each voltage, by what others draw."""

    def window(self, extra: list[complex]) -> list[complex]:
        """The mean phasors of the next window, each against its own voltage; `extra` is the heater's."""
        chance, restless = self.chance, self.restless
        self.at_s += WINDOW_S
        if chance.random() < 0.02:
            self.cloud_to = chance.uniform(0.1, 1.0)
        self.cloud += float(np.clip(self.cloud_to - self.cloud, -0.02, 0.02))  # 10 % a second
        found = []
        for phase in range(3):
            size_a, start_s, stop_s = self.fridges[phase]
            fridge = 0j
            if start_s <= self.at_s < stop_s and restless:
                inrush = 1.0 + 5.0 * math.exp(-(self.at_s - start_s) / 0.15)
                fridge = cmath.rect(size_a * inrush, -math.radians(45.0))
            pump = 0.15 * restless * math.sin(2.0 * math.pi * self.pump_hz * self.at_s + phase)
            self.walk[phase] = 0.97 * self.walk[phase] + complex(*chance.normal(0.0, 0.02 * restless, 2))
            noise = complex(*chance.normal(0.0, 0.004 + self.flicker[phase], 2))
            sun = -self.sun_a * self.cloud
            found.append(self.steady[phase] + fridge + pump + self.walk[phase] + noise + sun + extra[phase])
        return found


def shown(loads: list[complex], place: Placing, gains: list[complex], house: Building, at_s: float) -> Measurement:
    """What the clamps and terminals show of it."""
    ohm = house.ohm
    turn = [cmath.rect(1.0, math.radians(-120.0 * phase)) for phase in range(3)]
    flowing = [load * one for load, one in zip(loads, turn, strict=True)]
    neutral = sum(flowing)
    house.wander_v = 0.95 * house.wander_v + house.chance.normal(0.0, 0.1, 3)
    grid_v = 231.0 + house.wander_v + house.chance.normal(0.0, 0.05, 3)
    volts = [other * one - ohm * (flow + 0.5 * neutral) for one, flow, other in zip(turn, flowing, grid_v, strict=True)]
    first = cmath.phase(volts[0])
    seen = []
    for clamp, (where, turned) in enumerate(zip(place.phase, place.reversed, strict=True)):
        own = 0j if where is None else flowing[where] * (-1.0 if turned else 1.0) * gains[clamp]
        near = flowing[(clamp + 1) % 3]
        seen.append(own + 0.003 * near)
    return measurement(
        start_s=at_s,
        frequency_hz=50.0,
        voltage_rms_v=Phases.of(abs(one) for one in volts),
        voltage_fundamental_rms_v=Phases.of(abs(one) for one in volts),
        voltage_angle_deg=Phases.of(math.degrees(cmath.phase(one) - first) for one in volts),
        voltage_order=PhaseOrder.L1_L2_L3,
        current_fundamental_rms_a=Phases.of(abs(one) for one in seen),
        current_angle_deg=Phases.of(
            math.degrees(cmath.phase(u * i.conjugate())) for u, i in zip(volts, seen, strict=True)
        ),
    )


def gains(chance: np.random.Generator, worst_deg: float = 3.0) -> list[complex]:
    return [
        cmath.rect(1.0 + chance.uniform(-0.02, 0.02), math.radians(chance.uniform(-worst_deg, worst_deg)))
        for _ in range(3)
    ]


@dataclass(frozen=True)
class Heater:
    """Its current against its voltage, from a moment on."""

    current_a: float
    lag_deg: float
    inrush: float

    def window(self, on_s: float, off_s: float, at_s: float) -> complex:
        """The mean over the window that ends then."""
        share = min(max(at_s - on_s, 0.0), WINDOW_S) / WINDOW_S - min(max(at_s - off_s, 0.0), WINDOW_S) / WINDOW_S
        since_s = max(at_s - on_s, 0.0)
        size_a = self.current_a * share * (1.0 + self.inrush * math.exp(-since_s / 0.12))
        return cmath.rect(size_a, -math.radians(self.lag_deg))


def heater(chance: np.random.Generator, least_a: float, most_a: float) -> Heater:
    return Heater(
        float(np.exp(chance.uniform(math.log(least_a), math.log(most_a)))),
        chance.normal(0.5, 2.5),
        chance.choice([0.0, 0.0, 0.3, 2.0]),
    )


def recognised(
    chance: np.random.Generator, least_a: float, most_a: float, restless: float
) -> tuple[float | None, float]:
    """After how many seconds a heater on a phase with a clamp is seen, and how far its size was off."""
    from ampguard.wiring.check_snapshot import snapshot  # noqa: PLC0415 - of the recogniser alone
    from ampguard.wiring.check_step import Pace, Recogniser  # noqa: PLC0415 - likewise

    house, one, phase = Building(chance, restless), heater(chance, least_a, most_a), int(chance.integers(3))
    on_s, gain = chance.uniform(3.0, 3.2), gains(chance)
    # fridges are not switched just then: two at once are not one (the check says so, and asks again)
    for fridge in house.fridges:
        if on_s - 1.0 < fridge[1] < on_s + 3.0 or on_s - 1.0 < fridge[2] < on_s + 3.0:
            fridge[1], fridge[2] = 500.0, 600.0
    under_test = Recogniser(ALL, 0.5 * least_a, Pace.SUDDEN)
    while house.at_s < on_s + 3.0:
        extra = [0j, 0j, 0j]
        extra[phase] = one.window(on_s, 1e9, house.at_s + WINDOW_S)
        begin_s = house.at_s
        seen = snapshot(shown(house.window(extra), RIGHT, gain, house, begin_s), PhaseOrder.L1_L2_L3, ALL)
        step = None if seen is None else under_test.follow(seen)
        if step is not None and step.seen_s > on_s:
            return step.seen_s - on_s, abs(step.change_a[phase]) / one.current_a - 1.0
    return None, math.nan


def idle(chance: np.random.Generator, seconds: float) -> tuple[int, int]:
    """A building that wanders, and nobody switches a heater: appliances seen, and those that count."""
    house, gain = Building(chance, 1.0), gains(chance)
    plan = Plan(asks(ALL, Kind.HEATER, is_phase_known=True), ALL, ALL, 5.0, 1e9, None)
    check, place = Check(plan), EVERY[int(chance.integers(len(EVERY)))]
    came = 0
    while house.at_s < seconds:
        begin_s = house.at_s
        notes = check.observe(shown(house.window([0j, 0j, 0j]), place, gain, house, begin_s))
        came += sum(note.kind == "seen" for note in notes)
    return came, len(check.situation.stimuli)


class Installer:
    """Does what is asked for, some seconds later; twice on and off where nothing is shown, then says so."""

    def __init__(self, check: Check, one: Heater, chance: np.random.Generator) -> None:
        self.check, self.heater, self.chance = check, one, chance
        self.phase = self.tries = 0
        self.on_s = self.off_s = math.inf
        self.seen: tuple[Stage, int] = (Stage.VOLTAGES, 0)

    def window(self, at_s: float) -> list[complex]:
        """What the heater draws in the window that ends then."""
        extra = [0j, 0j, 0j]
        extra[self.phase] = self.heater.window(self.on_s, self.off_s, at_s)
        return extra

    def look(self, at_s: float) -> None:
        """At what the check says now."""
        now = (self.check.stage, len(self.check.situation.stimuli))
        is_new, self.seen = now != self.seen, now
        if is_new and now[0] is Stage.ON:
            self.tries = 0
            self.start(at_s)
        elif is_new and now[0] is Stage.OFF:
            self.off_s = at_s + self.chance.uniform(1.0, 4.0)
        elif now[0] is Stage.ON and at_s > self.on_s + 5.0:
            self.tries += 1
            self.start(at_s)
            if self.tries > 1:
                self.check.told()
        elif now[0] is Stage.OFF and at_s > self.off_s + 5.0:
            self.check.told()

    def start(self, at_s: float) -> None:
        ask = self.check.ask
        if ask is not None:
            self.phase = self.seen[1] % 3 if ask.phase is None else ("L1", "L2", "L3").index(ask.phase)
        self.on_s, self.off_s = at_s + self.chance.uniform(3.0, 5.0), math.inf


def guided(chance: np.random.Generator, places: list[Placing], *, known: bool) -> tuple[str, float]:
    """A whole check: what comes of it, and how long it took."""
    house, place, gain = Building(chance, 1.0), places[int(chance.integers(len(places)))], gains(chance)
    one = heater(chance, 6.0, 10.0)
    load = StatedLoad(one.current_a * 231.0 * (1.0 + chance.uniform(-0.05, 0.05)), None, 5.0)
    check = Check(Plan(asks(ALL, Kind.HEATER, is_phase_known=known), ALL, ALL, 5.0, 60.0, load))
    installer = Installer(check, one, chance)
    while check.stage is not Stage.DONE and house.at_s < 600.0:
        begin_s = house.at_s
        extra = installer.window(begin_s + WINDOW_S)
        check.observe(shown(house.window(extra), place, gain, house, begin_s))
        installer.look(house.at_s)
    found = check.end()
    if found.condition is Condition.UNDECIDED:
        return "open", house.at_s
    if found.placing is None:
        return ("partly" if place != RIGHT else "wrong"), house.at_s
    return ("right" if found.placing == place else "wrong"), house.at_s


def main() -> int:
    """Print the tables."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    chance = np.random.default_rng(20261121)
    begin_s = time.perf_counter()
    print(f"{'recognised within 3 s':34}{'rate':>9}{'median':>9}{'95 %':>8}{'size off, median':>18}{'99 %':>8}")
    for name, least_a, most_a, restless in (
        ("6 to 10 A, a restless building", 6.0, 10.0, 1.0),
        ("6 to 10 A, a quiet one", 6.0, 10.0, 0.0),
        ("1 to 32 A, a restless building", 1.0, 32.0, 1.0),
        ("1 to 32 A, a quiet one", 1.0, 32.0, 0.0),
    ):
        found = [recognised(chance, least_a, most_a, restless) for _ in range(trials)]
        late_s = sorted(one for one, _ in found if one is not None)
        off = np.abs([size for one, size in found if one is not None])
        print(
            f"{name:34}{100.0 * len(late_s) / trials:8.2f}%{late_s[len(late_s) // 2]:8.2f}s"
            f"{late_s[int(0.95 * len(late_s))]:7.2f}s"
            f"{100.0 * np.median(off):17.2f}%{100.0 * np.quantile(off, 0.99):7.2f}%"
        )
    hours, came, counted = max(trials // 250, 1), 0, 0
    for _ in range(hours * 12):
        one, other = idle(chance, 300.0)
        came, counted = came + one, counted + other
    print(f"nobody switches anything, {hours} hours of restless buildings: {came} taken for it, {counted} counted")
    print(f"{'whole checks':46}{'right':>8}{'partly':>8}{'open':>8}{'wrong claims':>14}{'took':>8}")
    whole = max(trials // 10, 1)
    for title, places, known in (
        ("right, phases told", [RIGHT], True),
        ("any of 48, phases told", ONE_PHASE_EACH, True),
        ("two clamps on one phase, phases told", DOUBLED, True),
        ("one clamp open, phases told", OPENED, True),
        ("any of 48, nobody knows the phases", ONE_PHASE_EACH, False),
    ):
        ends = [guided(chance, places, known=known) for _ in range(whole)]
        tally = Counter(one for one, _ in ends)
        share = "".join(f"{100.0 * tally[one] / whole:7.1f}%" for one in ("right", "partly", "open"))
        took_s = sorted(one for _, one in ends)[whole // 2]
        print(f"{title:46}{share}{tally['wrong']:9} of {whole}{took_s:7.0f}s")
    print(f"({time.perf_counter() - begin_s:.0f} s)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
