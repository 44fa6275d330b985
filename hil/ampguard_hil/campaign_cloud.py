"""The cloud of a campaign: two ingest processes and an HTTPS entrance that share one store, of either engine."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard_hil.campaign_plan import DATABASE, ENTRANCE, INGESTS
from ampguard_hil.campaign_store import damage
from ampguard_hil.campaign_victim import Victim
from ampguard_hil.ports import HOST, answers, free_port
from ampguard_hil.postgres import Postgres, PostgresError
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ampguard_hil.broker import Broker

START_TIMEOUT_S = 30.0


class Engine(StrEnum):
    """Where the readings are."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class CampaignCloud:
    """Its processes, as victims; PostgreSQL is one of them.

    Args:
        engine: None: PostgreSQL where it is installed, else SQLite.
        folder: for logs and for SQLite's file.
        broker: which the ingest processes share.

    Raises PostgresError where PostgreSQL is wanted and not to be had.
    """

    def __init__(self, engine: Engine | None, folder: Path, broker: Broker) -> None:
        self._folder = folder
        self._file = folder / "cloud.sqlite"
        self._broker = broker
        self._port = free_port()
        self._server = _server(engine)  # last of what may fail: it has files to leave behind
        self.store = str(self._file) if self._server is None else self._server.address
        self.victims = tuple(self._victims())

    @property
    def engine(self) -> Engine:
        """Which one it became."""
        return Engine.SQLITE if self._server is None else Engine.POSTGRESQL

    @property
    def url(self) -> str:
        """Of the HTTPS entrance, in plain HTTP: on this machine a unit takes that."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Start all of it. Raises ProcessError."""
        if self._server is not None:
            self._server.start()
        for victim in self.victims:
            if not victim.runs:
                victim.process.start()
        if not wait_until(lambda: answers(self._port), START_TIMEOUT_S):
            words = "\n".join(victim.process.last_words() for victim in self.victims)
            raise ProcessError("the cloud's HTTPS entrance does not start", words)

    def complaints(self) -> list[str]:
        """What the engine finds wrong with what it holds, while it runs."""
        found = damage(self.store, self._file)
        if self._server is not None:
            lines = self._server.process.log.read_text(errors="replace").splitlines()
            found += [f"PostgreSQL: {line}" for line in lines if "PANIC" in line or "invalid page" in line]
        return found

    def keep(self) -> None:
        """Copy the stopped server's files to the others: somebody will want to look into them."""
        if self._server is not None:
            self._server.stop()
            sockets = shutil.ignore_patterns(".s.*")  # a killed server leaves its own, which cannot be copied
            shutil.copytree(self._server.folder, self._folder / "postgresql", ignore=sockets)

    def close(self) -> None:
        """Stop the server, and leave nothing of it."""
        if self._server is not None:
            self._server.close()

    def _victims(self) -> Iterator[Victim]:
        if self._server is not None:
            yield Victim(DATABASE, self._server.process, kill=self._server.kill)
        for name in INGESTS:
            where = ["--host", HOST, "--port", str(self._broker.port), "--name", name]
            yield Victim(name, self._process(name, "ingest", where))
        yield Victim(ENTRANCE, self._process(ENTRANCE, "https", ["--host", HOST, "--port", str(self._port)]))

    def _process(self, name: str, module: str, words: list[str]) -> Process:
        command = [sys.executable, "-m", f"ampguard_hil.cloud.{module}", "--store", self.store, *words]
        return Process(name, command, self._folder / f"{name}.log", {})


def _server(engine: Engine | None) -> Postgres | None:
    """Raises PostgresError."""
    if engine is Engine.SQLITE:
        return None
    try:
        return Postgres()
    except PostgresError:
        if engine is None:
            return None
        raise
