"""The REST API of the registry: sessions, organisations, users, devices, chargers, groups, audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from ampguard_hil.cloud import api_bodies as bodies
from ampguard_hil.cloud.registry_audit import Entry
from ampguard_hil.cloud.registry_groups import Group
from ampguard_hil.cloud.registry_mounted import Charger, Device
from ampguard_hil.cloud.registry_orders import OnTheUnit
from ampguard_hil.cloud.registry_organisations import Organisation
from ampguard_hil.cloud.registry_people import Person, SignedIn
from ampguard_hil.cloud.site import Asking, From, session_of

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": bodies.Refusal, "description": why}
    for status, why in (
        (401, "Nobody knows who asks."),
        (403, "Who asks may not."),
        (404, "It is not there, or not for who asks."),
        (409, "The state it is in forbids it."),
        (422, "A value outside its limits."),
        (429, "Too many wrong tries; `Retry-After` says how long."),
        (503, "The store gives nothing now; `Retry-After` says how long."),
    )
}
router = APIRouter(prefix="/v1", responses=REFUSALS)


@router.post("/session", tags=["session"], status_code=201)
def sign_in(site: From, body: bodies.SignInBody) -> bodies.Session:
    """Begin a session."""
    found = site.registry.people.sign_in(body.email, body.password)
    return bodies.Session(token=found.token, ends_utc=found.ends_utc)


@router.delete("/session", tags=["session"], status_code=204)
def sign_out(site: From, session: Annotated[SignedIn, Depends(session_of)]) -> None:
    """End it."""
    site.registry.people.sign_out(session.token)


@router.get("/me", tags=["session"])
def me(actor: Asking) -> bodies.Me:
    """Who asks."""
    return bodies.Me(**asdict(actor))


@router.get("/organisations", tags=["organisations"])
def organisations(site: From, actor: Asking) -> list[Organisation]:
    """All that may be seen."""
    return site.registry.organisations.all(actor)


@router.post("/organisations", tags=["organisations"], status_code=201)
def add_organisation(site: From, actor: Asking, body: bodies.NewOrganisation) -> Organisation:
    """A new one; one that a partner adds is its customer at once."""
    return site.registry.organisations.add(actor, body.kind, body.settings)


@router.get("/organisations/{organisation_id}", tags=["organisations"])
def organisation(site: From, actor: Asking, organisation_id: str) -> Organisation:
    """One of them."""
    return site.registry.organisations.one(actor, organisation_id)


@router.put("/organisations/{organisation_id}", tags=["organisations"])
def change_organisation(site: From, actor: Asking, organisation_id: str, body: bodies.OrganisationBody) -> Organisation:
    """All that it says of itself at once."""
    return site.registry.organisations.change(actor, organisation_id, body)


@router.delete("/organisations/{organisation_id}", tags=["organisations"], status_code=204)
def remove_organisation(site: From, actor: Asking, organisation_id: str) -> None:
    """Remove one that nothing belongs to."""
    site.registry.organisations.remove(actor, organisation_id)


@router.put("/organisations/{organisation_id}/partners/{partner_id}", tags=["organisations"], status_code=204)
def let_in(site: From, actor: Asking, organisation_id: str, partner_id: str) -> None:
    """Give a partner access."""
    site.registry.organisations.give_access(actor, organisation_id, partner_id, given=True)


@router.delete("/organisations/{organisation_id}/partners/{partner_id}", tags=["organisations"], status_code=204)
def let_out(site: From, actor: Asking, organisation_id: str, partner_id: str) -> None:
    """Withdraw it."""
    site.registry.organisations.give_access(actor, organisation_id, partner_id, given=False)


@router.get("/users", tags=["users"])
def users(site: From, actor: Asking) -> list[Person]:
    """All that may be seen."""
    return site.registry.people.all(actor)


@router.post("/users", tags=["users"], status_code=201)
def add_user(site: From, actor: Asking, body: bodies.NewPerson) -> Person:
    """Somebody new who can sign in."""
    return site.registry.people.add(actor, (body.email, body.name, body.role, body.organisation_id), body.password)


@router.put("/users/me/password", tags=["users"], status_code=204)
def change_password(site: From, actor: Asking, body: bodies.NewPassword) -> None:
    """One's own; all sessions end."""
    site.registry.people.change_password(actor, body.present, body.new)


@router.delete("/users/{person_id}", tags=["users"], status_code=204)
def remove_user(site: From, actor: Asking, person_id: str) -> None:
    """Somebody who can no longer sign in."""
    site.registry.people.remove(actor, person_id)


@router.get("/devices", tags=["devices"])
def devices(site: From, actor: Asking) -> list[Device]:
    """All measurement devices that may be seen."""
    return site.registry.equipment.devices(actor)


@router.post("/devices", tags=["devices"], status_code=201)
def register_device(site: From, actor: Asking, body: bodies.NewDevice) -> Device:
    """Make one known, as the factory does; only the operator."""
    return site.registry.equipment.register_device(actor, body.serial, body.pin, body.model)


