"""The reference cloud as the bench runs it: one process that takes records, and its store to look into."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from ampguard_hil.broker import Broker
from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, PARTNER, made
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.store import BootReport, Store, StoreError, is_there, open_store
from ampguard_hil.ports import HOST, answers, free_port
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ampguard_hil.cloud.account import Account
    from ampguard_hil.cloud.registry_mounted import ChargerSettings

START_TIMEOUT_S = 30.0

_T = TypeVar("_T")


class _Place:
    """Starts and stops with the bench; what it stored outlives it."""

    name = "cloud"

    def __init__(self, folder: Path, entrance: str, words: Sequence[str], store: str | Path | None = None) -> None:
        self.store = folder / "cloud.sqlite" if store is None else store
        command = [sys.executable, "-m", f"ampguard_hil.cloud.{entrance}", "--store", str(self.store), *words]
        self.process = Process(self.name, command, folder / f"{self.name}.log", {})

    def committed(self, serial: str) -> list[BootReport]:
        """What is stored of a unit, boot by boot; nothing while there is no store."""
        return self._asked(lambda store: store.completeness(serial)) or []

    def account(self, serial: str) -> Account | None:
        """What is stored of a unit, held against what it told; None while there is no store."""
        return self._asked(lambda store: store.account(serial))

    def _asked(self, question: Callable[[Store], _T]) -> _T | None:
        if not is_there(self.store):
            return None
        try:
            store = open_store(self.store)
            try:
                return question(store)
            finally:
                store.close()
        except StoreError:
            return None


class Cloud(_Place):
    """Beside a broker."""

    def __init__(self, folder: Path, broker: Broker, store: str | Path | None = None) -> None:
        where = ["--host", HOST, "--port", str(broker.port), "--mqtt", "5" if broker.speaks_mqtt5 else "3.1.1"]
        super().__init__(folder, "ingest", where, store)


class CloudGroups:
    """Beside a broker and a store: brings load-balancing groups to their units."""

    def __init__(self, folder: Path, broker: Broker, store: str | Path) -> None:
        command = [sys.executable, "-m", "ampguard_hil.cloud.groups", "--store", str(store), "--host", HOST]
        command += ["--port", str(broker.port), "--mqtt", "5" if broker.speaks_mqtt5 else "3.1.1"]
        self.process = Process("groups", command, folder / "groups.log", {})


class HttpsCloud(_Place):
    """With its own entrance; `words`: what else its command line says (token, certificates)."""

    def __init__(self, folder: Path, port: int, words: Sequence[str] = (), store: str | Path | None = None) -> None:
        self._port = port
        super().__init__(folder, "https", ["--host", HOST, "--port", str(port), *words], store)

    def start(self) -> None:
        """Start, and wait until it answers. Raises ProcessError."""
        self.process.start()
        if not wait_until(lambda: answers(self._port), START_TIMEOUT_S):
            raise ProcessError(f"the cloud does not answer at port {self._port}", self.process.last_words())


class CloudPages(HttpsCloud):
    """The web pages beside whatever takes records into the same store; somebody has a unit of that serial there."""

    name = "pages"

    def __init__(
        self, folder: Path, store: str | Path, serial: str, garage: Mapping[str, ChargerSettings] | None = None
    ) -> None:
        """`garage`: chargers that stand beside the unit, by serial."""
        super().__init__(folder, free_port(), store=store)
        self._serial, self._garage = serial, garage
        self._password = ""

    def start(self) -> None:
        """Make the demonstration's world, and show it; before anybody else opens the store."""
        registry = Registry(self.store)
        try:
            self._password = made(registry, self._serial, self._garage).password
        finally:
            registry.close()
        super().start()

    def address(self) -> str:
        """Where it is, and who can sign in."""
        others = f"{PARTNER}, {OPERATOR}: the same password"
        return f"cloud page http://{HOST}:{self._port}  owner: {OWNER} / {self._password}  ({others})"
