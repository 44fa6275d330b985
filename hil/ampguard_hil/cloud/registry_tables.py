"""The registry's tables as the queries name them; `registry_schema` makes them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table

METADATA = MetaData()


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, String) for name in names]


organisation = Table("organisation", METADATA, *_texts("id", "kind", "name", "contact", "email", "created_utc"))
access = Table("access", METADATA, *_texts("owner_id", "partner_id"))
person = Table(
    "person",
    METADATA,
    *_texts("id", "email", "name", "role", "organisation_id", "password_hash", "created_utc"),
)
session = Table("session", METADATA, *_texts("token_hash", "person_id", "form_token", "ends_utc"))
attempt = Table("attempt", METADATA, Column("wrong", Integer), *_texts("subject", "last_utc", "locked_until_utc"))
audit = Table(
    "audit",
    METADATA,
    *_texts("id", "at_utc", "who", "organisation_id", "kind", "subject", "change", "before_json", "after_json"),
)
device = Table(
    "device",
    METADATA,
    *_texts("serial", "pin_hash", "model", "organisation_id", "claimed_utc", "name", "place"),
    Column("main_fuse_a", Float),
)
charger = Table(
    "charger",
    METADATA,
    *_texts("serial", "password_hash", "organisation_id", "claimed_utc", "group_id", "name", "phases", "offline_phase"),
    Column("sockets", Integer),
    Column("priority", Integer),
    Column("max_current_a", Float),
    Column("offline_current_a", Float),
)
balancing_group = Table(
    "balancing_group",
    METADATA,
    *_texts("id", "organisation_id", "state", "activated_utc", "name", "description", "device_serial"),
    *_texts("balancer_version", "phases", "fuse_kind"),
    Column("cloud_balancing", Boolean),
    Column("unbalance_a", Float),
    Column("dimmable", Boolean),
    Column("surplus_only", Boolean),
    Column("socket_enabled", Boolean),
    Column("chargers_in_measurements", Boolean),
    Column("max_current_online_a", Float),
    Column("max_current_offline_a", Float),
    Column("min_current_a", Float),
    Column("supply_max_current_a", Float),
)
unit_order = Table(
    "unit_order",
    METADATA,
    *_texts("device_serial", "document_json", "correlation", "asked_utc", "status", "reason", "answered_utc"),
)
unit_balance = Table("unit_balance", METADATA, *_texts("device_serial", "at_utc", "body_json"))
limit_change = Table("limit_change", METADATA, *_texts("id", "device_serial", "at_utc", "body_json"))
