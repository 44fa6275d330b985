"""The pages of measurement devices: the list, adding one by its label, and one of them with its readings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from ampguard_hil.cloud.pages_events import told_of
from ampguard_hil.cloud.pages_frame import Form, Posted, Visit, Visiting, elsewhere, page
from ampguard_hil.cloud.pages_state import DeviceState, state_of
from ampguard_hil.cloud.registry_mounted import MODELS, DeviceSettings
from ampguard_hil.cloud.registry_refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.cloud.registry_mounted import Device

EVENTS_SHOWN, BREAKS_SHOWN = 10, 10
router = APIRouter(include_in_schema=False, prefix="/devices")


def states(visit: Visit) -> list[DeviceState]:
    """All devices that may be seen, each with its newest reading."""
    found = visit.site.registry.equipment.devices(visit.actor)
    return [state_of(device, _latest(visit, device)) for device in found]


@router.get("")
def devices(visit: Visiting) -> Response:
    """The list."""
    return page(visit, "devices.html", states=states(visit), names=_names(visit))


@router.get("/add")
def add_page(visit: Visiting) -> Response:
    """The form."""
    return _add(visit, {"organisation_id": visit.request.query_params.get("customer", "")})


@router.post("/add")
def add(visit: Visiting, form: Posted) -> Response:
    """Claim it."""
    try:
        settings = _settings(form)
        claimed = visit.site.registry.equipment.claim_device(
            visit.actor, form.text("serial"), form.text("pin"), form.text("organisation_id"), settings
        )
    except Refused as why:
        return _add(visit, form.names(), why)
    return elsewhere(f"/devices/{claimed.serial}", "claimed")


@router.get("/{serial}")
async def device(visit: Visiting, serial: str) -> Response:
    """One with its readings."""
    return await _device(visit, serial)


@router.post("/{serial}")
async def change(visit: Visiting, serial: str, form: Posted) -> Response:
    """What people say about it."""
    try:
        settings = _settings(form)
        await run_in_threadpool(visit.site.registry.equipment.change_device, visit.actor, serial, settings)
    except Refused as why:
        return await _device(visit, serial, form.names(), why)
    return elsewhere(f"/devices/{serial}", "saved")


@router.post("/{serial}/release")
async def release(visit: Visiting, serial: str, form: Posted) -> Response:
    """Let go of it."""
    del form
    try:
        await run_in_threadpool(visit.site.registry.equipment.release_device, visit.actor, serial)
    except Refused as why:
        return await _device(visit, serial, refused=why)
    return elsewhere("/devices", "released")


def _latest(visit: Visit, device: Device) -> Mapping[str, Any] | None:
    found = visit.site.history.latest(device.serial)
    return None if found is None or found["end_utc"] < device.since_utc(visit.actor) else found


async def _device(
    visit: Visit, serial: str, entered: Mapping[str, str] | None = None, refused: Refused | None = None
) -> Response:
    found = await run_in_threadpool(visit.site.registry.equipment.device, visit.actor, serial)
    latest = await run_in_threadpool(_latest, visit, found)
    since_utc = found.since_utc(visit.actor)
    account = await visit.site.told.account(found.serial, since_utc)
    events = await visit.site.told.events(found.serial, EVENTS_SHOWN, since_utc, without="gap")  # the account has them
    return await run_in_threadpool(
        page,
        visit,
        "device.html",
        refused,
        state=state_of(found, latest),
        model=MODELS[found.model],
        values=entered or {key: "" if value is None else value for key, value in asdict(found).items()},
        account=account,
        breaks=account.breaks[: -BREAKS_SHOWN - 1 : -1],
        events=[(one, told_of(one)) for one in events],
        organisation=_names(visit).get(found.organisation_id or "", ""),
    )


def _add(visit: Visit, values: Mapping[str, str], refused: Refused | None = None) -> Response:
    empty = dict.fromkeys(("serial", "pin", "organisation_id", "name", "place", "main_fuse_a"), "")
    return page(visit, "device_add.html", refused, values={**empty, **values, "pin": ""}, owners=owners(visit))


def owners(visit: Visit) -> list[tuple[str, str]]:
    """Identity and name of each organisation that something may belong to."""
    found = visit.site.registry.organisations.all(visit.actor)
    looks_after = visit.actor.role in {"partner", "operator"}
    mine = visit.actor.organisation_id
    return [(one.id, one.name) for one in found if (one.kind == "owner" if looks_after else one.id == mine)]


def _names(visit: Visit) -> dict[str, str]:
    return {one.id: one.name for one in visit.site.registry.organisations.all(visit.actor)}


def _settings(form: Form) -> DeviceSettings:
    return DeviceSettings(form.text("name"), form.text("place"), form.number("main_fuse_a"))
