"""A run, tick by tick: what flows, what the policy sees of it and when, what it says and when that arrives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tests.benchmarks.chargers.cars import Car, Charging
from tests.benchmarks.chargers.fuses import Fuse
from tests.benchmarks.chargers.oracle import most_energy
from tests.benchmarks.chargers.site import Charger, Run, Scenario, Seeing, Seen, Site

if TYPE_CHECKING:
    from tests.benchmarks.chargers.site import MakePolicy, Policy

SAMPLES_S = {"device": 0.5, "local": 1.0, "sensorbox": 2.0}
"""How often a meter tells, by link."""
REPORTS_S = 1.0
"""How often a charger does."""
LOST_RATIO = 0.004
LATEST_S = (0.2, 1.0)
"""A command on its way."""
LOCKED_S = 1800.0
CHANGE_A = 0.1
HEALED = 1.02
"""Times the fuse: so much counts as answered, if it lasts."""


@dataclass
class Figures:
    """Of one run."""

    scenario: str
    seed: int
    trips: int
    thermal_percent: float
    over_as_per_h: float
    well_over_as_per_h: float
    util: float
    jain: float
    worst: float
    starts_per_h: float
    changes_per_h: float

    @property
    def score(self) -> float:
        return (
            100.0 * self.util * (0.5 + 0.5 * self.jain)
            - min(50.0, 25.0 * self.trips)
            - 0.15 * self.thermal_percent
            - min(15.0, self.over_as_per_h / 100.0)
            - min(10.0, 2.0 * max(0.0, self.starts_per_h - 0.5))
            - min(10.0, 0.05 * max(0.0, self.changes_per_h - 30.0))
        )


class World:
    """The building, with a policy in it."""

    def __init__(self, run: Run, make: MakePolicy) -> None:
        self.run, self._make = run, make
        self.site = run.site
        self.policy: Policy | None = make(run.site)
        setup = self.policy.setup()
        self._period_s, self._sample_s = self.policy.period, SAMPLES_S[self.policy.link]
        self.charging = [
            Charging(car, charger.max, charger.rot, float(limit), float(setup["offline_timeout_s"]))
            for car, charger, limit in zip(run.cars, run.site.chargers, setup["offline_limit"], strict=True)
        ]
        self._meter: tuple[float, tuple[float, float, float]] | None = None
        self._seen = [Seen(-1e9, connected=False, wants=False, i=(0.0, 0.0, 0.0), limit=0.0) for _ in self.charging]
        self._reports_s = [float(run.chance.uniform(0.0, REPORTS_S)) for _ in self.charging]
        self._decides_s = self._samples_s = 0.0

    def tick(self, now_s: float, base_a: tuple[float, float, float]) -> list[float]:
        """What flows now on each phase; then everybody sees and speaks."""
        dt_s = self.site.dt
        total_a, shown_a = list(base_a), list(base_a)
        for one, charger in zip(self.charging, self.site.chargers, strict=True):
            one.step(now_s, dt_s)
            if one.current_a > 0.0:
                for phase in one.uses:
                    total_a[phase] += one.current_a
                    if charger.included:
                        shown_a[phase] += one.current_a
        out = {one.what for one in self.run.outages if one.holds(now_s)} if self.run.outages else set[str]()
        self._sense(now_s, shown_a, out)
        self._decide(now_s, out)
        return total_a

    def _sense(self, now_s: float, shown_a: list[float], out: set[str]) -> None:
        chance = self.run.chance
        if now_s >= self._samples_s - 1e-9:
            self._samples_s += self._sample_s
            if "meter" not in out and chance.random() > LOST_RATIO:
                noise = chance.normal(1.0, 0.002, 3)
                read = [
                    value * gain * float(one) for value, gain, one in zip(shown_a, self.run.gains, noise, strict=True)
                ]
                self._meter = now_s, (read[0], read[1], read[2])
        for number, one in enumerate(self.charging):
            if now_s >= self._reports_s[number]:
                self._reports_s[number] += REPORTS_S
                if str(number) not in out:
                    terminals = tuple(one.current_a if k < one.car.phases else 0.0 for k in range(3))
                    self._seen[number] = Seen(
                        now_s, one.is_connected(now_s), one.wants(now_s), (terminals[0], terminals[1], terminals[2]),
                        one.limit_a,
                    )  # fmt: skip

    def _decide(self, now_s: float, out: set[str]) -> None:
        if "uplink" in out:
            self.policy = None
            self._decides_s = now_s
            return
        if now_s < self._decides_s - 1e-9:
            return
        self._decides_s += self._period_s
        if self.policy is None:
            self.policy = self._make(self.site)
            self.policy.setup()
        orders = self.policy.step(now_s, Seeing(self._meter, list(self._seen))) or {}
        for number, order in orders.items():
            limit_a, valid_s = order if isinstance(order, tuple) else (order, math.inf)
            if not (limit_a == 0.0 or 6.0 - 1e-6 <= limit_a <= self.site.chargers[number].max + 1e-6):
                raise ValueError(f"charger {number} is told {limit_a} A")
            if str(number) not in out:
                self.charging[number].send(now_s + float(self.run.chance.uniform(*LATEST_S)), limit_a, valid_s)


def play(run: Run, make: MakePolicy, seed: int) -> Figures:
    """A whole run, judged."""
    dt_s = run.site.dt
    world = World(run, make)
    fuses = [Fuse(run.scenario.device, run.site.fuse, dt_s) for _ in range(3)]
    base = [tuple(column) for column in run.base_a.T.tolist()]
    fuse_a, over_as, well_over_as, trips = run.site.fuse, 0.0, 0.0, 0
    for number in range(int(run.duration_s / dt_s)):
        now_s = number * dt_s
        base_a = base[int(now_s)]
        total_a = world.tick(now_s, base_a)
        for phase in range(3):
            current_a = total_a[phase]
            if current_a > fuse_a:
                over_as += (current_a - max(fuse_a, base_a[phase])) * dt_s
                well_over_as += max(0.0, current_a - max(1.05 * fuse_a, base_a[phase])) * dt_s
            if fuses[phase].carry(max(0.0, current_a)):
                trips += 1
                fuses[phase].quick = fuses[phase].slow = 0.5
                for one in world.charging:
                    one.locked_until_s = now_s + LOCKED_S
    return _judged(run, world, fuses, seed, (over_as, well_over_as, trips))


def _judged(run: Run, world: World, fuses: list[Fuse], seed: int, over: tuple[float, float, int]) -> Figures:
    hours = run.duration_s / 3600.0
    car_hours = sum(min(one.car.leaves_s, run.duration_s) - one.car.arrives_s for one in world.charging) / 3600.0
    parts = np.array([one.got_as / one.car.could_as() for one in world.charging])
    energy = sum(one.got_as * one.car.phases for one in world.charging)
    return Figures(
        scenario=run.scenario.name,
        seed=seed,
        trips=over[2],
        thermal_percent=max(fuse.used_percent for fuse in fuses),
        over_as_per_h=over[0] / hours,
        well_over_as_per_h=over[1] / hours,
        util=energy / most_energy(run),
        jain=float(parts.sum() ** 2 / (len(parts) * (parts**2).sum())) if parts.any() else 0.0,
        worst=float(parts.min()),
        starts_per_h=sum(one.starts for one in world.charging) / car_hours,
        changes_per_h=sum(one.changes for one in world.charging) / car_hours,
    )


def answered_s(make: MakePolicy, seed: int) -> float | None:
    """A step of 20 A at full load: when the total is below 1.02 times the fuse, for ten seconds; None: never over."""
    chance = np.random.default_rng([20261123, seed])
    step_s, end_s, dt_s, fuse_a = 900.0 + float(chance.uniform(0, 5)), 1100.0, 0.1, 63.0
    cars = [
        Car(
            phases=3, max_a=32.0, less_a=float(chance.uniform(0, 2)), down_delay_s=float(chance.uniform(0.3, 2.0)),
            down_a_per_s=float(chance.uniform(8, 30)), up_delay_s=float(chance.uniform(0.5, 3.0)),
            up_a_per_s=float(chance.uniform(1, 5)), resume_s=15.0, arrives_s=0.0, leaves_s=end_s, need_as=1e9,
        )
        for _ in range(4)
    ]  # fmt: skip
    if seed % 3 == 2:
        cars[0].down_delay_s = 4.0
    chargers = [Charger(32.0, (0, 1, 2), included=True, offline=6.0 if number < 3 else 0.0) for number in range(4)]
    site = Site(fuse_a, "gg", fuse_a, 0.3 * fuse_a, 6.0, 4, dt_s, chargers)
    scenario = Scenario("react", fuse_a, "gg", 4, lambda _: None)
    world = World(Run(scenario, site, np.zeros((3, 1)), cars, (1.0, 1.0, 1.0), end_s, chance), make)
    phase, quiet_since_s, was_over = int(chance.integers(3)), step_s, False
    for number in range(int(end_s / dt_s)):
        now_s = number * dt_s
        base = [15.0, 15.0, 15.0]
        if now_s >= step_s:
            base[phase] += 20.0
        total_a = world.tick(now_s, (base[0], base[1], base[2]))
        if now_s >= step_s and max(total_a) > HEALED * fuse_a:
            quiet_since_s, was_over = now_s + dt_s, True
        if now_s - quiet_since_s >= 10.0 and now_s >= step_s:
            return quiet_since_s - step_s if was_over else None
    return end_s - step_s
