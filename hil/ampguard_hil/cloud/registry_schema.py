"""The registry's tables, as the steps that lead to them: a store of an older version is brought forward when opened.

A step is never changed once it was published; the next change is a next step. The statements are what SQLite and
PostgreSQL both take: identities are random words, stamps are ISO 8601 in UTC, so that text sorts as time does.
"""

from __future__ import annotations

ACCOUNTS = (
    """CREATE TABLE organisation (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, contact TEXT NOT NULL, email TEXT NOT NULL,
        created_utc TEXT NOT NULL)""",
    """CREATE TABLE access (
        owner_id TEXT NOT NULL REFERENCES organisation (id), partner_id TEXT NOT NULL REFERENCES organisation (id),
        PRIMARY KEY (owner_id, partner_id))""",
    """CREATE TABLE person (
        id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
        organisation_id TEXT REFERENCES organisation (id), password_hash TEXT NOT NULL, created_utc TEXT NOT NULL)""",
    """CREATE TABLE session (
        token_hash TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person (id), form_token TEXT NOT NULL,
        ends_utc TEXT NOT NULL)""",
    """CREATE TABLE attempt (
        subject TEXT PRIMARY KEY, wrong INTEGER NOT NULL, last_utc TEXT NOT NULL, locked_until_utc TEXT)""",
    """CREATE TABLE audit (
        id TEXT PRIMARY KEY, at_utc TEXT NOT NULL, who TEXT NOT NULL, organisation_id TEXT, kind TEXT NOT NULL,
        subject TEXT NOT NULL, change TEXT NOT NULL, before_json TEXT NOT NULL, after_json TEXT NOT NULL)""",
    "CREATE INDEX audit_at ON audit (at_utc, id)",
)
EQUIPMENT = (
    """CREATE TABLE device (
        serial TEXT PRIMARY KEY, pin_hash TEXT NOT NULL, model TEXT NOT NULL,
        organisation_id TEXT REFERENCES organisation (id), claimed_utc TEXT,
        name TEXT NOT NULL, place TEXT NOT NULL, main_fuse_a DOUBLE PRECISION)""",
    """CREATE TABLE balancing_group (
        id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisation (id), state TEXT NOT NULL,
        activated_utc TEXT, name TEXT NOT NULL, description TEXT NOT NULL,
        device_serial TEXT REFERENCES device (serial), balancer_version TEXT NOT NULL, socket_enabled BOOLEAN NOT NULL,
        chargers_in_measurements BOOLEAN, phases TEXT NOT NULL, max_current_online_a DOUBLE PRECISION,
        max_current_offline_a DOUBLE PRECISION, min_current_a DOUBLE PRECISION,
        supply_max_current_a DOUBLE PRECISION)""",
    """CREATE TABLE charger (
        serial TEXT PRIMARY KEY, password_hash TEXT NOT NULL, organisation_id TEXT REFERENCES organisation (id),
        claimed_utc TEXT, group_id TEXT REFERENCES balancing_group (id), name TEXT NOT NULL, sockets INTEGER NOT NULL,
        phases TEXT NOT NULL, max_current_a DOUBLE PRECISION NOT NULL, offline_current_a DOUBLE PRECISION,
        offline_phase TEXT)""",
)
BALANCING = (
    "ALTER TABLE balancing_group ADD COLUMN fuse_kind TEXT",
    "ALTER TABLE balancing_group ADD COLUMN cloud_balancing BOOLEAN NOT NULL DEFAULT FALSE",
    """CREATE TABLE unit_order (
        device_serial TEXT PRIMARY KEY REFERENCES device (serial), document_json TEXT NOT NULL,
        correlation TEXT NOT NULL, asked_utc TEXT NOT NULL, status TEXT, reason TEXT, answered_utc TEXT)""",
    """CREATE TABLE unit_balance (
        device_serial TEXT PRIMARY KEY REFERENCES device (serial), at_utc TEXT NOT NULL, body_json TEXT NOT NULL)""",
    """CREATE TABLE limit_change (
        id TEXT PRIMARY KEY, device_serial TEXT NOT NULL REFERENCES device (serial), at_utc TEXT NOT NULL,
        body_json TEXT NOT NULL)""",
    "CREATE INDEX limit_change_at ON limit_change (device_serial, at_utc)",
)
RULES = (
    "ALTER TABLE balancing_group ADD COLUMN unbalance_a DOUBLE PRECISION",
    "ALTER TABLE balancing_group ADD COLUMN dimmable BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE balancing_group ADD COLUMN surplus_only BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE charger ADD COLUMN priority INTEGER NOT NULL DEFAULT 1",
)
STEPS = (ACCOUNTS, EQUIPMENT, BALANCING, RULES)
"""Step 1 makes version 1 of an empty store, step 2 version 2 of that, and so on."""
