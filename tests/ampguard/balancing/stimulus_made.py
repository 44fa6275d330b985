"""A building with one charger under test, window by window: its car, its clamps, what else draws, and what is told."""

from __future__ import annotations

import cmath
import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.ampguard.balancing.made import car
from tests.benchmarks.chargers.cars import Car, Charging

from ampguard.balancing.stimulus import Stage, Stimulus, Told
from ampguard.balancing.stimulus_found import clamp_found
from ampguard.phases import Phases
from ampguard.wiring.check_snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_S = 0.2
LAG_RAD = math.radians(8.0)
ALL = Phases.all_of(value=True)
RAISED_S = 12.0
"""The core raises no sooner after a change."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is random of a trial."""

    order: tuple[int, int, int] = (0, 1, 2)
    """Phase behind each terminal."""
    places: tuple[int, int, int] = (0, 1, 2)
    """Phase that each clamp sits on."""
    signs: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ratios: tuple[float, float, float] = (1.0, 1.0, 1.0)
    latency_s: float = 0.4
    """From an order until the charger obeys."""
    tells_s: float = 5.0
    """How often the charger says what it draws; infinite: never."""
    switches: bool = True
    """It charges on fewer phases when it is asked to."""
    noise_a: float = 0.05
    steps_per_s: float = 0.0
    """How often something else is switched on or off in the building."""
    starved: tuple[float, float] = (math.inf, math.inf)
    """From when to when the group has no 10 A."""
    seed: int = 0


@dataclass
class World:
    """One trial."""

    setting: Setting
    car: Car = field(default_factory=car)
    clamps: Phases[bool] = ALL
    terminals: int = 3
    stream_s: float = 1000.0
    """What the meter's own clock is ahead."""
    now_s: float = 0.0
    notes: list[str] = field(default_factory=list[str])
    orders: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When which limit was given."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.setting.seed)
        self.test = Stimulus(self.clamps, self.terminals)
        self.charging = Charging(self.car, 16.0, (0, 1, 2), 0.0, math.inf)
        self.limit_a, self.changed_s, self.renewed_s = 16.0, -100.0, 0.0
        self.uses = self.car.phases
        self.told: tuple[float, tuple[float, float, float]] | None = None
        self.base = [cmath.rect(self.chance.uniform(0.5, 12.0), self.chance.uniform(-0.4, 0.2)) for _ in range(3)]
        self.on: list[tuple[int, complex]] = []
        self.charging.send(0.0, 16.0, math.inf)
        for _ in range(300):  # it has charged for a minute already
            self.charging.step(self.now_s, WINDOW_S)
            self.now_s += WINDOW_S

    def run(self, most_s: float = 2000.0) -> World:
        """To its end."""
        until_s = self.now_s + most_s
        while self.test.stage is not Stage.DONE and self.now_s < until_s:
            self.step()
        return self

    def restart_meter(self) -> None:
        """Its stream begins anew."""
        self.stream_s = -self.now_s

    def step(self) -> None:
        """One window."""
        self.now_s += WINDOW_S
        self._core()
        self.charging.step(self.now_s, WINDOW_S)
        self._switch_others()
        late_s = self.chance.uniform(0.01, 0.06)
        self.notes += self.test.observe(self._window(), self.now_s + late_s)
        if self.told is None or self.now_s - self.told[0] >= self.setting.tells_s:
            self.told = self.now_s, self._terminals_a()
        is_known = not math.isinf(self.setting.tells_s)
        self.notes += self.test.hear(Told(
            now_s=self.now_s + late_s + 0.005, limit_a=self.limit_a, drawn_a=self.told[1] if is_known else None,
            drawn_s=self.told[0] if is_known else None, is_ready=True,
        ))  # fmt: skip

    def _core(self) -> None:
        """The balancer's side: the lower of the wish and what there is; down at once, up later."""
        wish, setting = self.test.wish, self.setting
        if wish is None:
            return
        most_a = min(16.0, wish.most_a)
        if setting.starved[0] <= self.now_s < setting.starved[1]:
            most_a = min(most_a, 7.0)
        if most_a < self.limit_a or (most_a > self.limit_a and self.now_s - self.changed_s >= RAISED_S):
            self.limit_a, self.changed_s = most_a, self.now_s
            self.orders.append((self.now_s, most_a))
            self.charging.send(self.now_s + setting.latency_s, most_a, math.inf)
        if self.now_s - self.renewed_s >= 10.0:
            self.renewed_s = self.now_s
            uses = min(self.car.phases, wish.phases or 3) if setting.switches else self.car.phases
            if uses != self.uses:  # the contactor opens, the car begins anew
                self.uses = uses
                self.charging.current_a = 0.0

    def _terminals_a(self) -> tuple[float, float, float]:
        current_a = self.charging.current_a
        one, two, three = (
            round(current_a * self.chance.uniform(0.995, 1.005), 2) if terminal < self.uses else 0.0
            for terminal in range(3)
        )
        return one, two, three

    def _switch_others(self) -> None:
        if self.chance.random() < self.setting.steps_per_s * WINDOW_S:
            if self.on and self.chance.random() < 0.5:
                phase, load = self.on.pop()
                self.base[phase] -= load
            else:
                phase = self.chance.randrange(3)
                load = cmath.rect(self.chance.uniform(0.3, 9.0), -self.chance.uniform(0.0, 0.6))
                self.base[phase] += load
                self.on.append((phase, load))

    def _window(self) -> Snapshot:
        setting, noise_a = self.setting, self.setting.noise_a
        volts = [cmath.rect(230.0 + self.chance.gauss(0.0, 0.2), -math.radians(120.0 * phase)) for phase in range(3)]
        flows: list[complex] = []
        for phase in range(3):
            load = self.base[phase] + complex(self.chance.gauss(0.0, noise_a), self.chance.gauss(0.0, noise_a))
            terminal = setting.order.index(phase)
            if terminal < self.uses:
                load += cmath.rect(self.charging.current_a, -LAG_RAD)
            flows.append(load * volts[phase] / abs(volts[phase]))
        shown = [
            (flows[place] * sign * ratio + 0.003 * flows[(place + 1) % 3]) if there else 0j
            for place, sign, ratio, there in zip(
                setting.places, setting.signs, setting.ratios, self.clamps, strict=True
            )
        ]
        return Snapshot(
            start_s=self.now_s - WINDOW_S + self.stream_s, duration_s=WINDOW_S,
            current_a=(shown[0], shown[1], shown[2]),
            voltage_v=(volts[0], volts[1], volts[2]), is_rough=False,
        )  # fmt: skip


