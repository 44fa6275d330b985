"""Who changed what, when, and from what to what: written in the same transaction as the change itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import and_, insert, or_, select

from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_rights import visible
from ampguard_hil.cloud.registry_secrets import identity
from ampguard_hil.cloud.registry_tables import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from ampguard.readings import Json
    from ampguard_hil.cloud.registry_database import Database
    from ampguard_hil.cloud.registry_rights import Actor

Values: TypeAlias = dict[str, str | int | float | bool | None]
_SECRET = frozenset({"password_hash", "pin_hash", "token_hash"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One change."""

    id: str
    at_utc: str
    who: str
    """E-mail address of whoever did it."""
    organisation_id: str | None
    kind: str
    subject: str
    """Serial, name or identity of what was changed."""
    change: str
    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class Changed:
    """What is to be noted of a change."""

    kind: str
    subject: str
    change: str
    organisation_id: str | None
    before: Mapping[str, Json]
    after: Mapping[str, Json]


def note(connection: Connection, who: str, now: datetime, changed: Changed) -> None:
    """Write it down; only what differs, and no secrets."""
    keys = [key for key in {**changed.before, **changed.after} if changed.before.get(key) != changed.after.get(key)]
    before = {key: changed.before[key] for key in keys if key in changed.before and key not in _SECRET}
    after = {key: changed.after[key] for key in keys if key in changed.after and key not in _SECRET}
    connection.execute(
        insert(audit).values(
            id=identity(),
            at_utc=stamp(now),
            who=who,
            organisation_id=changed.organisation_id,
            kind=changed.kind,
            subject=changed.subject,
            change=changed.change,
            before_json=json.dumps(before),
            after_json=json.dumps(after),
        )
    )


def entries(database: Database, actor: Actor, limit: int, before: str | None) -> list[Entry]:
    """The newest first; `before`: only those older than the one of that identity."""
    with database.reading() as connection:
        wanted = select(audit).where(visible(connection, actor, audit.c.organisation_id))
        if before is not None:
            last = connection.execute(select(audit.c.at_utc).where(audit.c.id == before)).scalar() or ""
            wanted = wanted.where(or_(audit.c.at_utc < last, and_(audit.c.at_utc == last, audit.c.id < before)))
        rows = connection.execute(wanted.order_by(audit.c.at_utc.desc(), audit.c.id.desc()).limit(limit))
        return [
            Entry(
                id=row.id,
                at_utc=row.at_utc,
                who=row.who,
                organisation_id=row.organisation_id,
                kind=row.kind,
                subject=row.subject,
                change=row.change,
                before=json.loads(row.before_json),
                after=json.loads(row.after_json),
            )
            for row in rows
        ]
