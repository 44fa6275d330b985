"""What a building draws besides its chargers: appliances that come and go, one value a second and phase, in amperes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Currents = NDArray[np.float64]

HOUR_S = 3600


class Building:
    """Appliances, added one by one."""

    def __init__(self, chance: np.random.Generator, duration_s: int, first_hour: float) -> None:
        self.chance = chance
        self.duration_s = duration_s
        self.first_hour = first_hour
        self.current_a = np.zeros((3, duration_s))

    def between(self, low: float, high: float) -> float:
        return float(self.chance.uniform(low, high))

    def at(self, hour: float) -> float:
        return (hour - self.first_hour) * HOUR_S

    def phase(self) -> int:
        return int(self.chance.integers(3))

    def on(
        self, phases: Sequence[int], start_s: float, length_s: float, current_a: float, inrush_a: float = 0.0
    ) -> None:
        """It draws so much for so long; a motor starts with more for a second."""
        first, last = int(max(0.0, start_s)), int(min(self.duration_s, start_s + length_s))
        if first >= last:
            return
        for phase in phases:
            self.current_a[phase, first:last] += current_a
            if inrush_a and start_s >= 0.0:
                self.current_a[phase, first] += inrush_a

    def cycle(  # noqa: PLR0913, PLR0917  a thermostat has so many sides

        self, phases: Sequence[int], start_s: float, length_s: float, current_a: float, on_s: tuple[float, float],
        off_s: tuple[float, float], inrush_a: float = 0.0,
    ) -> None:  # fmt: skip
        """A thermostat: on and off, each time for its own usual time, with some spread."""
        usual_on_s, usual_off_s = self.between(*on_s), self.between(*off_s)
        now_s, end_s = start_s, start_s + length_s
        while now_s < end_s:
            lasts_s = usual_on_s * self.between(0.8, 1.25)
            self.on(phases, now_s, min(lasts_s, end_s - now_s), current_a, inrush_a)
            now_s += lasts_s + usual_off_s * self.between(0.75, 1.35)

    def often(self, per_hour: float, do: Callable[[float], None]) -> None:
        """Something that happens at any time, so often."""
        for _ in range(int(self.chance.poisson(per_hour * self.duration_s / HOUR_S))):
            do(self.between(0.0, self.duration_s))


def household(house: Building, *, dinner: float, electric: float = 1.0) -> None:
    """A home: what runs all day, and an evening."""
    fridge = house.phase()
    house.cycle([fridge], -house.between(0, 2000), house.duration_s + 2000, 0.7, (600, 1100), (1200, 2200), 3.0)
    for phase in range(3):
        house.on([phase], 0, house.duration_s, house.between(0.2, 0.9))
    for _ in range(int(house.chance.integers(2, 6))):
        house.on(
            [house.phase()], house.at(house.between(15.5, 23.5)), house.between(1200, 9000), house.between(0.3, 1.6)
        )
    kettle = house.phase()
    house.often(0.5, lambda at_s: house.on([kettle], at_s, house.between(90, 240), house.between(7.5, 9.5)))
    if house.chance.random() < 0.85 * electric:
        dinner_s = house.at(dinner)
        zones = house.chance.permutation(3)
        for zone in range(int(house.chance.integers(1, 4))):
            start_s = dinner_s + house.between(-300, 900)
            current_a = house.between(5.0, 9.5)
            house.on([int(zones[zone])], start_s, house.between(120, 360), current_a)
            house.cycle([int(zones[zone])], start_s + 400, house.between(600, 1800), current_a, (6, 18), (10, 30))
        if house.chance.random() < 0.6:
            oven = house.phase()
            start_s = dinner_s + house.between(-1800, 600)
            house.on([oven], start_s, house.between(360, 660), 10.5)
            house.cycle([oven], start_s + 660, house.between(1200, 3000), 10.5, (40, 90), (60, 150))
    if house.chance.random() < 0.6:
        start_s, phase = house.at(house.between(18.0, 21.5)), house.phase()
        house.on([phase], start_s + 600, house.between(600, 1000), 9.0)
        house.on([phase], start_s + 3600, house.between(400, 900), 9.0)
    if house.chance.random() < 0.4:
        start_s, phase = house.at(house.between(16.0, 20.0)), house.phase()
        house.on([phase], start_s + 300, house.between(500, 900), 9.0)
        house.cycle([phase], start_s + 1500, 2400, 2.0, (10, 20), (5, 10))
        if house.chance.random() < 0.6:
            house.cycle([phase], start_s + 5400, house.between(2400, 4800), 10.0, (120, 300), (40, 120))


def heating(house: Building, heat_pump_a: float, addition_a: float) -> None:
    """A heat pump on all phases, with electric addition when it is not enough."""
    now_s = -house.between(0, 1500)
    while now_s < house.duration_s:
        lasts_s = house.between(900, 2400)
        house.on([0, 1, 2], now_s, lasts_s, heat_pump_a, 2.0 * heat_pump_a)
        if house.chance.random() < 0.35:
            steps = int(house.chance.integers(1, 4))
            house.on(list(range(steps)), now_s + house.between(200, 600), house.between(400, 1500), addition_a)
        now_s += lasts_s + house.between(500, 1500)


def villa(house: Building) -> None:
    """One family, with what houses of the north have."""
    household(house, dinner=house.between(17.0, 18.8))
    if house.chance.random() < 0.75:
        heating(house, house.between(3.0, 5.0), house.between(6.0, 9.0))
    if house.chance.random() < 0.5:
        well = house.phase()
        house.often(3.0, lambda at_s: house.on([well], at_s, house.between(25, 90), 4.5, 15.0))
    if house.chance.random() < 0.35:
        start_s = house.at(house.between(18.0, 20.5))
        house.on([0, 1, 2], start_s, 1800, 9.5)
        house.cycle([0, 1, 2], start_s + 1800, house.between(1800, 3600), 9.5, (100, 220), (60, 200))
    if house.chance.random() < 0.5:
        house.on([house.phase()], house.at(house.between(17, 22)), house.between(3600, 7200), house.between(4, 8))
    house.often(1.5, lambda at_s: house.on([house.phase()], at_s, house.between(30, 600), house.between(3, 9)))


def asymmetric(house: Building) -> None:
    """The same, with most of it on L1."""
    villa(house)
    house.on([0], 0, house.duration_s, house.between(2.0, 4.0))
    house.cycle([0], 0, house.duration_s, house.between(4, 7), (300, 900), (400, 1200))


def apartments(house: Building, homes: int) -> None:
    """Many families, a lift, fans, a laundry."""
    for _ in range(homes):
        household(house, dinner=house.between(16.7, 19.8), electric=0.8)
    house.often(14.0, lambda at_s: house.on([0, 1, 2], at_s, house.between(15, 40), 9.0, 16.0))
    house.on([0, 1, 2], 0, house.duration_s, 2.0)
    laundry = house.phase()
    for start in (16.2, 18.0, 19.8, 21.5):
        house.on([laundry], house.at(start + house.between(-0.3, 0.3)), house.between(700, 1200), 10.0)
        house.cycle([(laundry + 1) % 3], house.at(start + 1.0), 3000, 10.0, (120, 300), (40, 120))
    house.often(0.6, lambda at_s: house.on([house.phase()], at_s, house.between(1800, 5400), house.between(4, 9)))


def apartments_asymmetric(house: Building, homes: int) -> None:
    apartments(house, homes)
    house.on([0], 0, house.duration_s, 8.0)
    house.cycle([0], 0, house.duration_s, 9.0, (240, 700), (300, 900))


def office(house: Building) -> None:
    """Cooling, fans, a kitchen at noon, compressors, lifts."""
    for phase in range(3):
        house.on([phase], 0, house.duration_s, house.between(6, 10))
        house.on([phase], house.at(8.0), 8.5 * HOUR_S, house.between(8, 14))
    house.cycle([0, 1, 2], 0, house.duration_s, 14.0, (300, 700), (300, 900), 25.0)
    house.cycle([0, 1, 2], house.at(9.5), 6 * HOUR_S, 9.0, (120, 300), (200, 500), 15.0)
    house.often(12.0, lambda at_s: house.on([0, 1, 2], at_s, house.between(15, 40), 11.0, 20.0))
    for _ in range(2):
        phase = house.phase()
        house.cycle([phase], house.at(10.5), 2.5 * HOUR_S, house.between(8, 14), (6, 30), (10, 30))
    house.often(5.0, lambda at_s: house.on([house.phase()], at_s, house.between(120, 240), 9.0))
    house.often(1.0, lambda at_s: house.on([house.phase()], at_s, house.between(900, 3600), house.between(5, 12)))


def steps(house: Building) -> None:
    """The worst: random steps of 15 to 30 A on each phase, of 5 to 300 s."""
    for phase in (0, 0, 1, 1, 2, 2):  # two at a time
        house.on([phase], 0, house.duration_s, 2.5)
        now_s = house.between(0, 100)
        while now_s < house.duration_s:
            lasts_s = house.between(5, 300)
            house.on([phase], now_s, lasts_s, house.between(15, 30))
            now_s += lasts_s + house.between(5, 600)


def sun(house: Building, peak_a: float) -> Currents:
    """What panels feed in on each phase, with clouds that pass."""
    hours = house.first_hour + np.arange(house.duration_s) / HOUR_S
    clear = np.clip(np.sin((hours - 6.0) / 13.0 * np.pi), 0.0, None)
    cover = np.zeros(house.duration_s)
    now_s = 0.0
    while now_s < house.duration_s:
        lasts_s, depth = house.between(20, 400), house.between(0.2, 0.8)
        cover[int(now_s) : int(now_s + lasts_s)] = depth
        now_s += lasts_s + house.between(30, 900)
    edge = np.ones(8) / 8.0
    shape: Currents = peak_a * clear * (1.0 - np.convolve(cover, edge, mode="same"))
    return shape


@dataclass(frozen=True)
class Base:
    """Currents of each phase, a value a second."""

    current_a: Currents


def scaled(current_a: Currents, limit_a: float) -> Currents:
    """So that the highest mean over 30 s is the limit."""
    window = np.ones(30) / 30.0
    highest = max(float(np.convolve(phase, window, mode="valid").max()) for phase in current_a)
    return current_a * (limit_a / highest)
