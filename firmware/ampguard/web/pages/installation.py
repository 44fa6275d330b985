"""What the installer tells the unit of the building, and how the wiring is checked and mended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.catalogue import marked
from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.described import REVERSED, SETTINGS
from ampguard.settings.grid import GridType
from ampguard.web.pages.fields import Field, field
from ampguard.web.pages.first_visit import first_visit
from ampguard.web.pages.frame import page
from ampguard.web.pages.labels import GRIDS, LABELS, name_of, words_of_values
from ampguard.web.pages.wiring import wiring_now
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from ampguard.web.parts import Parts


@dataclass(frozen=True, slots=True)
class Group:
    """A form of its own, which is saved by itself."""

    id: str
    name: str
    said_by: str
    """Whose word it is that a change has been taken up: the meter's or the uplink's."""
    fields: tuple[Field, ...]
    folded: tuple[Field, ...] = ()
    """What few need."""
    help: str = ""
    leads: str = ""
    """The setting without which the others of its table mean nothing."""
    folds: bool = True
    """Few need it: it is open where something of it is set."""


USUAL_FUSES_A = (16, 20, 25, 32, 35, 40, 50, 63, 80, 100)
_OFFERED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "main_fuse_a": tuple((f"{size}", "") for size in USUAL_FUSES_A),
    "nominal_voltage_v": (
        ("230", f"{GridType.THREE_PHASE} {GridType.SINGLE_PHASE} {GridType.IT}"),
        ("120", f"{GridType.SPLIT_PHASE} {GridType.SINGLE_PHASE}"),
        ("400", GridType.IT.value),
    ),
    "nominal_frequency_hz": (("50", ""), ("60", "")),
}


def _fields(*keys: str) -> tuple[Field, ...]:
    return tuple(field(SETTINGS[key], LABELS[key], _OFFERED.get(key, ())) for key in keys)


GROUPS = (
    Group(
        "electrical",
        marked("Electrical"),
        "meter",
        _fields(
            "main_fuse_a",
            "grid_type",
            "generation_on_site",
            "nominal_voltage_v",
            "nominal_frequency_hz",
            "voltage_terminals",
        ),
        folds=False,
    ),
    Group(
        "cloud",
        marked("Cloud"),
        "uplink",
        _fields("https.url", "https.token"),
        _fields(
            "https.enrolled",
            "https.ca_file",
            "https.client_certificate_file",
            "https.client_key_file",
            "https.proxy",
            "https.batch_s",
        ),
        marked("Where readings go over the internet. Without a connection they are kept, and sent later."),
        "https.url",
    ),
    Group(
        "broker",
        marked("Owner's broker"),
        "uplink",
        _fields("mqtt.host", "mqtt.port", "mqtt.username", "mqtt.password"),
        _fields(
            "mqtt.enrolled",
            "mqtt.tls_ca_file",
            "mqtt.client_certificate_file",
            "mqtt.client_key_file",
            "mqtt.batch_s",
        ),
        marked("An MQTT broker in the building, such as that of Home Assistant."),
        "mqtt.host",
    ),
    Group(
        "asking",
        marked("What the other side may ask"),
        "uplink",
        _fields("commands.allow"),
        help=marked("Of the unit, over MQTT. Nothing is allowed unless you say so here."),
    ),
)
"""The wiring has a card of its own."""


def _opened(parts: Parts) -> frozenset[str]:
    """The groups of which something is set."""
    try:
        is_set = {one.setting.key for one in parts.settings.seen().settings if one.is_set}
    except SetupError:  # the page says it
        return frozenset()
    return frozenset(
        group.id for group in GROUPS if any(one.setting.key in is_set for one in (*group.fields, *group.folded))
    )


def router(parts: Parts) -> APIRouter:
    """Of the page."""
    found = APIRouter(include_in_schema=False)

    @found.get("/installation", response_class=HTMLResponse)
    async def installation(request: Request) -> Response:
        say = words_of(request).say
        voltages = [(phase.value, phase.value) for phase in Phase]
        reversed_too = [(f"{one} {REVERSED}", say("{phase}, reversed", phase=one)) for one, _ in voltages]
        return await page(
            request,
            parts,
            "installation.html",
            groups=GROUPS,
            opened=await asyncio.to_thread(_opened, parts),
            settings=LABELS,
            name_of=name_of,
            words_of_values=words_of_values,
            grids=GRIDS,
            first_visit=await first_visit(parts),
            wiring=await wiring_now(parts, request),
            voltage_choices=voltages,
            clamp_choices=[*voltages, *reversed_too],
        )

    return found