@router.post("/devices/claim", tags=["devices"])
def claim_device(site: From, actor: Asking, body: bodies.DeviceClaim) -> Device:
    """Bind one to an organisation by serial and PIN; five wrong PINs lock it for a quarter of an hour."""
    return site.registry.equipment.claim_device(actor, body.serial, body.pin, body.organisation_id, body.settings)


@router.get("/devices/{serial}", tags=["devices"])
def device(site: From, actor: Asking, serial: str) -> Device:
    """One of them."""
    return site.registry.equipment.device(actor, serial)


@router.put("/devices/{serial}", tags=["devices"])
def change_device(site: From, actor: Asking, serial: str, body: bodies.DeviceBody) -> Device:
    """All that people say about it at once."""
    return site.registry.equipment.change_device(actor, serial, body)


@router.post("/devices/{serial}/release", tags=["devices"], status_code=204)
def release_device(site: From, actor: Asking, serial: str) -> None:
    """Let anybody who has the label claim it."""
    site.registry.equipment.release_device(actor, serial)


@router.get("/chargers", tags=["chargers"])
def chargers(site: From, actor: Asking) -> list[Charger]:
    """All that may be seen."""
    return site.registry.equipment.chargers(actor)


@router.post("/chargers", tags=["chargers"], status_code=201)
def register_charger(site: From, actor: Asking, body: bodies.NewCharger) -> Charger:
    """Make one known, as the factory does; only the operator."""
    return site.registry.equipment.register_charger(actor, body.serial, body.password)


@router.post("/chargers/claim", tags=["chargers"])
def claim_charger(site: From, actor: Asking, body: bodies.ChargerClaim) -> Charger:
    """Bind one to an organisation by serial and password."""
    return site.registry.equipment.claim_charger(actor, body.serial, body.password, body.organisation_id, body.settings)


@router.get("/chargers/{serial}", tags=["chargers"])
def charger(site: From, actor: Asking, serial: str) -> Charger:
    """One of them."""
    return site.registry.equipment.charger(actor, serial)


@router.put("/chargers/{serial}", tags=["chargers"])
def change_charger(site: From, actor: Asking, serial: str, body: bodies.ChargerBody) -> Charger:
    """All that people say about it at once."""
    return site.registry.equipment.change_charger(actor, serial, body)


@router.post("/chargers/{serial}/release", tags=["chargers"], status_code=204)
def release_charger(site: From, actor: Asking, serial: str) -> None:
    """Let anybody who has the label claim it."""
    site.registry.equipment.release_charger(actor, serial)


@router.get("/groups", tags=["groups"])
def groups(site: From, actor: Asking) -> list[Group]:
    """All load-balancing groups that may be seen."""
    return site.registry.groups.all(actor)


@router.post("/groups", tags=["groups"], status_code=201)
def add_group(site: From, actor: Asking, body: bodies.NewGroup) -> Group:
    """A draft."""
    return site.registry.groups.add(actor, body.organisation_id, body.settings)


@router.get("/groups/{group_id}", tags=["groups"])
def group(site: From, actor: Asking, group_id: str) -> Group:
    """One of them, with what activation still wants."""
    return site.registry.groups.one(actor, group_id)


@router.put("/groups/{group_id}", tags=["groups"])
def change_group(site: From, actor: Asking, group_id: str, body: bodies.GroupBody) -> Group:
    """Every parameter at once."""
    return site.registry.groups.change(actor, group_id, body)


@router.delete("/groups/{group_id}", tags=["groups"], status_code=204)
def remove_group(site: From, actor: Asking, group_id: str) -> None:
    """One that is not active."""
    site.registry.groups.remove(actor, group_id)


@router.put("/groups/{group_id}/chargers", tags=["groups"])
def choose_chargers(site: From, actor: Asking, group_id: str, body: bodies.Chosen) -> Group:
    """These and no others are in it."""
    return site.registry.groups.choose_chargers(actor, group_id, body.charger_serials)


@router.post("/groups/{group_id}/activate", tags=["groups"])
def activate(site: From, actor: Asking, group_id: str) -> Group:
    """Let it balance; 409 says what is missing."""
    return site.registry.groups.activate(actor, group_id)


@router.post("/groups/{group_id}/suspend", tags=["groups"])
def suspend(site: From, actor: Asking, group_id: str) -> Group:
    """Let it no longer balance."""
    return site.registry.groups.suspend(actor, group_id)


@router.get("/groups/{group_id}/unit", tags=["groups"])
def group_on_the_unit(site: From, actor: Asking, group_id: str) -> OnTheUnit:
    """What its unit made of it: its answer, how the group stands there, and the latest changes of limits."""
    return site.registry.orders.on_the_unit(site.registry.groups.one(actor, group_id))


@router.post("/groups/{group_id}/send", tags=["groups"], status_code=204)
def send_group(site: From, actor: Asking, group_id: str) -> None:
    """Ask its unit once more, after a refusal."""
    site.registry.orders.again(actor, site.registry.groups.one(actor, group_id))


@router.get("/audit", tags=["audit"])
def audit(
    site: From,
    actor: Asking,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> list[Entry]:
    """Who changed what, the newest first; `before`: only what is older than the entry of that id."""
    return site.registry.audit(actor, limit, before)
