"""The balancer as a policy for benchmarks: their words translated, whatever they say, over the service's own core."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import Heard, Observation
from ampguard.balancing.site import LEAST_A, MOST_OF_ALL_A, ORDER, Charger, Group, Rules
from ampguard.settings.grid import Device, GridType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.decision import Decision
    from ampguard.balancing.observation import Triple
    from ampguard.phases import Phase

Orders: TypeAlias = "dict[int, tuple[float, float]]"
ABSURD_RATIO = 40.0
"""Times the main fuse: no meter of it shows more."""
OFFLINE_TIMEOUT_S = 20.0
NOMINAL_V = 230.0
PERIOD_S = 0.5


def policy(site: object) -> Policy:
    """A new one: as after a start of the unit. Raises SetupError for a charger that its grid cannot feed."""
    return Policy(site)


class Policy:
    """One site."""

    link = "device"
    period = PERIOD_S

    def __init__(self, site: object) -> None:
        """`site` as benchmarks describe it: fuse, device, group_online, group_offline, min_a, n, dt, chargers."""
        self._fuse_a = _number(getattr(site, "fuse", None)) or 0.0
        self.group = _group(site, self._fuse_a)
        self.balancer = Balancer(self.group)
        self._heard: list[Heard | None] = [None] * len(self.group.chargers)
        self._meter_a: tuple[float, Triple] | None = None
        self._now_s = -math.inf
        self.decision: Decision | None = None
        self.seen: Observation | None = None
        """What the last decision was made of, for the why-log."""

    def setup(self) -> dict[str, object]:
        """What each charger falls back to by itself, and after which silence."""
        return {
            "offline_limit": [one.offline_a for one in self.group.chargers],
            "offline_timeout_s": OFFLINE_TIMEOUT_S,
        }

    def step(self, t: object, obs: object) -> Orders | None:
        """Limits with how long they hold, for those that are told something."""
        now_s = _number(t)
        if now_s is None or now_s < self._now_s:
            return None
        self._now_s = now_s
        self._take_meter(getattr(obs, "meter", None), now_s)
        self._take_chargers(getattr(obs, "ch", None), now_s)
        meter = self._meter_a
        self.seen = Observation(
            now_s=now_s,
            meter_s=None if meter is None else meter[0],
            meter_a=None if meter is None else meter[1],
            heard=tuple(self._heard),
        )
        self.decision = self.balancer.decide(self.seen)
        return {order.charger: (order.limit_a, order.valid_s) for order in self.decision.orders} or None

    def _take_meter(self, told: object, now_s: float) -> None:
        """The newest sample that can be true."""
        if not isinstance(told, (tuple, list)) or len(cast("Sequence[object]", told)) != 2:  # noqa: PLR2004  when and what
            return
        at, values = cast("Sequence[object]", told)
        at_s, current_a = _number(at), _triple(values)
        if (
            at_s is None
            or current_a is None
            or at_s > now_s
            or (self._meter_a is not None and at_s <= self._meter_a[0])
        ):
            return
        if max(abs(value) for value in current_a) <= ABSURD_RATIO * self._fuse_a:
            self._meter_a = at_s, current_a

    def _take_chargers(self, told: object, now_s: float) -> None:
        for number in range(len(self._heard)):
            try:
                one = cast("Sequence[object]", told)[number]
            except (TypeError, LookupError):
                continue
            at_s, drawn_a = _number(getattr(one, "t", None)), _triple(getattr(one, "i", None))
            known = self._heard[number]
            if at_s is None or drawn_a is None or at_s > now_s or (known is not None and at_s <= known.heard_s):
                continue
            if not all(0.0 <= value + 1.0 <= ABSURD_RATIO * self._fuse_a for value in drawn_a):
                continue
            limit_a = _number(getattr(one, "limit", None))
            self._heard[number] = Heard(
                heard_s=at_s,
                drawn_s=at_s,
                drawn_a=drawn_a,
                is_connected=bool(getattr(one, "connected", False)),
                wants=bool(getattr(one, "wants", False)),
                limit_a=limit_a if limit_a is not None and limit_a >= 0.0 else None,
            )


def _group(site: object, fuse_a: float) -> Group:
    """The site in the house's words; what is missing is taken the careful way."""
    told = getattr(site, "chargers", None)
    count = _number(getattr(site, "n", None))
    listed: Sequence[object] = tuple(cast("Sequence[object]", told)) if isinstance(told, (tuple, list)) else ()
    if count is not None and len(listed) > int(count) >= 0:
        listed = listed[: int(count)]
    least_a = max(LEAST_A, _number(getattr(site, "min_a", None)) or LEAST_A)
    online_a = _within(_number(getattr(site, "group_online", None)), fuse_a, fuse_a)
    offline_a = _within(_number(getattr(site, "group_offline", None)), 0.0, fuse_a)
    left_a = [offline_a] * len(ORDER)
    chargers: list[Charger] = []
    for number, one in enumerate(listed):
        max_a = min(MOST_OF_ALL_A, max(least_a, _number(getattr(one, "max", None)) or least_a))
        phases = _phases(getattr(one, "rot", None))
        falls_a = _within(_number(getattr(one, "offline", None)), 0.0, max_a)
        if falls_a < LEAST_A or any(left_a[ORDER.index(phase)] < falls_a for phase in phases):
            falls_a = 0.0
        for phase in phases:
            left_a[ORDER.index(phase)] -= falls_a
        chargers.append(Charger(
            name=str(number), max_a=max_a, phases=phases, offline_a=falls_a,
            offline_phase=next((phase for phase in phases if phase == getattr(one, "offline_phase", None)), None),
            is_included=getattr(one, "included", True) is not False,
            priority=max(1, int(_number(getattr(one, "priority", None)) or 1)),
        ))  # fmt: skip
    return Group(
        supply_max_a=fuse_a, device=_device(getattr(site, "device", None)), max_online_a=online_a,
        max_offline_a=offline_a, min_a=least_a, chargers=tuple(chargers), nominal_v=NOMINAL_V,
        grid=_grid(getattr(site, "grid", None)), rules=_rules(site, fuse_a),
    )  # fmt: skip


