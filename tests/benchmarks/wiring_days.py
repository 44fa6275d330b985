"""Whether a claim about the wiring is ever wrong while a building is watched for long: `wiring_days.py [DAYS]`.

`wiring.py` asks once, after one state or some steps. Here a building lives: a base load that leads, motors, heaters,
heat pumps and cars on one phase or three, an inverter below drifting clouds, a battery, neighbours that move the
voltages. After each change the judge is asked, and one wrong claim at any time makes a wrong day. What the installer
tells is the truth, or nothing.
"""

from __future__ import annotations

import argparse
import cmath
import math
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import measurement
from tests.benchmarks.wiring import ALL, EVERY, FULL_SCALE_A, SINGLE, kind

from ampguard.phases import PhaseOrder, Phases
from ampguard.wiring.finding import RIGHT
from ampguard.wiring.installation import Installation
from ampguard.wiring.judge import Judge
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from ampguard.wiring.hypotheses import Connection

CHANGES = 40
"""Of what is on, in a day."""
WINDOWS, SLOW_WINDOWS = 8, 14
NOTHING_KNOWN = measurement()


@dataclass(frozen=True)
class Appliance:
    """Something that is on or off."""

    amperes: tuple[float, float]
    lag_deg: tuple[float, float]
    """Mean and spread."""
    is_on_all: bool = False


APPLIANCES = (
    Appliance((0.4, 2.0), (-35.0, 20.0)),  # electronics with a filter
    Appliance((0.5, 1.5), (45.0, 12.0)),  # a refrigerator
    Appliance((2.0, 5.0), (25.0, 10.0)),  # a washing machine, a pump
    Appliance((4.0, 13.0), (2.0, 2.0)),  # kettle, oven, boiler
    Appliance((2.0, 9.0), (12.0, 10.0), is_on_all=True),  # a heat pump
    Appliance((6.0, 16.0), (-4.0, 3.0)),  # a car
    Appliance((6.0, 16.0), (-4.0, 3.0), is_on_all=True),
)


@dataclass(frozen=True)
class Kind:
    """Days of one kind."""

    name: str
    wirings: list[Connection]
    sun: tuple[bool, bool, bool] = (False, False, False)
    """Which phases the inverter feeds."""
    is_told: bool = True
    odd_deg: float | None = None
    """Each phase's loads are turned by up to that, all day."""
    is_restless: bool = False
    """Each time all loads are others, and the voltages as well, by themselves."""


ONE_PHASE, TWO_PHASES, EACH = (True, False, False), (True, True, False), (True, True, True)
KINDS = (
    Kind("right, nothing generates, told", [RIGHT]),
    Kind("right, nothing generates, nobody told", [RIGHT], is_told=False),
    Kind("right, an inverter on one phase, told", [RIGHT], ONE_PHASE),
    Kind("right, an inverter on one phase, nobody told", [RIGHT], ONE_PHASE, is_told=False),
    Kind("right, an inverter on two phases, nobody told", [RIGHT], TWO_PHASES, is_told=False),
    Kind("right, an inverter on all phases, told", [RIGHT], EACH),
    Kind("right, an inverter on all phases, nobody told", [RIGHT], EACH, is_told=False),
    Kind("right, loads turned by up to 60 degrees, nobody told", [RIGHT], is_told=False, odd_deg=60.0),
    Kind("right, all loads and the voltages change at once, nobody told", [RIGHT], is_told=False, is_restless=True),
    Kind("one fault, all loads and the voltages change at once, told", SINGLE, is_restless=True),
    Kind("one fault, nothing generates, told", SINGLE),
    Kind("one fault, nothing generates, nobody told", SINGLE, is_told=False),
    Kind("one fault, an inverter on one phase, nobody told", SINGLE, ONE_PHASE, is_told=False),
    Kind("one fault, an inverter on all phases, told", SINGLE, EACH),
    Kind("any of 48, nothing generates, nobody told", EVERY, is_told=False),
    Kind("any of 48, an inverter on one phase, nobody told", EVERY, ONE_PHASE, is_told=False),
    Kind("any of 48, loads turned by up to 60 degrees, nobody told", EVERY, is_told=False, odd_deg=60.0),
)


