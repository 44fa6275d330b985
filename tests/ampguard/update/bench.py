"""A unit's data folder, a bus of its own and RAUC's stand-in on it, with what tests put there and ask."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.settings.places import Places
from ampguard.update.dataform import OWN
from ampguard.update.rauc import Rauc
from ampguard.update.refusal import RefusedError
from ampguard.update.release import Release
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

PATIENCE_S = 30.0
RUNS = Release("0.1.0-20261101000000", "ampguard-pi64")
NEWER = "0.1.0-20261122143206"


@dataclass
class Restarts:
    """Counts who asks for a restart; refuses where it is told to."""

    refuses: bool = False
    count: int = 0

    async def reboot(self) -> None:
        if self.refuses:
            raise SetupError("wanted logind, met silence")
        self.count += 1


@dataclass
class Bench:
    """What there is."""

    places: Places
    slots: Path
    power: Restarts = field(default_factory=Restarts)

    def bundle(self, path: Path | None = None, **told: object) -> Path:
        """One of the bench, where uploads end."""
        path = path or self.places.update / "bundle.raucb"
        path.write_text(json.dumps({"version": NEWER, "compatible": RUNS.compatible, "build": str(OWN), **told}))
        return path

    def slot(self, what: str) -> object:
        """Of the slots' file."""
        return json.loads(self.slots.read_text())[what]

    def boot(self, slot: str) -> None:
        """From now on that one runs."""
        self.slots.write_text(json.dumps({**json.loads(self.slots.read_text()), "booted": slot}))


@contextmanager
def bench(monkeypatch: pytest.MonkeyPatch) -> Generator[Bench]:
    with tempfile.TemporaryDirectory(prefix="ampguard-test-") as made:  # Unix sockets want short paths
        folder = Path(made)
        places = Places(folder / "data", folder / "run", None)
        for one in (places.data, places.update, places.run):
            one.mkdir()
        bus = PrivateBus(folder)
        bus.start()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        slots = folder / "slots.json"
        slots.write_text(
            json.dumps({"booted": "A", "primary": "A", "marked": [], "holds": {"A": RUNS.version, "B": None}})
        )
        words = ["--bus", bus.address, "--slots", str(slots)]
        rauc = Process("rauc", [sys.executable, "-m", "ampguard_hil.rauc", *words], folder / "rauc.log", {})
        rauc.start()
        try:
            assert wait_until(lambda: asyncio.run(_is_there()), PATIENCE_S), rauc.last_words()
            yield Bench(places, slots)
        finally:
            rauc.stop()
            bus.process.stop()


async def _is_there() -> bool:
    try:
        async with Rauc() as rauc:
            return bool(await rauc.slots())
    except RefusedError:
        return False