def wrong(world: World) -> Sequence[str]:
    """What it has claimed and is not so."""
    setting, found = world.setting, world.test.mapping
    mistakes = [
        f"terminal {terminal}: {phase}, is {setting.order[terminal]}"
        for terminal, phase in enumerate(found.phases)
        if phase is not None and phase != setting.order[terminal]
    ]
    if not found.candidates:
        mistakes.append("nothing fits")
    return mistakes


def misled(world: World) -> Sequence[str]:
    """What it has claimed of clamps and is not so: place, sign, ratio, or a delay that is none."""
    setting, mistakes = world.setting, list[str]()
    for clamp in range(3):
        found = clamp_found(world.test.trusted, clamp)
        if found is None:
            continue
        if (found.phase, found.reversed) != (setting.places[clamp], setting.signs[clamp] < 0.0):
            mistakes.append(f"clamp {clamp}: {found.phase} {found.reversed}")
        if found.ratio is not None and abs(found.ratio - setting.ratios[clamp]) > 4.0 * (found.unsure_ratio or 0.0):
            mistakes.append(f"clamp {clamp}: ratio {found.ratio:.3f}, is {setting.ratios[clamp]:.3f}")
    delay_s = setting.latency_s + world.car.down_delay_s
    rounds = world.test.trusted
    for one in rounds if len(rounds) > 1 else []:
        late_s = one.down.begins_s - one.down.order_s - delay_s
        if not -0.5 <= late_s <= 1.0:
            mistakes.append(f"delay {late_s:+.2f} s off {delay_s:.2f} s")
    return mistakes
