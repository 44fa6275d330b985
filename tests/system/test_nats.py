"""A cluster of three NATS servers instead of one broker: one of them is killed, and every reading is committed once."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.lone import SERIAL, Lone, logs, lone_uplink, stored

from ampguard_hil.nats import Cluster
from ampguard_hil.ports import HOST
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ampguard_hil.nats import Node

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(300)]
BACKLOG = 20_000
PATIENCE_S = 120.0
"""A cluster that lost its leader takes some seconds, on a busy machine many."""
STALLED_S = 10.0
"""Without anything new for so long, something is stuck."""
WAITING = 10
"""Blocks that are in the cluster when its server dies; a unit has at most 20 on their way."""
UNIT, INGEST = f"ampguard-{SERIAL}", "ingest-1"
"""As what they connect."""


class Site:
    """The cluster and the one process that takes records from it: MQTT 3.1.1 has no shared subscriptions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder)
        self.store = folder / "cloud.sqlite"
        where = ["--store", str(self.store), "--host", HOST, "--port", str(self.cluster.port)]
        command = [sys.executable, "-m", "ampguard_hil.cloud.ingest", *where, "--mqtt", "3.1.1", "--name", INGEST]
        self.ingest = Process("cloud", command, folder / "cloud.log", {})
        self.settings = f'[mqtt]\nhost = "{HOST}"\nport = {self.cluster.port}\nbatch_s = 1.0\n'

    def found(self, find: Callable[[], Node | None]) -> Node:
        """A server, as soon as the cluster can say which."""
        nodes: list[Node] = []

        def known() -> bool:
            nodes[:] = [node for node in (find(),) if node is not None]
            return bool(nodes)

        assert wait_until(known, PATIENCE_S), logs(self.folder)
        return nodes[0]

    def without(self, node: Node) -> None:
        """SIGKILL; it is started again when the others have chosen a leader and, in most cases, gone on without it."""
        node.process.kill()
        self.found(self.cluster.leads)
        known = stored(self.store)
        wait_until(lambda: stored(self.store) > known, STALLED_S)
        node.process.start()


@contextlib.contextmanager
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Site(Path(folder))
        try:
            found.cluster.start()
            found.ingest.start()
            yield found
        finally:
            found.ingest.stop()
            found.cluster.stop()


def under_way(place: Site, unit: Lone) -> None:
    """The backlog has begun, and there is much left."""
    assert wait_until(lambda: stored(place.store) > 0, PATIENCE_S), logs(place.folder)
    assert unit.says("going on with MQTT 3.1.1")


def judge(place: Site, unit: Lone) -> None:
    """All of it, once."""
    verdict = unit.arrived(place.store, PATIENCE_S)
    assert verdict.good, f"{verdict}\n{logs(place.folder)}"
    assert verdict.judged >= BACKLOG


def test_the_server_that_leads_the_stream_is_killed() -> None:
    with site() as place, lone_uplink(place.folder, place.settings, BACKLOG) as unit:
        under_way(place, unit)
        place.without(place.found(place.cluster.leads))
        judge(place, unit)


def test_the_server_that_the_unit_is_connected_to_is_killed() -> None:
    with site() as place, lone_uplink(place.folder, place.settings, BACKLOG) as unit:
        under_way(place, unit)
        node = place.found(lambda: place.cluster.serving(UNIT))
        place.without(node)
        judge(place, unit)
        assert unit.says("connection lost")


def test_what_waits_in_the_cluster_for_an_ingest_that_is_away_survives_a_killed_server() -> None:
    with site() as place, lone_uplink(place.folder, place.settings, BACKLOG) as unit:
        under_way(place, unit)
        place.ingest.stop()
        known = stored(place.store)
        assert wait_until(lambda: place.cluster.waiting() >= WAITING, PATIENCE_S), logs(place.folder)
        leader = place.found(place.cluster.leads)
        leader.process.kill()
        unit.process.kill()
        place.found(place.cluster.leads)
        leader.process.start()
        place.ingest.start()
        # the unit is away: what comes now was in the cluster
        assert wait_until(lambda: stored(place.store) > known, PATIENCE_S), logs(place.folder)
        unit.process.start()
        judge(place, unit)
