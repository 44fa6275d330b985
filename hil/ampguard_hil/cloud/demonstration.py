"""A small world for `make run` and for tests: an operator, an installer and an owner, whose unit is claimed already."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.cloud.registry_mounted import ChargerSettings, DeviceSettings
from ampguard_hil.cloud.registry_organisations import OrganisationSettings
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_rights import Role
from ampguard_hil.cloud.registry_secrets import label_pin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.cloud.registry import Registry
    from ampguard_hil.cloud.registry_rights import Actor

OPERATOR, PARTNER, OWNER = "operator@example.org", "partner@example.org", "owner@example.org"
FUSE_A, GARAGE_FUSE_A = 25.0, 63.0
TWO = {
    f"2611000{number:03}M": ChargerSettings(f"Halo {number}", offline_current_a=6.0, offline_phase=phase)
    for number, phase in ((1, "L1"), (2, "L2"))
}


@dataclass(frozen=True, slots=True)
class World:
    """Who is in it; one password for all three, new each time."""

    password: str
    owner_id: str
    pin: str
    """Of the claimed measurement device."""
    charger_password: str


def made(registry: Registry, serial: str, garage: Mapping[str, ChargerSettings] | None = None) -> World:
    """Fill an empty registry; `serial`: the measurement device's. Raises as the registry does.

    `garage`: chargers that are there, by serial; without them there are two that nobody will ever hear of.
    """
    world_password, pin, charger_password = (secrets.token_urlsafe(9), label_pin(), label_pin())
    registry.people.add(None, (OPERATOR, "Olof Operator", Role.OPERATOR, None), world_password)
    operator = _actor(registry, OPERATOR, world_password)
    firm = OrganisationSettings("Example Electricians", "Petra Partner", PARTNER)
    partner_id = registry.organisations.add(operator, "partner", firm).id
    registry.people.add(operator, (PARTNER, "Petra Partner", Role.PARTNER, partner_id), world_password)
    partner = _actor(registry, PARTNER, world_password)
    house = OrganisationSettings("Example House", "Ottilia Owner", OWNER)
    owner_id = registry.organisations.add(partner, "owner", house).id
    registry.people.add(partner, (OWNER, "Ottilia Owner", Role.OWNER, owner_id), world_password)
    owner = _actor(registry, OWNER, world_password)
    registry.equipment.register_device(operator, serial, pin, "one_module")
    fuse_a = FUSE_A if garage is None else GARAGE_FUSE_A
    settings = DeviceSettings("Main switch", "Example Street 1, cabinet in the garage", fuse_a)
    registry.equipment.claim_device(owner, serial, pin, owner_id, settings)
    chargers = TWO if garage is None else garage
    for charger, put in chargers.items():
        registry.equipment.register_charger(operator, charger, charger_password)
        registry.equipment.claim_charger(owner, charger, charger_password, owner_id, put)
    parameters = GroupSettings(
        "Example House",
        description="Both chargers on the main fuse" if garage is None else "All chargers of the garage",
        device_serial=serial,
        chargers_in_measurements=True,
        phases=("L1", "L2", "L3"),
        max_current_online_a=fuse_a if garage is not None else 20.0,
        max_current_offline_a=fuse_a * 0.3 if garage is not None else 6.0,
        min_current_a=6.0,
        supply_max_current_a=fuse_a,
        fuse_kind="gG",
        cloud_balancing=garage is not None,
    )
    group = registry.groups.add(owner, owner_id, parameters)
    registry.groups.choose_chargers(owner, group.id, list(chargers))
    registry.groups.activate(owner, group.id)
    return World(world_password, owner_id, pin, charger_password)


def _actor(registry: Registry, email: str, password: str) -> Actor:
    session = registry.people.sign_in(email, password)
    registry.people.sign_out(session.token)
    return session.actor
