"""What units are told of their load-balancing groups, what they answer, and what they tell of the balancing.

Nobody gives an order: what a unit is to have follows from the groups. An order that is answered stands until its group
is another one; one that was refused may be asked again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import delete, insert, select, update

from ampguard_hil.cloud.group_document import document
from ampguard_hil.cloud.registry_audit import Changed, note
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_groups import Group, GroupState, group_of
from ampguard_hil.cloud.registry_mounted import charger_of
from ampguard_hil.cloud.registry_refusals import Conflict
from ampguard_hil.cloud.registry_rights import must_change
from ampguard_hil.cloud.registry_secrets import identity
from ampguard_hil.cloud.registry_tables import (
    balancing_group,
    charger,
    device,
    limit_change,
    unit_balance,
    unit_order,
)
from ampguard_hil.cloud.unit_words import LimitChange, UnitGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from ampguard.readings import Json
    from ampguard_hil.cloud.registry_database import Database
    from ampguard_hil.cloud.registry_rights import Actor

    Document: TypeAlias = "dict[str, Json] | None"

DONE = "done"
CHANGES_KEPT = 500
"""Of each unit."""
_ANSWER = ("asked_utc", "status", "reason", "answered_utc")
_TOLD = (GroupState.ACTIVE.value, GroupState.SUSPENDED.value)


@dataclass(frozen=True, slots=True)
class Order:
    """What a unit is to be told."""

    serial: str
    correlation: str
    document: Document
    """None: it has no group any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of it."""

    asked_utc: str
    status: str | None
    """None: not answered yet; done, refused, failed, unknown."""
    reason: str | None
    answered_utc: str | None


@dataclass(frozen=True, slots=True)
class ToldState:
    """How a unit says that its group stands."""

    at_utc: str
    """When it came."""
    told: UnitGroup


@dataclass(frozen=True, slots=True)
class ToldChange:
    """Why a limit has changed, as a unit says it."""

    at_utc: str
    """When it came."""
    told: LimitChange


@dataclass(frozen=True, slots=True)
class OnTheUnit:
    """A group as its unit has it."""

    delivery: Delivery | None
    """None: nothing was asked of the unit."""
    state: ToldState | None
    changes: tuple[ToldChange, ...]
    """The newest first."""


class Orders:
    """The part of the registry that units have a say in."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def due(self) -> list[Order]:
        """What is to be asked of units, and is not answered yet."""
        with self._database.reading() as connection:
            outdated = self._outdated(connection)
        if outdated:
            with self._database.writing() as connection:
                for serial, text in self._outdated(connection).items():
                    self._ask(connection, serial, text)
        with self._database.reading() as connection:
            rows = connection.execute(select(unit_order).where(unit_order.c.status.is_(None))).mappings()
            return [Order(row["device_serial"], row["correlation"], json.loads(row["document_json"])) for row in rows]

    def answered(self, serial: str, correlation: str, status: str, reason: str | None) -> None:
        """A unit has answered; an answer to something that was not asked, or not any more, counts nothing."""
        values = {"status": status, "reason": reason, "answered_utc": stamp(self._now())}
        asked = (unit_order.c.device_serial == serial) & (unit_order.c.correlation == correlation)
        with self._database.writing() as connection:
            connection.execute(update(unit_order).where(asked).values(**values))

    def again(self, actor: Actor, group: Group) -> None:
        """Ask its unit once more. Raises NotThere, NotAllowed, Conflict: it was never asked."""
        with self._database.writing() as connection:
            must_change(connection, actor, group.organisation_id, "group", group.id)
            text = _wanted(connection).get(group.device_serial or "")
            if text is None or group.device_serial is None:
                raise Conflict("not-told", f"{group.name} is {group.state}: no unit is told of it")
            self._ask(connection, group.device_serial, text)
            note(connection, actor.email, self._now(), Changed(
                "group", group.name, "sent again", group.organisation_id, {}, {}
            ))  # fmt: skip

    def led(self) -> dict[str, dict[str, Json]]:
        """By unit: the groups that this cloud balances, as the unit has taken them."""
        condition = (
            (unit_order.c.status == DONE)
            & (balancing_group.c.device_serial == unit_order.c.device_serial)
            & (balancing_group.c.state == GroupState.ACTIVE.value)
            & balancing_group.c.cloud_balancing
        )
        wanted = select(unit_order.c.device_serial, unit_order.c.document_json, balancing_group.c.id).where(condition)
        with self._database.reading() as connection:
            told = _wanted(connection)
            rows = connection.execute(wanted).all()
        return {serial: json.loads(text) for serial, text, _ in rows if told.get(serial) == text}

    def stands(self, serial: str, told: UnitGroup) -> None:
        """A unit tells how its group stands."""
        values = {"at_utc": stamp(self._now()), "body_json": told.model_dump_json()}
        with self._database.writing() as connection:
            if _is_registered(connection, serial):
                _put(connection, unit_balance, serial, values)

    def changed(self, serial: str, told: LimitChange) -> None:
        """A unit tells why a limit has changed."""
        text = told.model_dump_json()
        row = {"id": identity(), "device_serial": serial, "at_utc": stamp(self._now()), "body_json": text}
        mine = limit_change.c.device_serial == serial
        oldest = select(limit_change.c.at_utc).where(mine).order_by(limit_change.c.at_utc.desc()).offset(CHANGES_KEPT)
        with self._database.writing() as connection:
            if _is_registered(connection, serial):
                connection.execute(insert(limit_change).values(**row))
                last = connection.execute(oldest.limit(1)).scalar()
                if last is not None:
                    connection.execute(delete(limit_change).where(mine & (limit_change.c.at_utc <= last)))

    def on_the_unit(self, group: Group, changes: int = 20) -> OnTheUnit:
        """What its unit made of a group that may be seen; nothing of the time before it was activated."""
        serial, since_utc = group.device_serial, group.activated_utc
        if serial is None or since_utc is None or group.state is GroupState.DRAFT:
            return OnTheUnit(None, None, ())
        with self._database.reading() as connection:
            if not _is_its(connection, group):
                return OnTheUnit(None, None, ())
            order = connection.execute(select(unit_order).where(unit_order.c.device_serial == serial))
            asked = order.mappings().one_or_none()
            stood = _latest(connection, unit_balance, serial, since_utc, 1)
            changed = _latest(connection, limit_change, serial, since_utc, changes)
        return OnTheUnit(
            None if asked is None else Delivery(*(asked[name] for name in _ANSWER)),
            next((ToldState(at_utc, UnitGroup.model_validate_json(text)) for at_utc, text in stood), None),
            tuple(ToldChange(at_utc, LimitChange.model_validate_json(text)) for at_utc, text in changed),
        )

    def _outdated(self, connection: Connection) -> dict[str, str]:
        """By unit: what it is to have, where it was not asked for that."""
        asked = {
            row["device_serial"]: row["document_json"] for row in connection.execute(select(unit_order)).mappings()
        }
        wanted = dict.fromkeys(asked, "null") | _wanted(connection)
        return {serial: text for serial, text in wanted.items() if asked.get(serial) != text}

    def _ask(self, connection: Connection, serial: str, text: str) -> None:
        _put(connection, unit_order, serial, {
            "document_json": text, "correlation": identity(), "asked_utc": stamp(self._now()),
            "status": None, "reason": None, "answered_utc": None,
        })  # fmt: skip


