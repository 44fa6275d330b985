"""A partner's pages: its customers with their states, a new customer, and what needs somebody's attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from ampguard_hil.cloud.pages_devices import states
from ampguard_hil.cloud.pages_frame import Posted, Visit, Visiting, elsewhere, page
from ampguard_hil.cloud.registry_groups import Group, GroupState
from ampguard_hil.cloud.registry_organisations import Organisation, OrganisationSettings
from ampguard_hil.cloud.registry_refusals import Refused
from ampguard_hil.cloud.registry_rights import Role

if TYPE_CHECKING:
    from ampguard_hil.cloud.pages_state import DeviceState
    from ampguard_hil.cloud.registry_mounted import Charger

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Customer:
    """An owner with all that is mounted there."""

    organisation: Organisation
    states: tuple[DeviceState, ...]
    chargers: tuple[Charger, ...]
    groups: tuple[Group, ...]

    @property
    def problems(self) -> tuple[tuple[str, str, str], ...]:
        """Where to look, what it is called, and what is the matter."""
        found = [
            (f"/devices/{state.device.serial}", state.device.name, problem)
            for state in self.states
            for problem in state.problems
        ]
        for group in self.groups:
            link = f"/groups/{group.id}"
            if group.state is GroupState.SUSPENDED:
                found.append((link, group.name, "the group is suspended: nothing is balanced"))
            elif group.state is GroupState.DRAFT:
                found.append((link, group.name, "the group is not active yet"))
        free = [one for one in self.chargers if one.group_id is None]
        found += [(f"/chargers/{one.serial}", one.name, "the charger is in no group") for one in free]
        return tuple(found)


def customers_of(visit: Visit) -> list[Customer]:
    """All owners that may be seen, those that need attention first."""
    registry, actor = visit.site.registry, visit.actor
    devices, chargers, groups = states(visit), registry.equipment.chargers(actor), registry.groups.all(actor)
    found = [
        Customer(
            owner,
            tuple(one for one in devices if one.device.organisation_id == owner.id),
            tuple(one for one in chargers if one.organisation_id == owner.id),
            tuple(one for one in groups if one.organisation_id == owner.id),
        )
        for owner in registry.organisations.all(actor)
        if owner.kind == "owner"
    ]
    return sorted(found, key=lambda one: (not one.problems, one.organisation.name))


@router.get("/customers")
def customers(visit: Visiting) -> Response:
    """The list."""
    return page(visit, "customers.html", customers=customers_of(visit))


@router.get("/attention")
def attention(visit: Visiting) -> Response:
    """What needs somebody."""
    found = customers_of(visit)
    return page(visit, "attention.html", customers=[one for one in found if one.problems], count=len(found))


@router.get("/customers/add")
def add_page(visit: Visiting) -> Response:
    """The form."""
    return page(visit, "customer_add.html", values=dict.fromkeys(("name", "contact", "email"), ""))


@router.post("/customers/add")
def add(visit: Visiting, form: Posted) -> Response:
    """An organisation, and the first who can sign in there."""
    try:
        settings = OrganisationSettings(form.text("name"), form.text("contact"), form.text("email"))
        made = visit.site.registry.organisations.add(visit.actor, "owner", settings)
    except Refused as why:
        return page(visit, "customer_add.html", why, values=form.names())
    return elsewhere(f"/customers/{made.id}", "added")


@router.get("/customers/{organisation_id}")
def customer(visit: Visiting, organisation_id: str) -> Response:
    """One with all that is mounted there."""
    return _customer(visit, organisation_id)


@router.post("/customers/{organisation_id}/users")
def add_user(visit: Visiting, organisation_id: str, form: Posted) -> Response:
    """Somebody who can sign in there."""
    try:
        new = (form.text("email"), form.text("name"), Role.OWNER, organisation_id)
        visit.site.registry.people.add(visit.actor, new, form.text("password"))
    except Refused as why:
        return _customer(visit, organisation_id, why)
    return elsewhere(f"/customers/{organisation_id}", "added")


def _customer(visit: Visit, organisation_id: str, refused: Refused | None = None) -> Response:
    registry = visit.site.registry
    owner = registry.organisations.one(visit.actor, organisation_id)
    found = next((one for one in customers_of(visit) if one.organisation.id == owner.id), Customer(owner, (), (), ()))
    people = [one for one in registry.people.all(visit.actor) if one.organisation_id == owner.id]
    return page(visit, "customer.html", refused, customer=found, people=people)
