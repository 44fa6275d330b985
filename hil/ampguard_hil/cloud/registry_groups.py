"""Load-balancing groups: every parameter with its limits, the chargers in it, and whether it balances."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from ampguard_hil.cloud.registry_audit import Changed, note
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_completeness import Members, missing
from ampguard_hil.cloud.registry_mounted import Charger, charger_of
from ampguard_hil.cloud.registry_organisations import organisation_row
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_refusals import Conflict, NotThere
from ampguard_hil.cloud.registry_rights import must_change, visible
from ampguard_hil.cloud.registry_secrets import identity
from ampguard_hil.cloud.registry_tables import balancing_group, charger, device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping

    from ampguard_hil.cloud.registry_database import Database
    from ampguard_hil.cloud.registry_rights import Actor


class GroupState(StrEnum):
    """Whether it balances."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Group(GroupSettings):
    """A load-balancing group."""

    id: str = ""
    organisation_id: str = ""
    state: GroupState = GroupState.DRAFT
    activated_utc: str | None = None
    charger_serials: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What activation still wants, a sentence each."""


_PARAMETERS = tuple(field.name for field in fields(GroupSettings))


class Groups:
    """The part of the registry that knows who shares a grid connection."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def all(self, actor: Actor) -> list[Group]:
        """All that may be seen, by name."""
        with self._database.reading() as connection:
            condition = visible(connection, actor, balancing_group.c.organisation_id)
            rows = connection.execute(select(balancing_group).where(condition).order_by(balancing_group.c.name))
            return [group_of(connection, row) for row in rows.mappings()]

    def one(self, actor: Actor, group_id: str) -> Group:
        """Raises NotThere."""
        with self._database.reading() as connection:
            condition = visible(connection, actor, balancing_group.c.organisation_id)
            wanted = select(balancing_group).where(condition).where(balancing_group.c.id == group_id)
            row = connection.execute(wanted).mappings().one_or_none()
            if row is None:
                raise NotThere("group", group_id)
            return group_of(connection, row)

    def add(self, actor: Actor, organisation_id: str, settings: GroupSettings) -> Group:
        """A draft. Raises NotThere, NotAllowed, Unfit."""
        settings = settings.fit()
        group_id = identity()
        with self._database.writing() as connection:
            must_change(connection, actor, organisation_id, "organisation", organisation_id)
            organisation_row(connection, organisation_id)  # the operator may change also what is not there
            _device_of(connection, settings.device_serial, organisation_id)
            values = _flat(settings)
            row = {"id": group_id, "organisation_id": organisation_id, "state": GroupState.DRAFT.value}
            connection.execute(insert(balancing_group).values(**row, **values))
            note(
                connection,
                actor.email,
                self._now(),
                Changed("group", settings.name, "added", organisation_id, {}, values),
            )
        return self.one(actor, group_id)

    def change(self, actor: Actor, group_id: str, settings: GroupSettings) -> Group:
        """All parameters at once. Raises NotThere, NotAllowed, Unfit, Conflict: active, and not complete any more."""
        settings = settings.fit()
        with self._database.writing() as connection:
            old = self._mine(connection, actor, group_id)
            _device_of(connection, settings.device_serial, old["organisation_id"])
            values = _flat(settings)
            connection.execute(update(balancing_group).where(balancing_group.c.id == group_id).values(**values))
            must_stay_complete(connection, group_id)
            if old["state"] == GroupState.ACTIVE.value:
                _must_be_alone(connection, group_id)
            before = {key: old[key] for key in values}
            note(connection, actor.email, self._now(), _changed(old, "changed", before, values))
        return self.one(actor, group_id)

    def choose_chargers(self, actor: Actor, group_id: str, serials: Sequence[str]) -> Group:
        """These and no others are in it. Raises NotThere, NotAllowed, Conflict."""
        wished = {serial.strip().upper() for serial in serials}
        with self._database.writing() as connection:
            old = self._mine(connection, actor, group_id)
            before = {one.serial for one in _members(connection, group_id)}
            for serial in sorted(wished - before):
                self._import(connection, actor, old, serial)
            leaving = charger.c.serial.in_(before - wished)
            connection.execute(update(charger).where(leaving).values(group_id=None))
            must_stay_complete(connection, group_id)
            shown = [{"chargers": ", ".join(sorted(some))} for some in (before, wished)]
            note(connection, actor.email, self._now(), _changed(old, "chargers chosen", *shown))
        return self.one(actor, group_id)

    def activate(self, actor: Actor, group_id: str) -> Group:
        """Let it balance. Raises NotThere, NotAllowed, Conflict: it is not complete, and what is missing."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, group_id)
            lacking = group_of(connection, old).missing
            if lacking:
                raise Conflict("incomplete", f"{old['name']} cannot be activated: {'; '.join(lacking)}")
            _must_be_alone(connection, group_id)
            self._set(connection, actor, old, GroupState.ACTIVE)
        return self.one(actor, group_id)

    def suspend(self, actor: Actor, group_id: str) -> Group:
        """Let it no longer balance. Raises NotThere, NotAllowed, Conflict: it does not."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, group_id)
            if old["state"] != GroupState.ACTIVE.value:
                raise Conflict("not-active", f"{old['name']} is {old['state']}: only an active group can be suspended")
            self._set(connection, actor, old, GroupState.SUSPENDED)
        return self.one(actor, group_id)

    def remove(self, actor: Actor, group_id: str) -> None:
        """Raises NotThere, NotAllowed, Conflict: it is active."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, group_id)
            if old["state"] == GroupState.ACTIVE.value:
                raise Conflict("group-active", f"{old['name']} is active: suspend it first")
            connection.execute(update(charger).where(charger.c.group_id == group_id).values(group_id=None))
            connection.execute(delete(balancing_group).where(balancing_group.c.id == group_id))
            note(
                connection,
                actor.email,
                self._now(),
                _changed(old, "removed", {key: old[key] for key in _PARAMETERS}, {}),
            )

    def _import(self, connection: Connection, actor: Actor, group: RowMapping, serial: str) -> None:
        row = connection.execute(select(charger).where(charger.c.serial == serial)).mappings().one_or_none()
        if row is None or row["organisation_id"] != group["organisation_id"]:
            raise NotThere("charger", serial)
        if row["group_id"] is not None:
            raise Conflict("in-other-group", f"the charger {row['name']} is in another group already")
        must_change(connection, actor, row["organisation_id"], "charger", serial)
        connection.execute(update(charger).where(charger.c.serial == serial).values(group_id=group["id"]))

    def _set(self, connection: Connection, actor: Actor, old: RowMapping, state: GroupState) -> None:
        values: dict[str, Any] = {"state": state.value}
        if state is GroupState.ACTIVE:
            values["activated_utc"] = stamp(self._now())
        connection.execute(update(balancing_group).where(balancing_group.c.id == old["id"]).values(**values))
        note(
            connection,
            actor.email,
            self._now(),
            _changed(old, state.value, {"state": old["state"]}, {"state": state.value}),
        )

    def _mine(self, connection: Connection, actor: Actor, group_id: str) -> RowMapping:
        row = _row(connection, group_id)
        if row is None:
            raise NotThere("group", group_id)
        must_change(connection, actor, row["organisation_id"], "group", group_id)
        return row


def _changed(old: RowMapping, change: str, before: dict[str, Any], after: dict[str, Any]) -> Changed:
    return Changed("group", old["name"], change, old["organisation_id"], before, after)


def _row(connection: Connection, group_id: str) -> RowMapping | None:
    return connection.execute(select(balancing_group).where(balancing_group.c.id == group_id)).mappings().one_or_none()


def _members(connection: Connection, group_id: str) -> list[Charger]:
    wanted = select(charger).where(charger.c.group_id == group_id).order_by(charger.c.serial)
    return [charger_of(row) for row in connection.execute(wanted).mappings()]


def group_of(connection: Connection, row: RowMapping) -> Group:
    """A row as what it means, with its chargers."""
    members = _members(connection, row["id"])
    values: dict[str, Any] = {**row, "phases": tuple(one for one in str(row["phases"]).split(",") if one)}
    settings = GroupSettings(**{key: values[key] for key in _PARAMETERS})
    measuring = (
        connection.execute(select(device).where(device.c.serial == row["device_serial"])).mappings().one_or_none()
    )
    fuse_a = None if measuring is None else measuring["main_fuse_a"]
    lacking = missing(settings, Members(tuple(members), None if measuring is None else measuring["model"], fuse_a))
    return Group(
        **asdict(settings),
        id=row["id"],
        organisation_id=row["organisation_id"],
        state=GroupState(row["state"]),
        activated_utc=row["activated_utc"],
        charger_serials=tuple(one.serial for one in members),
        missing=lacking,
    )


def must_stay_complete(connection: Connection, group_id: str) -> None:
    """Raises Conflict where an active group would balance with too little."""
    row = _row(connection, group_id)
    if row is not None and row["state"] == GroupState.ACTIVE.value and (lacking := group_of(connection, row).missing):
        raise Conflict("incomplete", f"{row['name']} is active and would no longer be complete: {'; '.join(lacking)}")


def _must_be_alone(connection: Connection, group_id: str) -> None:
    """A unit balances one group. Raises Conflict."""
    mine = select(balancing_group.c.device_serial).where(balancing_group.c.id == group_id).scalar_subquery()
    other = (
        select(balancing_group.c.name)
        .where(balancing_group.c.device_serial == mine)
        .where(balancing_group.c.state == GroupState.ACTIVE.value)
        .where(balancing_group.c.id != group_id)
    )
    if (name := connection.execute(other).scalar()) is not None:
        raise Conflict("device-balances", f"the measurement device balances the group {name} already: suspend it first")


def _device_of(connection: Connection, serial: str | None, organisation_id: str) -> None:
    if serial is None:
        return
    owner = connection.execute(select(device.c.organisation_id).where(device.c.serial == serial)).scalar()
    if owner != organisation_id:
        raise NotThere("device", serial)


def _flat(settings: GroupSettings) -> dict[str, Any]:
    return asdict(settings) | {"phases": ",".join(settings.phases)}
