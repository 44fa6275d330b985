"""What the unit measures now, what it thinks of its wiring, and how it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.catalogue import marked
from ampguard.errors import SetupError
from ampguard.settings.grid import GridType
from ampguard.settings.settings import Settings, load
from ampguard.web.api.balancing_bodies import BalancingNow
from ampguard.web.api.system import identity
from ampguard.web.balancing import Stand
from ampguard.web.history import Quantity
from ampguard.web.pages.events import events_now
from ampguard.web.pages.first_visit import first_visit
from ampguard.web.pages.frame import page
from ampguard.web.pages.wiring import wiring_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from ampguard.web.parts import Parts

MOST_EVENTS = 10
QUANTITIES = (
    (marked("Voltage"), "measurement.voltage_rms_v", 1, "V"),
    (marked("Current"), "measurement.signed_current_a", 2, "A"),
    (marked("Power"), "measurement.active_power_w", 0, "W"),
    (marked("Power factor"), "measurement.power_factor_ratio", 2, ""),
    (marked("Angle"), "measurement.current_angle_deg", 0, "°"),
)
"""Name, where it is in what comes live, decimals, unit."""

HISTORIES = (
    (Quantity.CURRENT, marked("Current"), "A", 2, 0.2),
    (Quantity.VOLTAGE, marked("Voltage"), "V", 1, 4),
    (Quantity.POWER, marked("Power"), "W", 0, 20),
    (Quantity.TOTAL_POWER, marked("Total power"), "W", 0, 20),
    (Quantity.FREQUENCY, marked("Frequency"), "Hz", 3, 0.04),
    (Quantity.ENERGY, marked("Energy"), "Wh", 1, 1),
)
"""Quantity, name, unit, decimals; how much a chart's axis spans at least."""

CHARGING: Mapping[str, str] = MappingProxyType({
    "fresh": marked("{name} is balanced."),
    "late": marked("{name} is balanced; the meter is late."),
    "stale": marked("{name} is balanced without the meter, by what the building usually draws."),
    "lost": marked("The meter is lost: the chargers share what they may draw without it."),
    "unfit": marked("{name} is balanced, but not by its newest setup."),
    "fault": marked("Nothing is balanced."),
    "silent": marked("The balancer does not run: each charger falls back by itself."),
})  # fmt: skip
"""By rung of the meter, or what is wrong."""


@dataclass(frozen=True, slots=True)
class Charging:
    """The one sentence on it."""

    said: str
    """A key of `CHARGING`."""
    name: str | None
    """Of the group."""


def _charging(parts: Parts) -> Charging | None:
    """As `status.js` says it; None where nobody wants anything balanced, or it begins just now. Blocks."""
    now = BalancingNow.model_validate(parts.balancing.now(str))
    match now.state:
        case Stand.NO_GROUP | Stand.INACTIVE | Stand.STARTING:
            return None
        case Stand.SILENT | Stand.FAULT:
            return Charging(now.state.value, now.name)
        case Stand.BALANCED:
            return Charging("unfit" if now.fault and now.rung != "lost" else now.rung or "silent", now.name)


def _is_inferred(parts: Parts) -> bool:
    """Whether the voltage of a phase is not wired."""
    window = parts.hub.latest("measurement")
    quality = None if window is None else window.get("quality")
    return "inferred" in cast("list[object]", quality) if isinstance(quality, list) else False


def router(parts: Parts) -> APIRouter:
    """Of the first page."""
    found = APIRouter(include_in_schema=False)

    @found.get("/", response_class=HTMLResponse)
    async def status(request: Request) -> Response:
        try:
            settings = await asyncio.to_thread(load, parts.places.settings)
        except SetupError:
            settings = Settings()
        return await page(
            request,
            parts,
            "status.html",
            quantities=QUANTITIES,
            histories=HISTORIES,
            main_fuse_a=settings.main_fuse_a,
            has_neutral_current=settings.grid_type in {GridType.THREE_PHASE, GridType.SPLIT_PHASE},
            charging=await asyncio.to_thread(_charging, parts),
            charging_said=CHARGING,
            first_visit=await first_visit(parts),
            wiring=await wiring_now(parts, request),
            rated_a=(await asyncio.to_thread(identity, parts)).rated_current_a,
            is_inferred=_is_inferred(parts),
            events=await events_now(parts, request, MOST_EVENTS),
            most=MOST_EVENTS,
        )

    return found
