"""The reference cloud as the bench runs it: one process that takes records, and its store to look into."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from ampguard_hil.broker import HOST, Broker
from ampguard_hil.cloud.store import BootReport, Store
from ampguard_hil.processes import Process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class _Place:
    """Starts and stops with the bench; what it stored outlives it."""

    def __init__(self, folder: Path, entrance: str, words: Sequence[str]) -> None:
        self.store = folder / "cloud.sqlite"
        command = [sys.executable, "-m", f"ampguard_hil.cloud.{entrance}", "--store", str(self.store), *words]
        self.process = Process("cloud", command, folder / "cloud.log", {})

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


class Cloud(_Place):
    """Beside a broker."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        where = ["--host", HOST, "--port", str(broker.port), "--mqtt", "5" if broker.speaks_mqtt5 else "3.1.1"]
        super().__init__(folder, "ingest", where)


class HttpsCloud(_Place):
    """With its own entrance; `words`: what else its command line says (token, certificates)."""

    def __init__(self, folder: Path, port: int, words: Sequence[str] = ()) -> None:
        super().__init__(folder, "https", ["--host", HOST, "--port", str(port), *words])
