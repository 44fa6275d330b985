"""Who may see and change what: an owner its own, a partner also its customers', the operator everything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, false, select, true

from ampguard_hil.cloud.registry_refusals import NotAllowed, NotThere
from ampguard_hil.cloud.registry_tables import access

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection


class Role(StrEnum):
    """What somebody is to the cloud."""

    OPERATOR = "operator"
    """Runs it: sees and changes everything."""
    PARTNER = "partner"
    """An installer: changes what is its own organisation's and its customers'."""
    OWNER = "owner"
    """Has a grid connection: changes what is its own organisation's."""
    VIEWER = "viewer"
    """Sees what its organisation sees, changes nothing."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks."""

    person_id: str
    email: str
    name: str
    role: Role
    organisation_id: str | None
    """None for the operator's own people."""

    @property
    def is_operator(self) -> bool:
        """Whether everything is open."""
        return self.role is Role.OPERATOR

    @property
    def changes(self) -> bool:
        """Whether it changes anything at all."""
        return self.role is not Role.VIEWER


def visible(connection: Connection, actor: Actor, column: Column[str]) -> ColumnElement[bool]:
    """The condition that a row's organisation is one that may be seen."""
    if actor.is_operator:
        return true()
    seen = organisations_of(connection, actor)
    return column.in_(seen) if seen else false()


def organisations_of(connection: Connection, actor: Actor) -> frozenset[str]:
    """Its own organisation, and those that gave that one access. Nothing for the operator, who needs none."""
    own = actor.organisation_id
    if own is None:
        return frozenset()
    gave = connection.execute(select(access.c.owner_id).where(access.c.partner_id == own))
    return frozenset({own, *gave.scalars()})


def must_see(connection: Connection, actor: Actor, organisation_id: str | None, kind: str, name: str) -> None:
    """Raises NotThere: what may not be seen is not there."""
    if actor.is_operator:
        return
    if organisation_id is None or organisation_id not in organisations_of(connection, actor):
        raise NotThere(kind, name)


def must_change(connection: Connection, actor: Actor, organisation_id: str | None, kind: str, name: str) -> None:
    """Raises NotThere, NotAllowed."""
    must_see(connection, actor, organisation_id, kind, name)
    if not actor.changes:
        raise NotAllowed("read-only", "you may look at this, and change nothing")


def must_operate(actor: Actor, wish: str) -> None:
    """Raises NotAllowed."""
    if not actor.is_operator:
        raise NotAllowed("operator-only", f"only the operator may {wish}")
