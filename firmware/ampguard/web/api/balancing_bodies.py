"""What is said of the load-balancing group over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict

from ampguard.settings.grid import GridType
from ampguard.settings.group import LEAST_A, PORT
from ampguard.settings.groupstore import SECRETS
from ampguard.web.api.settings import MARK, Text
from ampguard.web.balancing import Stand

if TYPE_CHECKING:
    from ampguard.settings.group import ChargerSettings, GroupSettings
    from ampguard.settings.groupstore import SeenGroup

PhaseName: TypeAlias = Literal["L1", "L2", "L3"]
DeviceName: TypeAlias = Literal["gG", "B", "C"]
OfPhases: TypeAlias = dict[Literal["l1", "l2", "l3"], float | None]
"""A current for each phase; null: nobody knows."""


class ChargerNow(BaseModel):
    """One charger as it stands."""

    id: str
    name: str
    phases: list[PhaseName]
    """Of the supply, behind its terminals in their order."""
    online: bool
    """It is connected with the unit."""
    status: str | None
    """ChargePointStatus of OCPP 1.6."""
    has_car: bool | None
    wants: bool | None
    """Its car would charge if it were allowed to."""
    current_a: OfPhases
    """At its own terminals."""
    drawn_age_s: float | None = None
    """How long ago these were measured."""
    power_w: float | None
    energy_wh: float | None
    limit_a: float
    """What it may draw on each phase; 0: it pauses."""
    held_a: float | None
    """The limit that it has accepted."""
    confirmed: bool
    """It has said itself that it holds it."""
    slow: bool = False
    """It is reached over its makers' cloud alone: limited slowly, and it does not protect the fuse."""
    lease: Literal["running", "unheard", "ended", "none"]
    """unheard: it is out of reach, and its limit runs out; ended: it has fallen back by itself; none: its limit stays
    until it is told another one."""
    lease_left_s: float | None
    offline_a: float
    """What it falls back to by itself, as it is set up."""
    safe_a: float | None
    """The same as it has accepted it; null: not yet, or it will not."""
    way: str | None
    """How it is limited; null: it cannot be."""
    cloud: Literal["away", "joining", "through"] | None
    """Of the way to its own cloud; null: it has none."""
    cloud_a: float | None
    """What its cloud allows at the moment; null: as much as there is."""
    told: list[str]
    """What somebody should know of it, in the language of the request."""
    why: str | None
    """Why it has this limit, in one sentence in the language of the request."""


class BalancingNow(BaseModel):
    """The group as it stands; all but `state` is absent where nothing is balanced."""

    state: Stand
    name: str | None = None
    fault: str | None = None
    """Why nothing is balanced, or not by its newest setup, in the language of the request."""
    told: list[str] = []
    """What somebody should know of the group as a whole, in the language of the request."""
    strangers: list[str] = []
    """Ids of chargers that came in and are not set up."""
    rung: Literal["fresh", "late", "stale", "lost"] | None = None
    """The meter: heard of within 1, 4, 15 s, or not."""
    leader: Literal["unit", "cloud"] | None = None
    """Who says how much each charger gets, below what is safe."""
    budget_used_ratio: float | None = None
    """How warm the main fuse is, of the most that it bears: 1 = it goes."""
    supply_max_a: float | None = None
    grid: GridType | None = None
    meter_age_s: float | None = None
    meter_a: OfPhases | None = None
    """Positive = import."""
    base_a: OfPhases | None = None
    """What flows besides the chargers."""
    chargers: list[ChargerNow] = []


class LimitChange(BaseModel):
    """One change of a limit."""

    utc: str | None
    charger: str
    """Its name."""
    before_a: float
    after_a: float
    """0: it pauses."""
    rule: str
    phase: PhaseName | None
    """That decided."""
    since_s: float
    """For how long what decided had been so."""
    sentence: str
    """In English."""
    said: str | None
    """The same in the language of the request."""


class ChargerSet(BaseModel):
    """One charger as it is set up."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    id: Text
    """Charge point id: the end of the address that it connects to, often its serial."""
    name: Text | None = None
    """null: its id."""
    max_a: float
    phases: list[PhaseName]
    offline_a: float
    offline_phase: PhaseName | None = None
    included: bool = True
    socket: bool = False
    priority: int = 1
    security: int = 0
    cloud_url: Text | None = None
    capi_url: Text | None = None
    capi_email: Text | None = None


class ChargerTold(ChargerSet):
    """As it is told: passwords never are."""

    has_key: bool
    has_cloud_key: bool
    has_capi_password: bool
    has_capi_key: bool


class ChargerWanted(ChargerSet):
    """As it is to be. A password that is not named stays; null clears it."""

    key: Text | None = None
    cloud_key: Text | None = None
    capi_password: Text | None = None
    capi_key: Text | None = None


class GroupSet(BaseModel):
    """A load-balancing group; the limits of each value are told where one does not fit."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: Text = ""
    description: Text = ""
    active: bool = False
    supply_max_a: float | None = None
    """null: the main fuse of the settings."""
    device: DeviceName
    """What kind of fuse or circuit breaker it is."""
    max_online_a: float | None = None
    """null: the fuse."""
    max_offline_a: float
    min_a: float = LEAST_A
    unbalance_a: float | None = None
    dimmable: bool = False
    surplus_only: bool = False
    port: int = PORT
    tls_port: int | None = None
    free: bool = False
    tags: list[Text] = []


class GroupTold(GroupSet):
    """As it is set up."""

    chargers: list[ChargerTold]


class GroupWanted(GroupSet):
    """As it is to be, all of it."""

    chargers: list[ChargerWanted] = []


class GroupNow(BaseModel):
    """The group's setup."""

    mark: str
    """To be given back with a change, so that nobody overwrites what he has not seen."""
    group: GroupTold | None
    """null: nobody has set one up."""


class WantedGroup(BaseModel):
    """What is to be set up."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mark: str | None = MARK
    group: GroupWanted


def group_now(seen: SeenGroup) -> GroupNow:
    """Without passwords."""
    return GroupNow(mark=seen.mark, group=None if seen.group is None else _group(seen.group))


def _group(group: GroupSettings) -> GroupTold:
    chargers = [_charger(one) for one in group.chargers]
    return GroupTold.model_validate({**_told(group, GroupSet), "chargers": chargers})


def _charger(one: ChargerSettings) -> ChargerTold:
    has = {f"has_{name}": getattr(one, name) is not None for name in SECRETS}
    return ChargerTold.model_validate({**_told(one, ChargerSet), **has})


def _told(settings: GroupSettings | ChargerSettings, shape: type[BaseModel]) -> dict[str, object]:
    """What the shape has a place for, as JSON has it."""
    return {name: _plain(getattr(settings, name)) for name in shape.model_fields}


def _plain(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case tuple():
            return [_plain(one) for one in cast("tuple[object, ...]", value)]
        case _:
            return value
