"""The pages of load-balancing groups: the list, one with every parameter and its chargers, activation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from ampguard_hil.cloud.pages_devices import owners
from ampguard_hil.cloud.pages_frame import ORDERS, Form, Posted, Visit, Visiting, elsewhere, page
from ampguard_hil.cloud.registry_parameters import BALANCER_VERSIONS, GroupSettings
from ampguard_hil.cloud.registry_refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.cloud.registry_groups import Group

_ANSWERS = {"yes": True, "no": False}
router = APIRouter(include_in_schema=False, prefix="/groups")


@router.get("")
def groups(visit: Visiting) -> Response:
    """The list."""
    names = {one.id: one.name for one in visit.site.registry.organisations.all(visit.actor)}
    devices = {one.serial: one.name for one in visit.site.registry.equipment.devices(visit.actor)}
    found = visit.site.registry.groups.all(visit.actor)
    return page(visit, "groups.html", groups=found, names=names, devices=devices)


@router.get("/add")
def add_page(visit: Visiting) -> Response:
    """Name and organisation first; what may be chosen depends on these."""
    return _add(visit, "", visit.request.query_params.get("customer", ""))


@router.post("/add")
def add(visit: Visiting, form: Posted) -> Response:
    """A draft."""
    try:
        made = visit.site.registry.groups.add(
            visit.actor, form.text("organisation_id"), GroupSettings(form.text("name"))
        )
    except Refused as why:
        return _add(visit, form.text("name"), form.text("organisation_id"), why)
    return elsewhere(f"/groups/{made.id}", "added")


@router.get("/{group_id}")
def group(visit: Visiting, group_id: str) -> Response:
    """Every parameter of one."""
    return _group(visit, visit.site.registry.groups.one(visit.actor, group_id))


@router.post("/{group_id}")
def change(visit: Visiting, group_id: str, form: Posted) -> Response:
    """Every parameter at once."""
    try:
        visit.site.registry.groups.change(visit.actor, group_id, _settings(form))
    except Refused as why:
        return _again(visit, group_id, why, form.names())
    return elsewhere(f"/groups/{group_id}", "saved")


@router.post("/{group_id}/chargers")
def choose(visit: Visiting, group_id: str, form: Posted) -> Response:
    """These and no others."""
    try:
        visit.site.registry.groups.choose_chargers(visit.actor, group_id, form.many("charger"))
    except Refused as why:
        return _again(visit, group_id, why)
    return elsewhere(f"/groups/{group_id}", "saved")


@router.post("/{group_id}/activate")
def activate(visit: Visiting, group_id: str, form: Posted) -> Response:
    """Let it balance."""
    del form
    try:
        visit.site.registry.groups.activate(visit.actor, group_id)
    except Refused as why:
        return _again(visit, group_id, why)
    return elsewhere(f"/groups/{group_id}", "activated")


@router.post("/{group_id}/suspend")
def suspend(visit: Visiting, group_id: str, form: Posted) -> Response:
    """Let it no longer balance."""
    del form
    try:
        visit.site.registry.groups.suspend(visit.actor, group_id)
    except Refused as why:
        return _again(visit, group_id, why)
    return elsewhere(f"/groups/{group_id}", "suspended")


@router.post("/{group_id}/send")
def send(visit: Visiting, group_id: str, form: Posted) -> Response:
    """Ask its unit once more."""
    del form
    try:
        visit.site.registry.orders.again(visit.actor, visit.site.registry.groups.one(visit.actor, group_id))
    except Refused as why:
        return _again(visit, group_id, why)
    return elsewhere(f"/groups/{group_id}", "asked")


@router.post("/{group_id}/remove")
def remove(visit: Visiting, group_id: str, form: Posted) -> Response:
    """One that is not active."""
    del form
    try:
        visit.site.registry.groups.remove(visit.actor, group_id)
    except Refused as why:
        return _again(visit, group_id, why)
    return elsewhere("/groups", "removed")


def _add(visit: Visit, name: str, organisation_id: str, refused: Refused | None = None) -> Response:
    return page(visit, "group_add.html", refused, name=name, organisation_id=organisation_id, owners=owners(visit))


def _again(visit: Visit, group_id: str, refused: Refused, entered: Mapping[str, str] | None = None) -> Response:
    return _group(visit, visit.site.registry.groups.one(visit.actor, group_id), entered, refused)


def _group(
    visit: Visit, found: Group, entered: Mapping[str, str] | None = None, refused: Refused | None = None
) -> Response:
    equipment = visit.site.registry.equipment
    owner = found.organisation_id
    known: dict[str, Any] = {key: "" if value is None else value for key, value in asdict(found).items()}
    answers = {True: "yes", False: "no", None: ""}
    known |= {"phases": ",".join(found.phases), "socket_enabled": answers[found.socket_enabled]}
    known |= {"chargers_in_measurements": answers[found.chargers_in_measurements]}
    known |= {key: answers[getattr(found, key)] for key in ("cloud_balancing", "dimmable", "surplus_only")}
    return page(
        visit,
        "group.html",
        refused,
        group=found,
        values=known | dict(entered or {}),
        devices=[one for one in equipment.devices(visit.actor) if one.organisation_id == owner],
        chargers=[one for one in equipment.chargers(visit.actor) if one.organisation_id == owner],
        organisation=visit.site.registry.organisations.one(visit.actor, owner).name,
        orders=ORDERS,
        versions=BALANCER_VERSIONS,
        unit=visit.site.registry.orders.on_the_unit(found),
    )


def _settings(form: Form) -> GroupSettings:
    """Raises Unfit."""
    phases = form.text("phases")
    return GroupSettings(
        form.text("name"),
        description=form.text("description"),
        device_serial=form.text("device_serial") or None,
        balancer_version=form.text("balancer_version"),
        socket_enabled=form.text("socket_enabled") == "yes",
        chargers_in_measurements=_ANSWERS.get(form.text("chargers_in_measurements")),
        phases=tuple(phases.split(",")) if phases else (),
        max_current_online_a=form.number("max_current_online_a"),
        max_current_offline_a=form.number("max_current_offline_a"),
        min_current_a=form.number("min_current_a"),
        supply_max_current_a=form.number("supply_max_current_a"),
        fuse_kind=form.text("fuse_kind") or None,
        unbalance_a=form.number("unbalance_a"),
        dimmable=form.text("dimmable") == "yes",
        surplus_only=form.text("surplus_only") == "yes",
        cloud_balancing=form.text("cloud_balancing") == "yes",
    )
