"""Measurement devices and chargers: known to the operator by serial and secret, then claimed by an organisation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, insert, select, update

from ampguard_hil.cloud import registry_fields as fields
from ampguard_hil.cloud import registry_secrets as secrets
from ampguard_hil.cloud.registry_audit import Changed, note
from ampguard_hil.cloud.registry_clock import stamp
from ampguard_hil.cloud.registry_groups import must_stay_complete
from ampguard_hil.cloud.registry_mounted import (
    MODELS,
    Charger,
    ChargerSettings,
    Device,
    DeviceSettings,
    charger_of,
    device_of,
)
from ampguard_hil.cloud.registry_organisations import organisation_row
from ampguard_hil.cloud.registry_refusals import Conflict, NotThere, Unfit
from ampguard_hil.cloud.registry_rights import must_change, must_operate, visible
from ampguard_hil.cloud.registry_tables import balancing_group, charger, device

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping

    from ampguard_hil.cloud.registry_database import Database
    from ampguard_hil.cloud.registry_lockout import Lockout
    from ampguard_hil.cloud.registry_rights import Actor


class Equipment:
    """The part of the registry that knows what is mounted somewhere."""

    def __init__(self, database: Database, lockout: Lockout, now: Callable[[], datetime]) -> None:
        self._database = database
        self._lockout = lockout
        self._now = now

    def admits(self, serial: str, pin: str) -> bool:
        """Whether that is the device's PIN; takes the same time for every answer. Raises LockedOut."""
        return self._proves(device, serial, pin)

    # ------------------------------------------------------------ measurement devices

    def register_device(self, actor: Actor, serial: str, pin: str, model: str) -> Device:
        """Make a device known, as the factory does. Raises NotAllowed, Unfit, Conflict."""
        must_operate(actor, "register a device")
        serial = fields.device_serial(serial)
        fields.one_of("model", model, tuple(MODELS))
        row = {"serial": serial, "model": model, "name": MODELS[model][0], "place": "", "main_fuse_a": None}
        self._register(actor, device, row | {"pin_hash": secrets.hashed(fields.pin(pin))})
        return self.device(actor, serial)

    def devices(self, actor: Actor) -> list[Device]:
        """All that may be seen, by name."""
        with self._database.reading() as connection:
            wanted = select(device).where(visible(connection, actor, device.c.organisation_id))
            return [device_of(row) for row in connection.execute(wanted.order_by(device.c.name)).mappings()]

    def device(self, actor: Actor, serial: str) -> Device:
        """Raises NotThere."""
        with self._database.reading() as connection:
            wanted = select(device).where(visible(connection, actor, device.c.organisation_id))
            row = connection.execute(wanted.where(device.c.serial == serial.upper())).mappings().one_or_none()
        if row is None:
            raise NotThere("device", serial)
        return device_of(row)

    def claim_device(
        self, actor: Actor, serial: str, pin: str, organisation_id: str, settings: DeviceSettings
    ) -> Device:
        """Bind it to an organisation by what stands on its label. Raises all of registry_refusals."""
        serial = self._proven(device, fields.device_serial(serial), pin, "the serial or the PIN is wrong")
        with self._database.writing() as connection:
            must_change(connection, actor, organisation_id, "organisation", organisation_id)
            organisation_row(connection, organisation_id)  # the operator may change also what is not there
            old = _claimable(connection, device, serial)
            values = asdict(settings.fit(old["model"]))
            self._claim(connection, actor, (device, serial, organisation_id), values)
        return self.device(actor, serial)

    def change_device(self, actor: Actor, serial: str, settings: DeviceSettings) -> Device:
        """Raises NotThere, NotAllowed, Unfit, Conflict: an active group would no longer be complete."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, device, serial)
            values = asdict(settings.fit(old["model"]))
            self._change(connection, actor, device, old, values)
            measured = select(balancing_group.c.id).where(balancing_group.c.device_serial == old["serial"])
            for group_id in connection.execute(measured).scalars().all():
                must_stay_complete(connection, group_id)
        return self.device(actor, serial)

    def release_device(self, actor: Actor, serial: str) -> None:
        """Whoever has the label may claim it again. Raises NotThere, NotAllowed, Conflict: a group measures with it."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, device, serial)
            wanted = select(balancing_group.c.name).where(balancing_group.c.device_serial == old["serial"])
            used_by = connection.execute(wanted).scalar()
            if used_by is not None:
                raise Conflict("in-use", f"the group {used_by} measures with it: choose another device there first")
            self._release(connection, actor, device, old)

    # ------------------------------------------------------------ chargers

    def register_charger(self, actor: Actor, serial: str, password: str) -> Charger:
        """Make a charger known, as the factory does. Raises NotAllowed, Unfit, Conflict."""
        must_operate(actor, "register a charger")
        serial = fields.charger_serial(serial)
        values = asdict(ChargerSettings(f"Charger {serial}"[: fields.LONGEST_NAME]))
        row = {"serial": serial, **values, "phases": ",".join(values["phases"])}
        self._register(actor, charger, row | {"password_hash": secrets.hashed(fields.pin(password))})
        return self.charger(actor, serial)

    def chargers(self, actor: Actor) -> list[Charger]:
        """All that may be seen, by name."""
        with self._database.reading() as connection:
            wanted = select(charger).where(visible(connection, actor, charger.c.organisation_id))
            return [charger_of(row) for row in connection.execute(wanted.order_by(charger.c.name)).mappings()]

    def charger(self, actor: Actor, serial: str) -> Charger:
        """Raises NotThere."""
        for found in self.chargers(actor):
            if found.serial == serial.upper():
                return found
        raise NotThere("charger", serial)

    def claim_charger(
        self, actor: Actor, serial: str, password: str, organisation_id: str, settings: ChargerSettings
    ) -> Charger:
        """Bind it to an organisation by what stands on its label. Raises all of registry_refusals."""
        serial = self._proven(charger, fields.charger_serial(serial), password, "the serial or the password is wrong")
        with self._database.writing() as connection:
            must_change(connection, actor, organisation_id, "organisation", organisation_id)
            organisation_row(connection, organisation_id)  # the operator may change also what is not there
            _claimable(connection, charger, serial)
            self._claim(connection, actor, (charger, serial, organisation_id), asdict(settings.fit()))
        return self.charger(actor, serial)

    def change_charger(self, actor: Actor, serial: str, settings: ChargerSettings) -> Charger:
        """Raises NotThere, NotAllowed, Unfit, Conflict: its group is active."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, charger, serial)
            _not_balanced(connection, old)
            self._change(connection, actor, charger, old, asdict(settings.fit()))
        return self.charger(actor, serial)

    def release_charger(self, actor: Actor, serial: str) -> None:
        """Whoever has the label may claim it again. Raises NotThere, NotAllowed, Conflict: its group is active."""
        with self._database.writing() as connection:
            old = self._mine(connection, actor, charger, serial)
            _not_balanced(connection, old)
            connection.execute(update(charger).where(charger.c.serial == old["serial"]).values(group_id=None))
            self._release(connection, actor, charger, old)

    # ------------------------------------------------------------ both

    def _proves(self, table: Table, serial: str, secret: str) -> bool:
        serial = serial.strip().upper()[:64]
        column = table.c.pin_hash if table is device else table.c.password_hash
        with self._database.reading() as connection:
            stored = connection.execute(select(column).where(table.c.serial == serial)).scalar()
        return self._lockout.tried(f"{table.name} {serial}", lambda: secrets.fits(secret.strip(), stored))

    def _proven(self, table: Table, serial: str, secret: str, sentence: str) -> str:
        if not self._proves(table, serial, secret):
            raise Unfit("wrong-secret", sentence)
        return serial

    def _register(self, actor: Actor, table: Table, row: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            if connection.execute(select(table.c.serial).where(table.c.serial == row["serial"])).first() is not None:
                raise Conflict("known-serial", f"there is a {table.name} {row['serial']} already")
            connection.execute(insert(table).values(**row))
            note(connection, actor.email, self._now(), Changed(table.name, row["serial"], "registered", None, {}, row))

    def _claim(
        self, connection: Connection, actor: Actor, claim: tuple[Table, str, str], values: dict[str, Any]
    ) -> None:
        table, serial, owner = claim
        values = _flat(values)
        claimed = {"organisation_id": owner, "claimed_utc": stamp(self._now())}
        connection.execute(update(table).where(table.c.serial == serial).values(**claimed, **values))
        note(connection, actor.email, self._now(), Changed(table.name, serial, "claimed", owner, {}, values))

    def _change(
        self, connection: Connection, actor: Actor, table: Table, old: RowMapping, values: dict[str, Any]
    ) -> None:
        values = _flat(values)
        connection.execute(update(table).where(table.c.serial == old["serial"]).values(**values))
        before = {key: old[key] for key in values}
        changed = Changed(table.name, old["serial"], "changed", old["organisation_id"], before, values)
        note(connection, actor.email, self._now(), changed)

    def _release(self, connection: Connection, actor: Actor, table: Table, old: RowMapping) -> None:
        nobodys = {"organisation_id": None, "claimed_utc": None}
        connection.execute(update(table).where(table.c.serial == old["serial"]).values(**nobodys))
        changed = Changed(table.name, old["serial"], "released", old["organisation_id"], {"name": old["name"]}, {})
        note(connection, actor.email, self._now(), changed)

    def _mine(self, connection: Connection, actor: Actor, table: Table, serial: str) -> RowMapping:
        row = connection.execute(select(table).where(table.c.serial == serial.upper())).mappings().one_or_none()
        if row is None:
            raise NotThere(table.name, serial)
        must_change(connection, actor, row["organisation_id"], table.name, serial)
        return row


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    return values | ({"phases": ",".join(values["phases"])} if "phases" in values else {})


def _claimable(connection: Connection, table: Table, serial: str) -> RowMapping:
    row = connection.execute(select(table).where(table.c.serial == serial)).mappings().one()
    if row["organisation_id"] is not None:
        raise Conflict("claimed", f"{table.name} {serial} is claimed already: who has it must release it first")
    return row


def _not_balanced(connection: Connection, row: RowMapping) -> None:
    wanted = select(balancing_group.c.name, balancing_group.c.state).where(balancing_group.c.id == row["group_id"])
    group = connection.execute(wanted).one_or_none()
    if group is not None and group.state == "active":
        raise Conflict("group-active", f"its group {group.name} is active: suspend that first")