def _rules(site: object, fuse_a: float) -> Rules:
    """What clouds ask for besides; benchmarks do not."""
    unbalance_a = _number(getattr(site, "unbalance", None))
    return Rules(
        unbalance_a=None if unbalance_a is None else max(LEAST_A, min(unbalance_a, fuse_a)),
        is_dimmable=getattr(site, "dimmable", False) is True,
        is_surplus_only=getattr(site, "surplus_only", False) is True,
    )


def _grid(told: object) -> GridType:
    """Clouds know it; to benchmarks there is one only."""
    return next((one for one in GridType if one == told), GridType.THREE_PHASE)


def _device(told: object) -> Device:
    """The one that is named; the quickest where none is."""
    name = str(told).lower()
    if "gg" in name or "fuse" in name:
        return Device.FUSE_GG
    return Device.MCB_C if name.endswith("c") else Device.MCB_B


def _phases(told: object) -> tuple[Phase, ...]:
    """Indices of the supply's phases by terminal, counted from 0 (or from 1, where 3 is among them)."""
    found: list[int] = []
    if isinstance(told, (tuple, list)):
        found = [int(value) for one in cast("Sequence[object]", told) if (value := _number(one)) is not None]
    if found and max(found) == len(ORDER) and min(found) >= 1:
        found = [one - 1 for one in found]
    if not found or len(set(found)) != len(found) or not all(0 <= one < len(ORDER) for one in found):
        return ORDER
    return tuple(ORDER[one] for one in found)


def _number(told: object) -> float | None:
    """A finite number; anything else is none."""
    try:
        value = float(cast("float", told))
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _triple(told: object) -> Triple | None:
    try:
        values = [_number(one) for one in cast("Sequence[object]", told)]
    except TypeError:
        return None
    if len(values) > len(ORDER) or not values or None in values:
        return None
    padded = [*(value for value in values if value is not None), 0.0, 0.0]
    return padded[0], padded[1], padded[2]


def _within(value_a: float | None, otherwise_a: float, most_a: float) -> float:
    return otherwise_a if value_a is None else min(max(value_a, 0.0), most_a)
