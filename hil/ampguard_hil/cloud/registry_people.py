"""People: who they are, and how they sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from ampguard_hil.cloud import registry_fields as fields
from ampguard_hil.cloud import registry_secrets as secrets
from ampguard_hil.cloud.registry_audit import Changed, note
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_organisations import organisation_row
from ampguard_hil.cloud.registry_refusals import Conflict, NotAllowed, NotThere, SignInWanted, Unfit
from ampguard_hil.cloud.registry_rights import (
    Actor,
    Role,
    must_see,
    organisations_of,
    visible,
)
from ampguard_hil.cloud.registry_tables import person, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RowMapping

    from ampguard_hil.cloud.registry_database import Database
    from ampguard_hil.cloud.registry_lockout import Lockout


SESSION_S = 12 * 3600.0
_ROLES = {"owner": {Role.OWNER, Role.VIEWER}, "partner": {Role.PARTNER, Role.VIEWER}}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    id: str
    email: str
    name: str
    role: Role
    organisation_id: str | None
    created_utc: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session; the token is told once and stored only as its hash."""

    token: str
    form_token: str
    """What a form must bring back, so that no other site's form does anything here."""
    ends_utc: str
    actor: Actor


class People:
    """The part of the registry that knows people."""

    def __init__(self, database: Database, lockout: Lockout, now: Callable[[], datetime]) -> None:
        self._database = database
        self._lockout = lockout
        self._now = now

    def sign_in(self, email: str, password: str) -> SignedIn:
        """Raises SignInWanted, LockedOut."""
        email = email.strip().lower()[:256]
        with self._database.reading() as connection:
            row = connection.execute(select(person).where(person.c.email == email)).mappings().one_or_none()
        stored = None if row is None else str(row["password_hash"])
        if not self._lockout.tried(f"person {email}", lambda: secrets.fits(password, stored)) or row is None:
            raise SignInWanted("wrong-password", "the e-mail address or the password is wrong")
        token, form_token = secrets.token(), secrets.token()
        now = self._now()
        ends_utc = stamp(now + timedelta(seconds=SESSION_S))
        with self._database.writing() as connection:
            connection.execute(delete(session).where(session.c.ends_utc <= stamp(now)))
            connection.execute(
                insert(session).values(
                    token_hash=secrets.token_hash(token), person_id=row["id"], form_token=form_token, ends_utc=ends_utc
                )
            )
        return SignedIn(token, form_token, ends_utc, _actor(row))

    def who(self, token: str) -> SignedIn:
        """Whose token it is. Raises SignInWanted."""
        with self._database.reading() as connection:
            row = (
                connection.execute(
                    select(person, session.c.form_token, session.c.ends_utc)
                    .join(session, session.c.person_id == person.c.id)
                    .where(session.c.token_hash == secrets.token_hash(token))
                    .where(session.c.ends_utc > stamp(self._now()))
                )
                .mappings()
                .one_or_none()
            )
        if row is None:
            raise SignInWanted("sign-in-wanted", "wanted the token of a session, met none or one that has ended")
        return SignedIn(token, row["form_token"], row["ends_utc"], _actor(row))

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._database.writing() as connection:
            connection.execute(delete(session).where(session.c.token_hash == secrets.token_hash(token)))

    def all(self, actor: Actor) -> list[Person]:
        """All that may be seen, by address."""
        with self._database.reading() as connection:
            condition = visible(connection, actor, person.c.organisation_id)
            rows = connection.execute(select(person).where(condition).order_by(person.c.email)).mappings()
            return [_person(row) for row in rows]

    def add(self, actor: Actor | None, settings: tuple[str, str, Role, str | None], password: str) -> Person:
        """`settings`: address, name, role, organisation. Without an actor: the set-up's own. Raises as all here."""
        email, name, role, organisation_id = settings
        email, name = fields.email(email), fields.name("name", name, empty=True)
        stored = secrets.hashed(fields.password(password))
        row = {"id": secrets.identity(), "email": email, "name": name, "role": role.value}
        row |= {"password_hash": stored, "created_utc": stamp(self._now())}
        with self._database.writing() as connection:
            if actor is not None:
                self._may_add(connection, actor, role, organisation_id)
            if organisation_id is None and role is not Role.OPERATOR:
                raise Unfit("no-organisation", f"a user who is {role.value} belongs to an organisation")
            if organisation_id is not None:
                kind = organisation_row(connection, organisation_id)["kind"]
                if role not in _ROLES[kind]:
                    roles = " or ".join(sorted(one.value for one in _ROLES[kind]))
                    raise Unfit("unfit-role", f"in an organisation that is {kind} users are {roles}")
            if connection.execute(select(person.c.id).where(person.c.email == email)).first() is not None:
                raise Conflict("known-email", f"there is a user {email} already")
            connection.execute(insert(person).values(organisation_id=organisation_id, **row))
            changed = Changed("user", email, "added", organisation_id, {}, {"name": name, "role": role.value})
            note(connection, "set-up" if actor is None else actor.email, self._now(), changed)
        return Person(row["id"], email, name, role, organisation_id, row["created_utc"])

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """One's own; every other session of it ends. Raises SignInWanted, LockedOut, Unfit."""
        stored = secrets.hashed(fields.password(new))
        with self._database.reading() as connection:
            known = connection.execute(select(person.c.password_hash).where(person.c.id == actor.person_id)).scalar()
        if not self._lockout.tried(f"person {actor.email}", lambda: secrets.fits(old, known)):
            raise Unfit("wrong-password", "the present password is another one")
        with self._database.writing() as connection:
            connection.execute(update(person).where(person.c.id == actor.person_id).values(password_hash=stored))
            connection.execute(delete(session).where(session.c.person_id == actor.person_id))
            changed = Changed("user", actor.email, "password changed", actor.organisation_id, {}, {})
            note(connection, actor.email, self._now(), changed)

    def remove(self, actor: Actor, person_id: str) -> None:
        """Raises NotThere, NotAllowed, Conflict: nobody removes himself."""
        with self._database.writing() as connection:
            row = connection.execute(select(person).where(person.c.id == person_id)).mappings().one_or_none()
            if row is None:
                raise NotThere("user", person_id)
            must_see(connection, actor, row["organisation_id"], "user", person_id)
            if not (actor.is_operator or (actor.changes and actor.organisation_id == row["organisation_id"])):
                raise NotAllowed("not-your-user", "only somebody of the same organisation removes a user")
            if person_id == actor.person_id:
                raise Conflict("yourself", "nobody removes himself")
            connection.execute(delete(session).where(session.c.person_id == person_id))
            connection.execute(delete(person).where(person.c.id == person_id))
            changed = Changed("user", row["email"], "removed", row["organisation_id"], {"role": row["role"]}, {})
            note(connection, actor.email, self._now(), changed)

    def _may_add(self, connection: Connection, actor: Actor, role: Role, organisation_id: str | None) -> None:
        if actor.is_operator:
            return
        if role is Role.OPERATOR or not actor.changes:
            raise NotAllowed("operator-only", "only the operator adds a user of that role")
        if organisation_id is None or organisation_id not in organisations_of(connection, actor):
            raise NotThere("organisation", str(organisation_id))


def _actor(row: RowMapping) -> Actor:
    return Actor(row["id"], row["email"], row["name"], Role(row["role"]), row["organisation_id"])


def _person(row: RowMapping) -> Person:
    role = Role(row["role"])
    return Person(row["id"], row["email"], row["name"], role, row["organisation_id"], row["created_utc"])
