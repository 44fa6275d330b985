"""The pages of chargers: the list, adding one by its label, and the settings of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from ampguard_hil.cloud.pages_devices import owners
from ampguard_hil.cloud.pages_frame import ORDERS, Form, Posted, Visit, Visiting, elsewhere, page
from ampguard_hil.cloud.registry_mounted import ChargerSettings
from ampguard_hil.cloud.registry_refusals import Refused, Unfit

if TYPE_CHECKING:
    from collections.abc import Mapping

_EMPTY: Mapping[str, Any] = {
    "serial": "", "password": "", "organisation_id": "", "name": "", "sockets": "1", "phases": "L1,L2,L3",
    "max_current_a": "16", "offline_current_a": "", "offline_phase": "", "priority": "1",
}  # fmt: skip
router = APIRouter(include_in_schema=False, prefix="/chargers")


@router.get("")
def chargers(visit: Visiting) -> Response:
    """The list."""
    groups = {one.id: one.name for one in visit.site.registry.groups.all(visit.actor)}
    names = {one.id: one.name for one in visit.site.registry.organisations.all(visit.actor)}
    found = visit.site.registry.equipment.chargers(visit.actor)
    return page(visit, "chargers.html", chargers=found, groups=groups, names=names)


@router.get("/add")
def add_page(visit: Visiting) -> Response:
    """The form."""
    return _form(visit, {"organisation_id": visit.request.query_params.get("customer", "")})


@router.post("/add")
def add(visit: Visiting, form: Posted) -> Response:
    """Claim it."""
    try:
        visit.site.registry.equipment.claim_charger(
            visit.actor, form.text("serial"), form.text("password"), form.text("organisation_id"), _settings(form)
        )
    except Refused as why:
        return _form(visit, form.names(), why)
    return elsewhere("/chargers", "claimed")


@router.get("/{serial}")
def charger(visit: Visiting, serial: str) -> Response:
    """The settings of one."""
    found = visit.site.registry.equipment.charger(visit.actor, serial)
    values = {key: "" if value is None else value for key, value in asdict(found).items()}
    return _form(visit, values | {"phases": ",".join(found.phases)}, serial=found.serial)


@router.post("/{serial}")
def change(visit: Visiting, serial: str, form: Posted) -> Response:
    """All of them at once."""
    try:
        visit.site.registry.equipment.change_charger(visit.actor, serial, _settings(form))
    except Refused as why:
        return _form(visit, form.names(), why, serial)
    return elsewhere("/chargers", "saved")


@router.post("/{serial}/release")
def release(visit: Visiting, serial: str, form: Posted) -> Response:
    """Let go of it."""
    del form
    visit.site.registry.equipment.release_charger(visit.actor, serial)
    return elsewhere("/chargers", "released")


def _form(
    visit: Visit, values: Mapping[str, Any], refused: Refused | None = None, serial: str | None = None
) -> Response:
    shown = {**_EMPTY, **values, "password": ""}
    return page(visit, "charger.html", refused, values=shown, serial=serial, owners=owners(visit), orders=ORDERS)


def _settings(form: Form) -> ChargerSettings:
    """Raises Unfit."""
    sockets, priority = form.text("sockets"), form.text("priority")
    most_a = form.number("max_current_a")
    if most_a is None:
        raise Unfit("no-number", "max_current_a: wanted a number, met none")
    return ChargerSettings(
        form.text("name"),
        sockets=int(sockets) if sockets in {"1", "2"} else 0,
        phases=tuple(form.text("phases").split(",")),
        max_current_a=most_a,
        offline_current_a=form.number("offline_current_a"),
        offline_phase=form.text("offline_phase") or None,
        priority=int(priority) if priority.isdecimal() and len(priority) < 3 else 0,  # noqa: PLR2004  digits
    )
