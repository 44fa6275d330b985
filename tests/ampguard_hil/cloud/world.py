"""The demonstration's world in a store of a test, and whoever is in it as a client of the REST API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from tests.ampguard.journal.made import reading
from tests.ampguard_hil.cloud.served import serving
from tests.ampguard_hil.cloud.test_store import body

from ampguard.block import encoded
from ampguard.phases import Phases
from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.demonstration import World, made
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_rights import Actor
from ampguard_hil.cloud.store import open_store, received

SERIAL = "2611000001G"


@dataclass
class Cloud:
    """A served cloud."""

    url: str
    registry: Registry
    world: World
    where: str | Path

    def actor(self, email: str) -> Actor:
        return self.registry.people.sign_in(email, self.world.password).actor

    def client(self, email: str) -> httpx.Client:
        body = {"email": email, "password": self.world.password}
        token = httpx.post(f"{self.url}/v1/session", json=body, trust_env=False, timeout=60.0).json()["token"]
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60.0
        )


@contextlib.contextmanager
def cloud(where: str | Path) -> Iterator[Cloud]:
    registry = Registry(where)
    try:
        world = made(registry, SERIAL)
        with serving(application(where, None)) as url:
            yield Cloud(url, registry, world, where)
    finally:
        registry.close()


def bring(where: str | Path, first: int, last: int, *, boot: str = "boot", ends: datetime | None = None) -> None:
    """Readings of so many seconds, the last of which ends then (now)."""
    ends = datetime.now(UTC) if ends is None else ends
    bodies = []
    for number in range(first, last + 1):
        end_utc = (ends - timedelta(seconds=last - number)).isoformat(timespec="milliseconds")
        current = Phases(number / 100.0, 1.5, None)
        made_up = replace(reading(number, boot=boot), end_utc=end_utc, current_rms_a=current)
        bodies.append(body(replace(made_up, voltage_rms_v=Phases.all_of(230.5), total_active_power_w=1000.0 + number)))
    store = open_store(where)
    store.commit([received(SERIAL, encoded(bodies[at : at + 60])) for at in range(0, len(bodies), 60)])
    store.close()
