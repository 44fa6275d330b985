"""A car at a charger: obeys late, ramps, resumes slowly, draws less than offered, tapers, wakes for pre-heating."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

LEAST_A = 6.0
FULL_RATIO = 0.08
"""Of its need: from here on it takes less and less."""
FOREVER = float("inf")


@dataclass
class Car:
    """What one is like, and what it needs."""

    phases: int
    max_a: float
    less_a: float
    down_delay_s: float
    down_a_per_s: float
    up_delay_s: float
    up_a_per_s: float
    resume_s: float
    arrives_s: float
    leaves_s: float
    need_as: float
    """Ampere-seconds, of one of its phases."""
    wakes_s: float = FOREVER
    """It pre-heats from then on."""
    heats_s: float = 0.0
    heat_a: float = 0.0

    def could_as(self) -> float:
        """What it could take if there were no limit."""
        stays_s = max(0.0, self.leaves_s - self.arrives_s)
        return min(self.need_as + self.heats_s * self.heat_a, self.max_a * stays_s)


class Charging:
    """A charger with its car: what flows."""

    def __init__(self, car: Car, max_a: float, rotation: tuple[int, ...], offline_a: float, timeout_s: float) -> None:
        self.car = car
        self.max_a = max_a
        self.uses = tuple(rotation[: car.phases])
        self.rotation = rotation
        self.offline_a, self.timeout_s = offline_a, timeout_s
        self.limit_a = 0.0
        """What the charger obeys."""
        self.until_s = FOREVER
        self.heard_s = 0.0
        """When a command last arrived."""
        self.current_a = 0.0
        self.got_as = 0.0
        self.starts = 0
        self.has_started = False
        self.changes = 0
        self.locked_until_s = -1.0
        self._on_the_way: deque[tuple[float, float, float]] = deque()
        self._felt: deque[tuple[float, float]] = deque()
        """Offers that the car has not taken notice of yet: from when on, and how much."""
        self._offered_a = 0.0
        self._obeyed_a = 0.0
        self._resumes_s = FOREVER

    def send(self, arrives_s: float, limit_a: float, valid_s: float) -> None:
        self._on_the_way.append((arrives_s, limit_a, valid_s))

    @property
    def is_full(self) -> bool:
        return self.got_as >= self.car.need_as

    def is_connected(self, now_s: float) -> bool:
        return self.car.arrives_s <= now_s < self.car.leaves_s

    def wants(self, now_s: float) -> bool:
        return self.is_connected(now_s) and (not self.is_full or self._heats(now_s))

    def _heats(self, now_s: float) -> bool:
        return self.car.wakes_s <= now_s < self.car.wakes_s + self.car.heats_s

    def _listen(self, now_s: float) -> None:
        """The charger's side: commands that have come, leases that ended."""
        while self._on_the_way and self._on_the_way[0][0] <= now_s:
            _, limit_a, valid_s = self._on_the_way.popleft()
            self._obey(limit_a)
            self.until_s, self.heard_s = now_s + valid_s, now_s
        if now_s >= self.until_s or now_s - self.heard_s >= self.timeout_s:
            self._obey(self.offline_a)

    def step(self, now_s: float, dt_s: float) -> None:
        """One tick of the simulation."""
        self._listen(now_s)
        car = self.car
        if not car.arrives_s <= now_s < car.leaves_s:
            self.current_a = 0.0
            self._offered_a = self._obeyed_a = 0.0
            self._felt.clear()
            self._resumes_s = FOREVER
            return
        offered_a = 0.0 if now_s < self.locked_until_s else self.limit_a
        if offered_a != self._offered_a:
            delay_s = car.down_delay_s if offered_a < self._offered_a else car.up_delay_s
            self._felt.append((now_s + delay_s, offered_a))
            self._offered_a = offered_a
        while self._felt and self._felt[0][0] <= now_s:
            self._obeyed_a = self._felt.popleft()[1]
        goal_a = self._goal_a(now_s)
        if goal_a <= 0.0:
            self._resumes_s = FOREVER
        elif self.current_a <= 0.0:
            if self._resumes_s == FOREVER:
                self._resumes_s = now_s + car.resume_s
            if now_s < self._resumes_s:
                return
            self.starts += 1 if self.has_started else 0
            self.has_started = True
            self.current_a = min(goal_a, LEAST_A)
        if goal_a < self.current_a:
            self.current_a = max(goal_a, self.current_a - car.down_a_per_s * dt_s)
        elif goal_a > self.current_a:
            self.current_a = min(goal_a, self.current_a + car.up_a_per_s * dt_s)
        self.got_as += self.current_a * dt_s

    def _obey(self, limit_a: float) -> None:
        self.changes += abs(limit_a - self.limit_a) >= 0.1
        self.limit_a = limit_a

    def _goal_a(self, now_s: float) -> float:
        car = self.car
        if self._obeyed_a < LEAST_A:
            return 0.0
        offered_a = self._obeyed_a - car.less_a
        left_as = car.need_as - self.got_as
        if left_as > 0.0:
            return min(offered_a, car.max_a * min(1.0, max(0.15, left_as / (FULL_RATIO * car.need_as))))
        return min(offered_a, car.heat_a) if self._heats(now_s) else 0.0
