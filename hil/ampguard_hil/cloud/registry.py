"""The registry of the reference cloud: who has which device and charger, how they are balanced, and who may see it.

In the same database as the readings, by the same name: a SQLite file or a PostgreSQL DSN. Used by any thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_hil.cloud import registry_audit
from ampguard_hil.cloud.registry_clock import now_utc
from ampguard_hil.cloud.registry_database import Database
from ampguard_hil.cloud.registry_equipment import Equipment
from ampguard_hil.cloud.registry_groups import Groups
from ampguard_hil.cloud.registry_lockout import Lockout
from ampguard_hil.cloud.registry_orders import Orders
from ampguard_hil.cloud.registry_organisations import Organisations
from ampguard_hil.cloud.registry_people import People

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from ampguard_hil.cloud.registry_audit import Entry
    from ampguard_hil.cloud.registry_rights import Actor


class Registry:
    """All parts of it over one database; opened at first use."""

    def __init__(self, where: str | Path, now: Callable[[], datetime] = now_utc) -> None:
        self.database = Database(where)
        lockout = Lockout(self.database, now)
        self.organisations = Organisations(self.database, now)
        self.people = People(self.database, lockout, now)
        self.equipment = Equipment(self.database, lockout, now)
        self.groups = Groups(self.database, now)
        self.orders = Orders(self.database, now)

    def admits(self, serial: str, pin: str) -> bool:
        """Whether that is the PIN of that measurement device. Raises LockedOut, with `retry_after_s`."""
        return self.equipment.admits(serial, pin)

    def audit(self, actor: Actor, limit: int = 100, before: str | None = None) -> list[Entry]:
        """What was changed, the newest first."""
        return registry_audit.entries(self.database, actor, limit, before)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
