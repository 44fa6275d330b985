"""Groups and observations for tests, and a small building in which a balancer works."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.benchmarks.chargers.cars import Car, Charging
from tests.benchmarks.chargers.fuses import Fuse

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import Heard, Observation
from ampguard.balancing.site import ORDER, Charger, Group, Rules
from ampguard.phases import Phase
from ampguard.settings.grid import Device, GridType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ampguard.balancing.decision import Decision, Reason
    from ampguard.balancing.observation import CloudLimit, TogetherLimit

NEVER_S = float("inf")


def charger(name: str = "a", **changed: object) -> Charger:
    told: dict[str, object] = {
        "name": name, "max_a": 32.0, "phases": (Phase.L1, Phase.L2, Phase.L3), "is_included": True, "offline_a": 0.0,
        "offline_phase": None,
    }  # fmt: skip
    return Charger(**(told | changed))  # type: ignore[arg-type]  # a test names what it changes


def group(*chargers: Charger, **changed: object) -> Group:
    told: dict[str, object] = {
        "supply_max_a": 25.0, "device": Device.FUSE_GG, "max_online_a": 25.0, "max_offline_a": 7.5, "min_a": 6.0,
        "chargers": chargers or (charger(),), "nominal_v": 230.0, "grid": GridType.THREE_PHASE, "rules": Rules(),
    }  # fmt: skip
    return Group(**(told | changed))  # type: ignore[arg-type]  # a test names what it changes


def car(**changed: float) -> Car:
    told: dict[str, float] = {
        "phases": 3, "max_a": 32.0, "less_a": 0.5, "down_delay_s": 1.0, "down_a_per_s": 15.0, "up_delay_s": 1.0,
        "up_a_per_s": 3.0, "resume_s": 10.0, "arrives_s": 0.0, "leaves_s": NEVER_S, "need_as": 1e9,
    }  # fmt: skip
    found = Car(**(told | changed))  # type: ignore[arg-type]  # a test names what it changes
    found.phases = int(found.phases)
    return found


@dataclass
class Building:
    """A group with its cars and what else draws; every 0.5 s everybody sees and the balancer speaks."""

    group: Group
    cars: Sequence[Car]
    base_a: Callable[[float], tuple[float, float, float]]
    latency_s: float = 0.5
    meter_out: Sequence[tuple[float, float]] = ()
    """From when to when the meter is lost."""
    charger_out: Sequence[tuple[int, float, float]] = ()
    unit_out: Sequence[tuple[float, float]] = ()
    """From when to when the unit is down; it starts anew."""
    cloud: Callable[[float], tuple[CloudLimit | None, ...]] = lambda _: ()
    together: Callable[[float], TogetherLimit | None] = lambda _: None
    dimmed_w: Callable[[float], float | None] = lambda _: None
    slow: Callable[[float], tuple[Heard | None, ...]] = lambda _: ()
    """What the makers' cloud tells of those that are reached over it alone."""
    comes_s: Sequence[float] = ()
    """When each charger is heard first; from the beginning where nothing is said."""
    tells_s: Sequence[float] = ()
    """When each tells first what it draws."""
    says_limit: bool = True
    """Chargers say which limit they obey; else only where they were told one."""
    now_s: float = 0.0
    decisions: list[Decision] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    told_a: list[tuple[float, int, float, float]] = field(default_factory=list)
    """When, whom, what, for how long."""
    total_a: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        self.balancer: Balancer | None = Balancer(self.group)
        self.charging = [
            Charging(one, at.max_a, tuple(ORDER.index(phase) for phase in at.phases), at.offline_a, 20.0)
            for one, at in zip(self.cars, self.group.chargers, strict=True)
        ]
        kind = "gg" if self.group.device is Device.FUSE_GG else "mcb"
        self.fuses = [Fuse(kind, self.group.supply_max_a, 0.5) for _ in range(3)]
        self.tripped = False
        self._meter: tuple[float, tuple[float, float, float]] | None = None
        self._heard: list[Heard | None] = [None] * len(self.cars)

    def until(self, end_s: float) -> Building:
        while self.now_s < end_s:
            self._tick()
            self.now_s += 0.5
        return self

    @property
    def reasons(self) -> list[Reason]:
        return [reason for decision in self.decisions for reason in decision.reasons]

    def drawn_a(self) -> list[float]:
        return [one.current_a for one in self.charging]

    def _tick(self) -> None:
        now_s, it = self.now_s, self.group.grid is GridType.IT
        total, shown = list(self.base_a(now_s)), list(self.base_a(now_s))
        for number, (one, at) in enumerate(zip(self.charging, self.group.chargers, strict=True)):
            one.step(now_s, 0.5)
            for phase in one.rotation if it else one.uses:
                total[phase] += one.current_a
                shown[phase] += one.current_a if at.is_included else 0.0
            if not any(which == number and start <= now_s < end for which, start, end in self.charger_out):
                terminals = [one.current_a if k < one.car.phases else 0.0 for k in range(3)]
                self._heard[number] = Heard(
                    now_s, now_s, (terminals[0], terminals[1], terminals[2]), one.is_connected(now_s), one.wants(now_s),
                    one.limit_a,
                )  # fmt: skip
        self.total_a = total[0], total[1], total[2]
        for fuse, current_a in zip(self.fuses, total, strict=True):
            self.tripped = fuse.carry(max(0.0, current_a)) or self.tripped
        if not any(start <= now_s < end for start, end in self.meter_out):
            self._meter = now_s, (shown[0], shown[1], shown[2])
        if any(start <= now_s < end for start, end in self.unit_out):
            self.balancer = None
            return
        if self.balancer is None:
            self.balancer = Balancer(self.group)
        self._decide(self.balancer, now_s)

    def _known(self, number: int, one: Heard | None, now_s: float) -> Heard | None:
        """What the balancer hears of a charger."""
        if one is None or (self.comes_s and now_s < self.comes_s[number]):
            return None
        if not self.says_limit and all(told[1] != number for told in self.told_a):
            one = replace(one, limit_a=None)
        is_untold = self.tells_s and now_s < self.tells_s[number]
        return replace(one, drawn_a=None, drawn_s=self.comes_s[number]) if is_untold else one

    def charges(self, current_a: float) -> Building:
        """Everybody has done so for long, each by a limit that nobody ends."""
        for one in self.charging:
            one.has_started, one.timeout_s = True, NEVER_S
            one.limit_a = one._offered_a = one._obeyed_a = current_a
            one.current_a = current_a - one.car.less_a
        return self

    def _decide(self, balancer: Balancer, now_s: float) -> None:
        meter = self._meter
        heard = tuple(self._known(number, one, now_s) for number, one in enumerate(self._heard))
        seen = Observation(
            now_s, None if meter is None else meter[0], None if meter is None else meter[1], heard,
            self.cloud(now_s), self.dimmed_w(now_s), self.together(now_s), slow=self.slow(now_s),
        )  # fmt: skip
        decision = balancer.decide(seen)
        self.observations.append(seen)
        self.decisions.append(decision)
        for order in decision.orders:
            self.told_a.append((now_s, order.charger, order.limit_a, order.valid_s))
            out = any(which == order.charger and start <= now_s < end for which, start, end in self.charger_out)
            if not out:
                self.charging[order.charger].send(now_s + self.latency_s, order.limit_a, order.valid_s)
