"""A run of the model: the site that a policy is told of, its loads, cars, links and outages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from tests.benchmarks.chargers import loads
from tests.benchmarks.chargers.cars import Car

if TYPE_CHECKING:
    from tests.benchmarks.chargers.loads import Building, Currents

ROTATIONS = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2))


@dataclass
class Charger:
    """As a policy is told of it."""

    max: float
    rot: tuple[int, ...]
    included: bool
    offline: float


@dataclass
class Site:
    """As a policy is told of it."""

    fuse: float
    device: str
    group_online: float
    group_offline: float
    min_a: float
    n: int
    dt: float
    chargers: list[Charger]


@dataclass
class Seen:
    """One charger, as a policy sees it."""

    t: float
    connected: bool
    wants: bool
    i: tuple[float, float, float]
    limit: float


@dataclass
class Seeing:
    """All that a policy sees."""

    meter: tuple[float, tuple[float, float, float]] | None
    ch: list[Seen]


class Policy(Protocol):
    """What is judged."""

    link: str
    period: float

    def setup(self) -> dict[str, Any]: ...

    def step(self, t: float, obs: Seeing) -> dict[int, float | tuple[float, float]] | None: ...


MakePolicy = Callable[[Site], Policy]


@dataclass(frozen=True)
class Outage:
    """Something is out of reach for a while."""

    what: str
    """meter, uplink, or a charger's number."""
    start_s: float
    length_s: float

    def holds(self, now_s: float) -> bool:
        return self.start_s <= now_s < self.start_s + self.length_s


@dataclass(frozen=True)
class Scenario:
    """One kind of day."""

    name: str
    fuse_a: float
    device: str
    cars: int
    build: Callable[[Building], None]
    hours: tuple[float, float] = (16.0, 24.0)
    peak_ratio: float = 0.92
    sun_a: float = 0.0
    outages: tuple[Outage, ...] = ()
    excluded: bool = False
    is_averaged: bool = True
    number: int = 0


@dataclass
class Run:
    """One day of one seed."""

    scenario: Scenario
    site: Site
    base_a: Currents
    cars: list[Car]
    gains: tuple[float, float, float]
    duration_s: float
    chance: np.random.Generator
    outages: tuple[Outage, ...] = field(default_factory=tuple)


def _apartments(homes: int) -> Callable[[Building], None]:
    return lambda house: loads.apartments(house, homes)


def _asymmetric(homes: int) -> Callable[[Building], None]:
    return lambda house: loads.apartments_asymmetric(house, homes)


OUT_METER = (
    Outage("meter", 4000, 8),
    Outage("meter", 8000, 45),
    Outage("meter", 12500, 150),
    Outage("meter", 18000, 1500),
)
OUT_CHARGER = (Outage("0", 5000, 60), Outage("1", 9000, 300), Outage("2", 13000, 1200), Outage("3", 18000, 3400))
OUT_UPLINK = (Outage("uplink", 5000, 60), Outage("uplink", 11000, 300), Outage("uplink", 19000, 1500))
SCENARIOS = (
    Scenario("villa25", 25.0, "mcb", 1, loads.villa),
    Scenario("villa20", 20.0, "mcb", 2, loads.villa),
    Scenario("villa_pv", 25.0, "gg", 2, loads.villa, hours=(9.0, 17.0), sun_a=11.0),
    Scenario("villa_asym", 25.0, "mcb", 2, loads.asymmetric),
    Scenario("apt63", 63.0, "gg", 6, _apartments(9)),
    Scenario("apt63_asym", 63.0, "gg", 6, _asymmetric(9)),
    Scenario("apt35_queue", 35.0, "gg", 6, _apartments(4), peak_ratio=0.75),
    Scenario("office100", 100.0, "mcb", 12, loads.office, hours=(7.0, 16.0)),
    Scenario("worst_steps", 63.0, "mcb", 4, loads.steps, hours=(16.0, 19.0)),
    Scenario("out_meter", 63.0, "gg", 6, _apartments(9), outages=OUT_METER),
    Scenario("out_charger", 63.0, "gg", 6, _apartments(9), outages=OUT_CHARGER),
    Scenario("out_uplink", 63.0, "gg", 6, _apartments(9), outages=OUT_UPLINK),
    Scenario("notincl", 63.0, "gg", 6, _apartments(9), excluded=True, is_averaged=False),
)


def run(scenario: Scenario, seed: int) -> Run:
    """The same for the same seed."""
    number = [one.name for one in SCENARIOS].index(scenario.name)
    chance = np.random.default_rng([20261122, number, seed])
    first, last = scenario.hours
    duration_s = int((last - first) * loads.HOUR_S)
    house = loads.Building(chance, duration_s, first)
    scenario.build(house)
    base_a = loads.scaled(house.current_a, scenario.peak_ratio * scenario.fuse_a)
    if scenario.sun_a:
        base_a = base_a - loads.sun(house, scenario.sun_a)
    cars = [_car(chance, number, scenario.cars, float(duration_s)) for number in range(scenario.cars)]
    chance.shuffle(cars)
    offline_a = 0.3 * scenario.fuse_a
    allowed = int(offline_a // 6.0)
    chargers = [
        Charger(
            max=32.0 if car.max_a > 16.0 or chance.random() < 0.3 else 16.0,
            rot=ROTATIONS[int(chance.integers(len(ROTATIONS)))],
            included=not (scenario.excluded and index % 2),
            offline=6.0 if index < allowed else 0.0,
        )
        for index, car in enumerate(cars)
    ]
    site = Site(
        fuse=scenario.fuse_a, device=scenario.device, group_online=scenario.fuse_a, group_offline=offline_a,
        min_a=6.0, n=len(cars), dt=0.5, chargers=chargers,
    )  # fmt: skip
    gains = chance.uniform(0.985, 1.015, 3)
    return Run(
        scenario, site, base_a, cars, (float(gains[0]), float(gains[1]), float(gains[2])), float(duration_s), chance,
        scenario.outages,
    )  # fmt: skip


def _car(chance: np.random.Generator, number: int, count: int, duration_s: float) -> Car:
    phases = int(chance.choice([1, 2, 3], p=[0.4, 0.15, 0.45]))
    max_a = float(chance.choice([16.0, 32.0], p=[0.85, 0.15] if phases == 3 else [0.5, 0.5]))
    arrives_s = (
        float(chance.uniform(0.0, 0.3)) * duration_s if number else float(chance.uniform(0.0, 0.03)) * duration_s
    )
    leaves_s = duration_s if chance.random() < 0.7 else float(chance.uniform(0.75, 1.0)) * duration_s
    need_as = float(chance.uniform(0.4, 0.9)) * max_a * (leaves_s - arrives_s)
    car = Car(
        phases=phases,
        max_a=max_a,
        less_a=float(chance.uniform(0.0, 2.0)),
        down_delay_s=float(chance.uniform(0.3, 2.0)),
        down_a_per_s=float(chance.uniform(8.0, 30.0)),
        up_delay_s=float(chance.uniform(0.5, 3.0)),
        up_a_per_s=float(chance.uniform(1.0, 5.0)),
        resume_s=float(chance.uniform(10.0, 60.0)),
        arrives_s=arrives_s,
        leaves_s=leaves_s,
        need_as=need_as,
    )
    if number == 0:
        car.down_delay_s = 4.0
    if number == 1 and count > 1:
        car.need_as = 0.12 * max_a * duration_s
        car.leaves_s = duration_s
        car.wakes_s, car.heats_s, car.heat_a = duration_s * float(chance.uniform(0.75, 0.9)), 1200.0, min(10.0, max_a)
    return car
