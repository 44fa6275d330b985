"""The cloud balances a group by the unit's own core: from what the unit tells to what each charger may draw. No I/O.

It is slower than the unit, whose core goes on beside it: the lower of both holds. Its chargers' currents are some
seconds old: what it does not see, the unit does. The unit tells on what grid it is.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from ampguard.balancing.policy import PERIOD_S, policy
from ampguard.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.balancing.policy import Policy
    from ampguard.readings import Json

PHASES = ("L1", "L2", "L3")
UNTOLD_GRID = "three-phase"
"""Until the unit has said otherwise, in the words of its settings."""
EXPORTS_RATIO = -0.5
"""Power factor below which a current counts as export: less than that is import, the careful way."""
FRESH_S = 4.0
"""Without a reading for so long the cloud says nothing: the unit leads until it hears again."""
HEARD_S = 8.0
"""The same without a word of the chargers."""


class Lead:
    """One group, from the first word of its unit to the next silence."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        """`document`: what the unit was told of the group, and has taken."""
        chargers = cast("list[Mapping[str, Json]]", document["chargers"])
        self._ids = [str(one["id"]) for one in chargers]
        self._site = _site(document, chargers)
        self._used = {phase for one in self._site.chargers for phase in one.rot}
        self._policy: Policy | None = policy(self._site)
        """None: these chargers cannot be on the unit's grid; it says so itself."""
        self._meter_a: tuple[float, tuple[float, ...]] | None = None
        self._heard_s: float | None = None
        self._cars: list[SimpleNamespace | None] = [None] * len(self._ids)

    def reading(self, body: Mapping[str, Json], now_s: float) -> None:
        """A reading of a second has come."""
        currents, factors = _of_phases(body, "current_rms_a"), _of_phases(body, "power_factor_ratio")
        if any(currents[phase] is None for phase in self._used):
            return
        signed = [
            -(value or 0.0) if factor is not None and factor < EXPORTS_RATIO else value or 0.0
            for value, factor in zip(currents, factors, strict=True)
        ]
        self._meter_a = now_s, tuple(signed)

    def balance(self, body: Mapping[str, Json], now_s: float) -> None:
        """The unit has told how its group stands."""
        grid = body.get("grid", self._site.grid)
        if grid != self._site.grid:
            self._site.grid = grid
            try:
                self._policy = policy(self._site)
            except SetupError:
                self._policy = None
        listed = body.get("chargers")
        told = {
            str(one.get("id")): one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)
        }
        self._heard_s = now_s if body.get("active") is True else None
        for number, name in enumerate(self._ids):
            one = told.get(name)
            if one is not None and one.get("online") is True:
                self._cars[number] = _car(one, now_s)

    def is_lost(self, now_s: float) -> bool:
        """The unit was heard, and is no more: what is known of its chargers counts no longer."""
        return self._meter_a is not None and now_s - self._meter_a[0] > FRESH_S

    def limits_a(self, now_s: float) -> dict[str, float] | None:
        """What each charger may draw from now on, as far as it is in reach; None: the cloud has nothing to say."""
        if self._policy is None:
            return None
        self._policy.step(now_s, SimpleNamespace(meter=self._meter_a, ch=self._cars))
        if self._meter_a is None or self._heard_s is None:
            return None
        if self.is_lost(now_s) or now_s - self._heard_s > HEARD_S:
            return None
        places = self._policy.balancer.places
        found_a = {
            name: round(place.lease.limit_a, 1) for name, place in zip(self._ids, places, strict=True) if place.is_heard
        }
        return found_a or None


def _site(document: Mapping[str, Json], chargers: Sequence[Mapping[str, Json]]) -> SimpleNamespace:
    """In the policy's words."""

    def number(key: str) -> float:
        return float(cast("float", document[key]))

    return SimpleNamespace(
        fuse=number("supply_max_a"),
        device=str(document["device"]),
        grid=UNTOLD_GRID,
        group_online=number("max_online_a"),
        group_offline=number("max_offline_a"),
        min_a=number("min_a"),
        unbalance=document.get("unbalance_a"),
        dimmable=document.get("dimmable") is True,
        surplus_only=document.get("surplus_only") is True,
        n=len(chargers),
        dt=PERIOD_S,
        chargers=tuple(
            SimpleNamespace(
                max=float(cast("float", one["max_a"])),
                rot=tuple(PHASES.index(phase) for phase in cast("list[str]", one["phases"])),
                included=one["included"] is not False,
                offline=float(cast("float", one["offline_a"])),
                offline_phase=one.get("offline_phase"),
                priority=one.get("priority"),
            )
            for one in chargers
        ),
    )


def _car(body: Mapping[str, Json], now_s: float) -> SimpleNamespace:
    """A charger that tells no currents is taken to draw none: what it draws counts as the building's then."""
    currents = tuple(one or 0.0 for one in _of_phases(body, "current_a"))
    held = body.get("held_a")
    return SimpleNamespace(
        t=now_s,
        i=currents,
        connected=body.get("has_car") is True,
        wants=body.get("wants") is True,
        limit=float(held) if isinstance(held, (int, float)) else None,
    )


def _of_phases(body: Mapping[str, Json], key: str) -> list[float | None]:
    found = body.get(key)
    told = found if isinstance(found, dict) else {}
    values = [told.get(phase.lower()) for phase in PHASES]
    return [float(one) if isinstance(one, (int, float)) else None for one in values]
