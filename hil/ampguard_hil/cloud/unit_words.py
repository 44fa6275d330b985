"""What a unit tells of its load-balancing group, as far as this cloud shows it: any unit's words, so read with care."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ampguard.phases import Phases

_HEARD = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
Words = Annotated[str, Field(max_length=1000)]
_MOST_CHARGERS, _MOST_WARNINGS = 200, 20


class ChargerState(BaseModel):
    """One charger."""

    model_config = _HEARD
    id: Words
    name: Words
    online: bool
    status: Words | None
    has_car: bool | None
    wants: bool | None
    current_a: Phases[float | None]
    limit_a: float | None
    held_a: float | None
    why: Words | None
    warnings: Annotated[tuple[Words, ...], Field(max_length=_MOST_WARNINGS)]


class UnitGroup(BaseModel):
    """A group."""

    model_config = _HEARD
    active: bool
    fault: Words | None
    rung: Words | None
    leader: Words | None
    chargers: Annotated[tuple[ChargerState, ...], Field(max_length=_MOST_CHARGERS)]


class LimitChange(BaseModel):
    """Why the limit of a charger has changed."""

    model_config = _HEARD
    charger: Words
    before_a: float
    after_a: float
    rule: Words
    phase: Words | None
    sentence: Words
