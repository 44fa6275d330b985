"""Organisations: who owns a grid connection, who looks after it, and who may look in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, func, insert, or_, select, update

from ampguard_hil.cloud import registry_fields as fields
from ampguard_hil.cloud import registry_secrets as secrets
from ampguard_hil.cloud.registry_audit import Changed, note
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_refusals import Conflict, NotAllowed, NotThere, Unfit
from ampguard_hil.cloud.registry_rights import (
    Actor,
    Role,
    must_change,
    must_operate,
    visible,
)
from ampguard_hil.cloud.registry_tables import access, balancing_group, charger, device, organisation, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RowMapping

    from ampguard_hil.cloud.registry_database import Database


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """What an organisation says of itself."""

    name: str
    contact: str
    """A person's name."""
    email: str

    def fit(self) -> OrganisationSettings:
        """The same, stripped. Raises Unfit."""
        contact = fields.name("contact", self.contact, empty=True)
        return OrganisationSettings(fields.name("name", self.name), contact, fields.email(self.email))


@dataclass(frozen=True, slots=True)
class Organisation(OrganisationSettings):
    """A housing cooperative, a company or a private individual; or an installer who looks after some of those."""

    id: str
    kind: Literal["owner", "partner"]
    partners: tuple[str, ...]
    """Identities of the partners that it gave access."""
    created_utc: str


class Organisations:
    """The part of the registry that knows whose everything is."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def all(self, actor: Actor) -> list[Organisation]:
        """All that may be seen, by name. A partner's name is also seen by those who gave it access."""
        with self._database.reading() as connection:
            condition = visible(connection, actor, organisation.c.id)
            if actor.organisation_id is not None:
                own = select(access.c.partner_id).where(access.c.owner_id == actor.organisation_id)
                condition = or_(condition, organisation.c.id.in_(own))
            rows = connection.execute(select(organisation).where(condition).order_by(organisation.c.name)).mappings()
            partners = connection.execute(select(access.c.owner_id, access.c.partner_id)).all()
        given: dict[str, list[str]] = {}
        for owner_id, partner_id in partners:
            given.setdefault(owner_id, []).append(partner_id)
        return [_organisation(row, tuple(sorted(given.get(row["id"], ())))) for row in rows]

    def one(self, actor: Actor, organisation_id: str) -> Organisation:
        """Raises NotThere."""
        for found in self.all(actor):
            if found.id == organisation_id:
                return found
        raise NotThere("organisation", organisation_id)

    def partners(self) -> list[tuple[str, str]]:
        """Identity and name of every partner: what an owner chooses from."""
        with self._database.reading() as connection:
            wanted = select(organisation.c.id, organisation.c.name).where(organisation.c.kind == "partner")
            return [(row.id, row.name) for row in connection.execute(wanted.order_by(organisation.c.name))]

    def add(self, actor: Actor, kind: Literal["owner", "partner"], settings: OrganisationSettings) -> Organisation:
        """A new one; one that a partner adds is its customer at once. Raises NotAllowed, Unfit."""
        if actor.role is not Role.PARTNER or kind != "owner":
            must_operate(actor, f"add {'a partner' if kind == 'partner' else 'an owner without a partner'}")
        settings = settings.fit()
        row = {"id": secrets.identity(), "kind": kind, "created_utc": stamp(self._now()), **asdict(settings)}
        with self._database.writing() as connection:
            connection.execute(insert(organisation).values(**row))
            if actor.organisation_id is not None:
                connection.execute(insert(access).values(owner_id=row["id"], partner_id=actor.organisation_id))
            changed = Changed("organisation", settings.name, "added", row["id"], {}, {"kind": kind, **asdict(settings)})
            note(connection, actor.email, self._now(), changed)
        return self.one(actor, row["id"])

    def change(self, actor: Actor, organisation_id: str, settings: OrganisationSettings) -> Organisation:
        """Raises NotThere, NotAllowed, Unfit."""
        settings = settings.fit()
        with self._database.writing() as connection:
            must_change(connection, actor, organisation_id, "organisation", organisation_id)
            old = organisation_row(connection, organisation_id)
            wanted = update(organisation).where(organisation.c.id == organisation_id)
            connection.execute(wanted.values(**asdict(settings)))
            before = {key: old[key] for key in asdict(settings)}
            changed = Changed("organisation", settings.name, "changed", organisation_id, before, asdict(settings))
            note(connection, actor.email, self._now(), changed)
        return self.one(actor, organisation_id)

    def remove(self, actor: Actor, organisation_id: str) -> None:
        """Raises NotThere, NotAllowed, Conflict: something still belongs to it."""
        must_operate(actor, "remove an organisation")
        with self._database.writing() as connection:
            old = organisation_row(connection, organisation_id)
            for table, kind in ((person, "user"), (device, "device"), (charger, "charger"), (balancing_group, "group")):
                count = connection.execute(
                    select(func.count()).select_from(table).where(table.c.organisation_id == organisation_id)
                ).scalar_one()
                if count:
                    raise Conflict("in-use", f"{count} {kind}{'s' * (count > 1)} still belong to {old['name']}")
            mine = or_(access.c.owner_id == organisation_id, access.c.partner_id == organisation_id)
            connection.execute(delete(access).where(mine))
            connection.execute(delete(organisation).where(organisation.c.id == organisation_id))
            changed = Changed("organisation", old["name"], "removed", organisation_id, {"name": old["name"]}, {})
            note(connection, actor.email, self._now(), changed)

    def give_access(self, actor: Actor, owner_id: str, partner_id: str, *, given: bool) -> None:
        """Let a partner in, or no longer. Raises NotThere, NotAllowed."""
        with self._database.writing() as connection:
            must_change(connection, actor, owner_id, "organisation", owner_id)
            if not (actor.is_operator or actor.organisation_id in {owner_id, *([] if given else [partner_id])}):
                raise NotAllowed("owners-decision", "only the owner lets a partner in")
            partner, owner = organisation_row(connection, partner_id), organisation_row(connection, owner_id)
            if partner["kind"] != "partner" or owner["kind"] != "owner":
                raise Unfit("no-partner", "access is what an owner gives a partner")
            this = (access.c.owner_id == owner_id) & (access.c.partner_id == partner_id)
            connection.execute(delete(access).where(this))
            if given:
                connection.execute(insert(access).values(owner_id=owner_id, partner_id=partner_id))
            word = "access given" if given else "access withdrawn"
            changed = Changed("organisation", owner["name"], word, owner_id, {}, {"partner": partner["name"]})
            note(connection, actor.email, self._now(), changed)


def _organisation(row: RowMapping, partners: tuple[str, ...]) -> Organisation:
    return Organisation(partners=partners, **row)


def organisation_row(connection: Connection, organisation_id: str) -> RowMapping:
    """Raises NotThere."""
    row = connection.execute(select(organisation).where(organisation.c.id == organisation_id)).mappings().one_or_none()
    if row is None:
        raise NotThere("organisation", organisation_id)
    return row
