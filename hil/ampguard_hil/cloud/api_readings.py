"""The REST API's part that gives readings: the latest, a span as JSON or CSV, a curve; completeness and events."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel

from ampguard.readings import Interval
from ampguard_hil.cloud.api_completeness import Completeness
from ampguard_hil.cloud.api_registry import REFUSALS
from ampguard_hil.cloud.history import NAME_OF, NUMBERS, Span
from ampguard_hil.cloud.registry_audit import Values
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_refusals import Unfit
from ampguard_hil.cloud.site import Asking, From
from ampguard_hil.cloud.told import body_of

USUAL = (
    *(f"{name}.l{phase}" for name in ("voltage_rms_v", "current_rms_a", "active_power_w") for phase in (1, 2, 3)),
    "total_active_power_w",
    "frequency_hz",
    "energy.total_import_wh",
    "energy.total_export_wh",
)
"""What is given where nothing is named."""
_YEARS = range(1970, 10_000)
router = APIRouter(prefix="/v1/devices/{serial}", tags=["readings"], responses=REFUSALS)


class Latest(BaseModel):
    """The newest reading."""

    reading: Values | None
    """By path, e.g. `voltage_rms_v.l1`; None where nothing has arrived yet."""
    age_s: float | None
    """Since its end, by this cloud's clock."""


class Readings(BaseModel):
    """Readings, oldest first."""

    readings: list[Values]
    cursor: str | None
    """For the next ones; None where these were the last."""
    undated: int
    """The unit's readings without a time of day, which are in no span; once its clock is set, most get one."""


class Event(BaseModel):
    """What happened to a unit."""

    boot: str
    sequence: int
    kind: str
    utc: str | None
    event: dict[str, Any]


_Fields = Annotated[str | None, Query(max_length=4000, description="Paths with commas between; see USUAL without.")]
_Moment = Annotated[datetime | None, Query(description="ISO 8601; without an offset it is UTC.")]


@router.get("/latest")
def latest(site: From, actor: Asking, serial: str) -> Latest:
    """The newest reading, with all values."""
    device = site.registry.equipment.device(actor, serial)
    found = site.history.latest(device.serial)
    if found is None or found["end_utc"] < device.since_utc(actor):
        return Latest(reading=None, age_s=None)
    age_s = (datetime.now(UTC) - datetime.fromisoformat(found["end_utc"])) / timedelta(seconds=1)
    return Latest(reading=dict(found), age_s=round(age_s, 1))


@router.get("/history", response_model=Readings, responses={200: {"content": {"text/csv": {}}}})
async def history(  # noqa: PLR0913, PLR0917 - a query has parameters
    site: From,
    actor: Asking,
    serial: str,
    from_utc: _Moment = None,
    to_utc: _Moment = None,
    fields: _Fields = None,
    interval: Interval = Interval.SECOND,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    cursor: Annotated[str, Query(max_length=256, pattern=r"^(.*:[0-9]{1,18})?$")] = "",
) -> Response | Readings:
    """Readings of a span (the last hour without one), oldest first; CSV has `cursor` and `undated` as headers."""
    device = await run_in_threadpool(site.registry.equipment.device, actor, serial)
    serial, since_utc = device.serial, device.since_utc(actor)
    span, paths = _span(from_utc, to_utc).since(since_utc), _paths(fields, frozenset(NAME_OF))
    page = await run_in_threadpool(site.history.readings, serial, interval.value, span, paths, (limit, cursor))
    undated = await site.told.undated(serial, interval.value, since_utc)
    if form == "json":
        return Readings(readings=[dict(row) for row in page.rows], cursor=page.cursor, undated=undated)
    written = io.StringIO()
    table = csv.DictWriter(
        written, ["boot", "sequence", "end_utc", *paths], extrasaction="ignore", lineterminator="\r\n"
    )
    table.writeheader()
    table.writerows(page.rows)
    headers = {"Content-Disposition": f'attachment; filename="{serial}.csv"', "Undated": str(undated)}
    if page.cursor is not None:
        headers["Cursor"] = page.cursor
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


class CurveOf(BaseModel):
    """A span in some points; a hole is where there is no point."""

    step_s: float
    end_utc: list[str]
    values: dict[str, list[float | None]]


@router.get("/curve")
def curve(  # noqa: PLR0913, PLR0917 - a query has parameters
    site: From,
    actor: Asking,
    serial: str,
    from_utc: _Moment = None,
    to_utc: _Moment = None,
    fields: _Fields = None,
    points: Annotated[int, Query(ge=10, le=2000)] = 300,
) -> CurveOf:
    """Means of the seconds of a span (the last hour without one), in about so many points."""
    device = site.registry.equipment.device(actor, serial)
    span = _span(from_utc, to_utc).since(device.since_utc(actor))
    found = site.history.curve(device.serial, span, _paths(fields, NUMBERS), points)
    values = {path: list(column) for path, column in found.values.items()}
    return CurveOf(step_s=found.step_s, end_utc=list(found.end_utc), values=values)


@router.get("/completeness")
async def completeness(site: From, actor: Asking, serial: str) -> Completeness:
    """Whether all readings are there, and if not, which and why."""
    device = await run_in_threadpool(site.registry.equipment.device, actor, serial)
    return Completeness.of(await site.told.account(device.serial, device.since_utc(actor)))


@router.get("/events")
async def events(
    site: From, actor: Asking, serial: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[Event]:
    """What happened, the newest first."""
    device = await run_in_threadpool(site.registry.equipment.device, actor, serial)
    found = await site.told.events(device.serial, limit, device.since_utc(actor))
    return [
        Event(boot=one.boot, sequence=one.sequence, kind=one.kind, utc=one.utc, event=dict(body_of(one)))
        for one in found
    ]


def _paths(fields: str | None, known: frozenset[str]) -> list[str]:
    """Raises Unfit."""
    if fields is None:
        return list(USUAL)
    paths = list(dict.fromkeys(one.strip() for one in fields.split(",") if one.strip()))
    foreign = [path for path in paths if path not in known]
    if foreign or not paths:
        raise Unfit(
            "no-such-field", f"fields: wanted some of {', '.join(sorted(known))}; met {', '.join(foreign)[:200]}"
        )
    return paths


def _span(from_utc: datetime | None, to_utc: datetime | None) -> Span:
    """Raises Unfit."""
    if from_utc is None and to_utc is None:
        return Span.last(3600.0)
    if from_utc is None or to_utc is None:
        raise Unfit("no-span", "wanted both from_utc and to_utc, or neither, met one")
    begin, end = (one if one.tzinfo else one.replace(tzinfo=UTC) for one in (from_utc, to_utc))
    if begin.year not in _YEARS or end.year not in _YEARS or begin >= end:
        raise Unfit("no-span", "wanted from_utc before to_utc")
    return Span(stamp(begin), stamp(end))