@dataclass
class House:
    """What is on, and what the grid makes of it."""

    kind: Kind
    chance: np.random.Generator
    sun_a: float = 0.0

    def __post_init__(self) -> None:
        chance = self.chance
        self.grid_ohm = float(np.exp(chance.uniform(math.log(0.03), math.log(0.5)))) * cmath.rect(
            1.0, float(chance.uniform(0.1, 0.6))
        )
        self.neutral_ratio = float(chance.uniform(0.4, 1.0))
        self.peak_a = float(chance.uniform(4.0, 20.0))
        self.own_v = chance.normal(230.0, 2.5, 3)
        odd_deg = self.kind.odd_deg or 0.0
        self.turned = [cmath.rect(1.0, math.radians(float(one))) for one in chance.uniform(-odd_deg, odd_deg, 3)]
        base = [
            cmath.rect(float(size), math.radians(float(lead)))
            for size, lead in zip(chance.uniform(0.2, 1.5, 3), chance.normal(10.0, 25.0, 3), strict=True)
        ]
        self.on: list[tuple[complex, complex, complex]] = []
        self.base = base
        """What is always on."""

    def flowing(self) -> list[complex]:
        """Against each phase's own voltage; positive: drawn."""
        found: list[complex] = []
        for phase in range(3):
            drawn = (self.base[phase] + sum(one[phase] for one in self.on)) * self.turned[phase]
            found.append(drawn - (self.sun_a if self.kind.sun[phase] else 0.0))
        return found

    def change(self) -> bool:
        """Something else is on; whether that took long (the sun behind clouds)."""
        chance = self.chance
        if self.kind.is_restless:
            sizes_a, lags_deg = chance.gamma(2.0, 2.5, 3), chance.normal(8.0, 6.0, 3)
            self.base = [
                cmath.rect(float(size), -math.radians(float(lag))) for size, lag in zip(sizes_a, lags_deg, strict=True)
            ]
            self.own_v = chance.normal(230.0, 1.5, 3)
            return False
        if any(self.kind.sun) and chance.random() < 0.4:
            self.sun_a = self.peak_a * float(chance.uniform(0.0, 1.0))
            return True
        if self.on and (len(self.on) > 4 or chance.random() < 0.45):
            del self.on[int(chance.integers(len(self.on)))]
            return False
        what = APPLIANCES[int(chance.integers(len(APPLIANCES)))]
        one = cmath.rect(float(chance.uniform(*what.amperes)), -math.radians(float(chance.normal(*what.lag_deg))))
        own = int(chance.integers(3))
        parts = [one if what.is_on_all or phase == own else 0j for phase in range(3)]
        self.on.append((parts[0], parts[1], parts[2]))
        return False

    def voltages_v(self, flowing: list[complex]) -> list[float]:
        """They sag; neighbours move them, now and then by much."""
        chance = self.chance
        self.own_v += chance.normal(0.0, 0.1, 3)
        if chance.random() < 0.02:
            self.own_v[int(chance.integers(3))] += float(chance.normal(0.0, 1.2))
        units = [cmath.rect(1.0, math.radians(-120.0 * phase)) for phase in range(3)]
        back = sum(one * unit for one, unit in zip(flowing, units, strict=True))
        return [
            float(own) - (self.grid_ohm * (one + self.neutral_ratio * back * unit.conjugate())).real
            + float(chance.normal(0.0, 0.1))
            for own, one, unit in zip(self.own_v, flowing, units, strict=True)
        ]  # fmt: skip


class Seen:
    """What the clamps show."""

    def __init__(self, wiring: Connection, chance: np.random.Generator) -> None:
        self._wiring = wiring
        self._error = [cmath.rect(1.0, math.radians(float(one))) for one in chance.uniform(-3.0, 3.0, 3)]
        self._leak = [complex(*chance.normal(0.0, 0.0005, 2)) for _ in range(3)]

    def shown(self, judge: Judge, flowing: list[complex], volts_v: list[float]) -> None:
        units = [cmath.rect(1.0, math.radians(-120.0 * phase)) for phase in range(3)]
        largest_a = max(map(abs, flowing))
        seen = [
            flowing[place] * units[place] * (-1.0 if turned else 1.0) * error + leak * largest_a
            for place, turned, error, leak in zip(
                self._wiring.phase, self._wiring.reversed, self._error, self._leak, strict=True
            )
        ]
        one = replace(
            NOTHING_KNOWN,
            voltage_rms_v=Phases.of(volts_v),
            voltage_angle_deg=Phases(0.0, -120.0, 120.0),
            current_fundamental_rms_a=Phases.of(map(abs, seen)),
            current_angle_deg=Phases.of(
                math.degrees(cmath.phase(unit * a.conjugate())) for unit, a in zip(units, seen, strict=True)
            ),
        )
        judge.follow(one, PhaseOrder.L1_L2_L3)


def day(one: Kind, chance: np.random.Generator) -> tuple[str, str]:
    """How it ended ("right", "partly", "open"), or what was claimed wrongly first ("wrong", what it was taken for)."""
    wiring = one.wirings[int(chance.integers(len(one.wirings)))]
    judge = Judge(Installation(FULL_SCALE_A, ALL, ALL, any(one.sun) if one.is_told else None, has_neutral=True))
    house, seen = House(one, chance), Seen(wiring, chance)
    said, found = "open", None
    before = house.flowing()
    for _ in range(CHANGES):
        is_slow = house.change()
        now = house.flowing()
        ramp = [(step + 1.0) / SLOW_WINDOWS for step in range(SLOW_WINDOWS - 1)] if is_slow else []
        for share in [*ramp, *([1.0] * WINDOWS)]:
            flowing = [old + (new - old) * share for old, new in zip(before, now, strict=True)]
            seen.shown(judge, flowing, house.voltages_v(flowing))
        before = now
        judge.notice_change(after_alarm=found is not None and found.condition is Condition.WRONG)
        found = judge.finding()
        if found.condition is Condition.UNDECIDED:
            said = "open"
        elif found.connection is None:
            said = "partly"
            if wiring == RIGHT:
                return "wrong", "right taken for something wrong"
        else:
            said = "right"
            if found.connection != wiring:
                return "wrong", f"{kind(wiring)} taken for {kind(found.connection)}"
    return said, ""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("days", nargs="?", type=int, default=50, help="of each kind (50)")
    wanted = parser.parse_args()
    chance = np.random.default_rng(20261122)
    total, wrong = 0, 0
    print(f"{'days of ' + str(CHANGES) + ' changes':64}{'right':>8}{'partly':>8}{'open':>8}{'wrong claims':>14}")
    for one in KINDS:
        found = [day(one, chance) for _ in range(wanted.days)]
        tally = Counter(said for said, _ in found)
        share = "".join(f"{100.0 * tally[said] / wanted.days:7.1f}%" for said in ("right", "partly", "open"))
        print(f"{one.name:64}{share}{tally['wrong']:8} of {wanted.days}", flush=True)
        for text, times in Counter(text for said, text in found if said == "wrong").most_common(4):
            print(f"    {times} x {text}")
        total, wrong = total + wanted.days, wrong + tally["wrong"]
    print(f"\nwrong claims on {wrong} of {total} days (target 0)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