def _wanted(connection: Connection) -> dict[str, str]:
    """By unit: the document that it is to have; of several groups of one unit that which is active."""
    order = balancing_group.c.state == GroupState.ACTIVE.value, balancing_group.c.activated_utc
    rows = connection.execute(select(balancing_group).where(balancing_group.c.state.in_(_TOLD)).order_by(*order))
    found: dict[str, str] = {}
    for row in rows.mappings():
        group = group_of(connection, row)
        members = select(charger).where(charger.c.group_id == group.id).order_by(charger.c.serial)
        chargers = [charger_of(one) for one in connection.execute(members).mappings()]
        if group.device_serial is not None:
            told = document(group, chargers, active=group.state is GroupState.ACTIVE)
            found[group.device_serial] = json.dumps(told, sort_keys=True)
    return found


def _latest(connection: Connection, table: Table, serial: str, since_utc: str, most: int) -> Sequence[tuple[str, str]]:
    """When it came and what it says, the newest first."""
    mine = (table.c.device_serial == serial) & (table.c.at_utc >= since_utc)
    wanted = select(table.c.at_utc, table.c.body_json).where(mine).order_by(table.c.at_utc.desc()).limit(most)
    return [(at_utc, text) for at_utc, text in connection.execute(wanted)]


def _is_its(connection: Connection, group: Group) -> bool:
    """Whether what the unit has is this group, and no other one of the same unit."""
    wanted = (
        select(balancing_group.c.id)
        .where((balancing_group.c.device_serial == group.device_serial) & balancing_group.c.state.in_(_TOLD))
        .order_by(balancing_group.c.state == GroupState.ACTIVE.value, balancing_group.c.activated_utc)
    )
    return connection.execute(wanted).scalars().all()[-1:] == [group.id]


def _is_registered(connection: Connection, serial: str) -> bool:
    return connection.execute(select(device.c.serial).where(device.c.serial == serial)).scalar() is not None


def _put(connection: Connection, table: Table, serial: str, values: Mapping[str, object]) -> None:
    changed = connection.execute(update(table).where(table.c.device_serial == serial).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(device_serial=serial, **values))
