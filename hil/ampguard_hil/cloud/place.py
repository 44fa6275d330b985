"""The reference cloud as the bench runs it: one ingest process beside the broker, and its store to look into."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from ampguard_hil.broker import HOST, Broker
from ampguard_hil.cloud.store import BootReport, Store
from ampguard_hil.processes import Process

if TYPE_CHECKING:
    from pathlib import Path


class Cloud:
    """Starts and stops with the bench; what it stored outlives it."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.store = folder / "cloud.sqlite"
        ingest = [sys.executable, "-m", "ampguard_hil.cloud.ingest", "--store", str(self.store)]
        where = ["--host", HOST, "--port", str(broker.port), "--mqtt", "5" if broker.speaks_mqtt5 else "3.1.1"]
        self.process = Process("cloud", [*ingest, *where], folder / "cloud.log", {})

    def committed(self, serial: str) -> list[BootReport]:
        """What is stored of a unit, boot by boot; nothing while there is no store."""
        if not self.store.is_file():
            return []
        try:
            store = Store(self.store)
            try:
                return store.completeness(serial)
            finally:
                store.close()
        except sqlite3.OperationalError:
            return []
