"""The energy counters: as they stand, and what they grew by."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from ampguard.journal.moments import Moments
from ampguard.readings import Interval
from ampguard.web.access.guard import Reader
from ampguard.web.energy import INTERVAL, WANTED, Growth, grown, newest, stands
from ampguard.web.history import LONGEST_S
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.web.energy import Stand
    from ampguard.web.parts import Parts

MOST_MOMENTS = 8
_EARLIEST_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST_S = datetime(2200, 1, 1, tzinfo=UTC).timestamp()

Since = Annotated[
    list[AwareDatetime] | None,
    Query(max_length=MOST_MOMENTS, description="Moments of the last 400 days, such as when today began."),
]


class Counters(BaseModel):
    """Wh; the totals are of the phases' powers added up first."""

    total_import_wh: float
    total_export_wh: float
    import_wh: dict[str, float]
    export_wh: dict[str, float]


class Period(BaseModel):
    """What was counted since a moment."""

    since_utc: datetime
    from_utc: datetime | None
    """From when on it is known; null: nothing is."""
    missing_s: float
    """How long there were no readings in it."""
    was_set_back: bool
    """A counter became smaller: what it had counted since the reading before is not known."""
    counted: Counters | None


class Energy(BaseModel):
    """The counters."""

    end_utc: datetime | None
    """Of the newest reading that has a date."""
    ever: Counters | None
    """As they stand: they only ever grow; null where the journal has no reading with a date."""
    periods: list[Period]
    """In the order of the moments asked for."""


def router(parts: Parts) -> APIRouter:
    """Of the energy."""
    found = APIRouter(
        prefix="/api/v1", tags=["history"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    moments = Moments(parts.places.journal)
    turns = Turns(at_once=1, waiting=6)

    @found.get("/energy")
    async def energy(_reader: Reader, since: Since = None) -> Energy:
        """The counters as they stand, and what was counted since each of these moments."""
        async with turns.one():
            return await asyncio.to_thread(_energy, moments, [one.timestamp() for one in since or ()])

    return found


def _energy(moments: Moments, since_s: Sequence[float]) -> Energy:
    latest = _latest(moments)
    if any(not _EARLIEST_S <= one <= _LATEST_S for one in since_s):
        raise RefusedError(422, "unfit", "wanted moments from 2000 to 2200, met another")
    if latest is None:
        return Energy(end_utc=None, ever=None, periods=[_period(Growth(one)) for one in since_s])
    to_s = latest.end_s
    if any(not to_s - LONGEST_S <= one <= to_s + LONGEST_S for one in since_s):
        raise RefusedError(422, "unfit", f"wanted moments at most {LONGEST_S:.0f} s ago, met another")
    quarters: list[Stand] = []
    if since_s:
        parts = moments.parts(INTERVAL, min(since_s), to_s, WANTED)
        quarters = [one for one in stands(parts) if one.end_s < to_s]
        quarters = [*_before(moments, quarters), *quarters]
    quarters.append(newest(latest, quarters[-1] if quarters else None))
    return Energy(
        end_utc=datetime.fromtimestamp(latest.end_s, UTC),
        ever=_counters(latest.counters_wh),
        periods=[_period(one) for one in grown(quarters, since_s)],
    )


def _before(moments: Moments, quarters: Sequence[Stand]) -> list[Stand]:
    """The very first second, where it is older than all quarters of an hour: a new unit has counted since then."""
    part = moments.first(Interval.SECOND, WANTED)
    oldest = next(stands(() if part is None else (part,)), None)
    return [oldest] if oldest is not None and all(oldest.end_s < one.end_s for one in quarters) else []


def _latest(moments: Moments) -> Stand | None:
    """What the last reading says that has a date."""
    span_s = moments.span_s(Interval.SECOND)
    if span_s is None:
        return None
    latest: Stand | None = None
    for one in stands(moments.parts(Interval.SECOND, span_s[1], span_s[1], WANTED)):
        latest = one
    return latest


def _period(growth: Growth) -> Period:
    return Period(
        since_utc=datetime.fromtimestamp(growth.since_s, UTC),
        from_utc=None if growth.from_s is None else datetime.fromtimestamp(growth.from_s, UTC),
        missing_s=round(growth.missing_s, 3),
        was_set_back=growth.was_set_back,
        counted=None if growth.from_s is None else _counters(growth.counted_wh),
    )


def _counters(counters_wh: Sequence[float]) -> Counters:
    total_import_wh, total_export_wh, *each = (round(one, 3) for one in counters_wh)
    phases = ("l1", "l2", "l3")
    return Counters(
        total_import_wh=total_import_wh,
        total_export_wh=total_export_wh,
        import_wh=dict(zip(phases, each[:3], strict=True)),
        export_wh=dict(zip(phases, each[3:], strict=True)),
    )
