"""Charging: who gets how much of the main fuse and why, and the group that shares it."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.catalogue import marked
from ampguard.errors import SetupError
from ampguard.settings.described import GROUP
from ampguard.settings.settings import Settings, load
from ampguard.web.api.balancing_bodies import BalancingNow, LimitChange
from ampguard.web.balancing import Stand
from ampguard.web.pages.fields import field
from ampguard.web.pages.frame import page
from ampguard.web.pages.group_labels import GROUP_LABELS
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from ampguard.web.balancing import Balancing
    from ampguard.web.pages.fields import Field
    from ampguard.web.parts import Parts

STANDS: Mapping[Stand, str] = MappingProxyType({
    Stand.NO_GROUP: marked("No chargers share this fuse yet."),
    Stand.INACTIVE: marked("{name} is not balanced: nobody wants it to be."),
    Stand.SILENT: marked("The balancer does not run: each charger falls back by itself."),
    Stand.STARTING: marked("{name} is being taken up …"),
    Stand.FAULT: marked("Nothing is balanced: {fault}"),
    Stand.BALANCED: marked("{name} is balanced."),
})  # fmt: skip
RUNGS: Mapping[str, str] = MappingProxyType({
    "fresh": marked("The meter is heard: limits follow what the building draws."),
    "late": marked("The meter is late: nobody gets more until it is heard again."),
    "stale": marked("The meter says nothing: what the building usually draws is reckoned with."),
    "lost": marked("The meter is lost: the chargers share what they may draw without it."),
})  # fmt: skip
LEADERS: Mapping[str, str] = MappingProxyType({
    "unit": marked("This unit leads."),
    "cloud": marked("The cloud leads; the unit lowers what would be too much."),
})  # fmt: skip
STATUSES: Mapping[str, str] = MappingProxyType({
    "Available": marked("free"),
    "Preparing": marked("plugged in"),
    "Charging": marked("charging"),
    "SuspendedEV": marked("the car waits"),
    "SuspendedEVSE": marked("told to wait"),
    "Finishing": marked("finished"),
    "Reserved": marked("reserved"),
    "Unavailable": marked("out of service"),
    "Faulted": marked("faulty"),
})  # fmt: skip
"""ChargePointStatus of OCPP 1.6."""
LEASES: Mapping[str, str] = MappingProxyType({
    "running": marked("holds for {seconds} s, and is renewed"),
    "unheard": marked("the charger is out of reach: it ends in {seconds} s"),
    "ended": marked("it has run out: the charger has fallen back by itself"),
    "none": marked("stays until the makers' cloud is told another one"),
})  # fmt: skip
CLOUDS: Mapping[str, str] = MappingProxyType({
    "away": marked("not reached"),
    "joining": marked("connecting"),
    "through": marked("connected"),
})  # fmt: skip
_GROUP_FOLDED = ("description", "min_a", "unbalance_a", "dimmable", "surplus_only", "port", "tls_port", "free", "tags")
_CHARGER_FOLDED = ("included", "socket", "priority", "key", "security", "cloud_url", "cloud_key",
                   "capi_url", "capi_email", "capi_password", "capi_key")  # fmt: skip


def _fields(keys: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(field(GROUP[key], GROUP_LABELS[key]) for key in keys)


def _of(table: str, folded: tuple[str, ...]) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """What everybody answers, and what few need."""
    keys = [key for key in GROUP if GROUP[key].table == table and key != "active"]
    few = tuple(f"{table}.{name}" if table else name for name in folded)
    return _fields(tuple(key for key in keys if key not in few)), _fields(few)


MOST_CHANGES = 40
"""As many as `balancing.js` asks for."""

GROUP_FIELDS, CHARGER_FIELDS = _of("", _GROUP_FOLDED), _of("chargers", _CHARGER_FOLDED)


def _first(balancing: Balancing, tell: Callable[[str], str]) -> dict[str, object]:
    """What the page shows before its scripts do, so that nothing moves when they come. Blocks."""
    changes = balancing.changes(MOST_CHANGES, tell)
    return {
        "now": BalancingNow.model_validate(balancing.now(tell)),
        "changes": [LimitChange.model_validate(one) for one in changes],
    }


def router(parts: Parts) -> APIRouter:
    """Of the page."""
    found = APIRouter(include_in_schema=False)

    @found.get("/charging", response_class=HTMLResponse)
    async def charging(request: Request) -> Response:
        try:
            settings = await asyncio.to_thread(load, parts.places.settings)
        except SetupError:  # the page for it says so
            settings = Settings()
        return await page(
            request,
            parts,
            "balancing.html",
            grid=settings.grid_type.value,
            main_fuse_a=settings.main_fuse_a,
            stands=STANDS,
            rungs=RUNGS,
            leaders=LEADERS,
            statuses=STATUSES,
            leases=LEASES,
            clouds=CLOUDS,
            group_fields=GROUP_FIELDS,
            charger_fields=CHARGER_FIELDS,
            **await asyncio.to_thread(_first, parts.balancing, words_of(request).tell),
        )

    return found
