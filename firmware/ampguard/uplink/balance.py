"""The load-balancing group as the other side is told of it, out of what the balancer says within the unit. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase, Phases
from ampguard.phrase import as_heard

if TYPE_CHECKING:
    from ampguard.readings import Json

TOLD_S, IDLE_S = 2.0, 60.0
"""Figures are told so often; and that nothing is balanced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One charger of the group."""

    id: str
    """Charge point id."""
    name: str
    online: bool
    """It is connected to the unit, or was a moment ago."""
    status: str | None
    """As OCPP 1.6 has it."""
    has_car: bool | None
    wants: bool | None
    """The car would charge if it were allowed to."""
    current_a: Phases[float | None]
    """At its terminals, in their order."""
    power_w: float | None
    energy_wh: float | None
    limit_a: float | None
    """What it was told: 0 is a pause."""
    held_a: float | None
    """What it obeys; None: it is not known."""
    lease_left_s: float | None
    offline_a: float | None
    """What it falls back to by itself."""
    cloud_a: float | None
    """What its own OCPP cloud allows."""
    why: str | None
    """Why it has this limit."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The group as it stands. Times and limits are the unit's; signs as in readings."""

    name: str | None
    active: bool
    """Whether the chargers are balanced."""
    fault: str | None
    """Why they are not, though they should be."""
    rung: str | None
    """How well the supply is known: fresh, late, stale, lost."""
    leader: str | None
    """Who says how much a charger gets, below what is safe: unit or cloud."""
    budget_used_ratio: float | None
    """Of what the main fuse bears: 1 = it goes."""
    supply_max_a: float | None
    grid: str | None
    """How the building is connected, as in the settings: three-phase, it ..."""
    meter_age_s: float | None
    meter_a: Phases[float | None]
    """Of the grid connection."""
    base_a: Phases[float | None]
    """Of these, what is no charger's."""
    chargers: tuple[Charger, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """One change of one charger's limit."""

    utc: str | None
    """ISO 8601 with offset; None where nobody has set the clock."""
    charger: str
    """Its name."""
    before_a: float
    after_a: float
    rule: str
    phase: str | None
    """That decided."""
    since_s: float
    """For how long what decided had been so."""
    sentence: str


class Pace:
    """When the group is told again: what people or a cloud act upon at once, mere figures now and then."""

    def __init__(self) -> None:
        self._told: Balance | None = None
        self._told_s = 0.0

    def begin(self) -> None:
        """Somebody else listens: whatever comes next is told."""
        self._told = None

    def is_due(self, now: Balance, now_s: float) -> bool:
        """Whether to tell it; if so, it counts as told."""
        is_same = self._told is not None and _settled(now) == _settled(self._told)
        if is_same and now_s - self._told_s < (TOLD_S if now.active else IDLE_S):
            return False
        self._told, self._told_s = now, now_s
        return True


def balance_of(body: Mapping[str, Json]) -> Balance:
    """What the balancer's feed says of the group."""
    listed = body.get("chargers")
    return Balance(
        name=_text(body, "name"),
        active=body.get("active") is True,
        fault=as_heard(body.get("fault")),
        rung=_text(body, "rung"),
        leader=_text(body, "leader"),
        budget_used_ratio=_number(body, "budget_used_ratio"),
        supply_max_a=_number(body, "supply_max_a"),
        grid=_text(body, "grid"),
        meter_age_s=_number(body, "meter_age_s"),
        meter_a=_phases(body, "meter_a"),
        base_a=_phases(body, "base_a"),
        chargers=tuple(_charger(one) for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)),
    )


def change_of(body: Mapping[str, Json]) -> LimitChange:
    """What the balancer's feed says of a change."""
    return LimitChange(
        utc=_text(body, "utc"),
        charger=_text(body, "charger") or "",
        before_a=_number(body, "before_a") or 0.0,
        after_a=_number(body, "after_a") or 0.0,
        rule=_text(body, "rule") or "",
        phase=_text(body, "phase"),
        since_s=_number(body, "since_s") or 0.0,
        sentence=_text(body, "sentence") or "",
    )


def _charger(body: Mapping[str, Json]) -> Charger:
    told = body.get("told")
    warnings = [as_heard(one) for one in (told if isinstance(told, list) else [])]
    return Charger(
        id=_text(body, "id") or "",
        name=_text(body, "name") or "",
        online=body.get("online") is True,
        status=_text(body, "status"),
        has_car=_flag(body, "has_car"),
        wants=_flag(body, "wants"),
        current_a=_phases(body, "current_a"),
        power_w=_number(body, "power_w"),
        energy_wh=_number(body, "energy_wh"),
        limit_a=_number(body, "limit_a"),
        held_a=_number(body, "held_a"),
        lease_left_s=_number(body, "lease_left_s"),
        offline_a=_number(body, "offline_a"),
        cloud_a=_number(body, "cloud_a"),
        why=as_heard(body.get("why")),
        warnings=tuple(one for one in warnings if one is not None),
    )


def _settled(now: Balance) -> Balance:
    """Without what changes all the time."""
    nothing = Phases.all_of(None)
    chargers = tuple(
        replace(one, current_a=nothing, power_w=None, energy_wh=None, lease_left_s=None) for one in now.chargers
    )
    return replace(now, budget_used_ratio=None, meter_age_s=None, meter_a=nothing, base_a=nothing, chargers=chargers)


def _text(body: Mapping[str, Json], key: str) -> str | None:
    found = body.get(key)
    return found if isinstance(found, str) else None


def _flag(body: Mapping[str, Json], key: str) -> bool | None:
    found = body.get(key)
    return found if isinstance(found, bool) else None


def _number(body: Mapping[str, Json], key: str) -> float | None:
    found = body.get(key)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _phases(body: Mapping[str, Json], key: str) -> Phases[float | None]:
    found = body.get(key)
    told = cast("Mapping[str, Json]", found if isinstance(found, dict) else {})
    return Phases.of(_number(told, phase.lower()) for phase in Phase)
