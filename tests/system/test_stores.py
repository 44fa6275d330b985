"""Stores and those that fill them, killed in the middle: what was acknowledged is there, once."""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.ampguard_hil.cloud.test_store import block, event

from ampguard.uplink import message
from ampguard_hil.broker import Broker, choose_port
from ampguard_hil.cloud.ingest import _without_delay
from ampguard_hil.cloud.store import StoreError, open_store, received
from ampguard_hil.ports import HOST
from ampguard_hil.postgres import Postgres
from ampguard_hil.processes import Process, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PATIENCE_S = 90.0
KILLS = 8
ROUNDS = 300
READINGS = 5
"""Of a block."""


@pytest.fixture
def server() -> Iterator[Postgres]:
    with contextlib.closing(Postgres()) as server:
        server.start()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "cloud.sqlite")
    server: Postgres = request.getfixturevalue("server")
    return server.address


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path, choose_port(None))
    if not broker.speaks_mqtt5:
        pytest.fail("these tests want Mosquitto: no other broker here shares a subscription")
    broker.start()
    yield broker
    broker.stop()


class Unit:
    """Sends blocks and events like a unit, and keeps what the cloud says of them."""

    def __init__(self, serial: str, port: int) -> None:
        self.serial = serial
        self.blocks: set[int] = set()
        """First numbers of those that are acknowledged."""
        self.events: set[int] = set()
        self.refused: set[str] = set()
        """Digests."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, serial, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._heard
        self._client.on_socket_open = _without_delay
        self._client.max_inflight_messages_set(100)
        self._client.connect(HOST, port)
        self._client.loop_start()
        self._client.subscribe(message.topic(serial, "acknowledged"), qos=1)

    def send(self, first: int) -> None:
        """A block with an event beside it, under the number of its first reading."""
        self.publish("records", block(*range(first, first + READINGS)))
        body = {"schema": 1, "serial": self.serial, "boot": "boot", "sequence": first}
        self.publish("event", json.dumps(body).encode())

    def publish(self, lane: str, payload: bytes) -> None:
        self._client.publish(message.topic(self.serial, lane), payload, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _heard(self, _client: paho.Client, _userdata: object, heard: paho.MQTTMessage) -> None:
        said = json.loads(heard.payload)
        if "refused" in said:
            self.refused.add(said["digest"])
        elif "event_sequence" in said:
            self.events.add(said["event_sequence"])
        else:
            self.blocks.add(said["first_sequence"])


class Ingest(Process):
    def __init__(self, name: str, where: str, port: int, folder: Path) -> None:
        words = ["--store", where, "--host", HOST, "--port", str(port), "--name", name]
        command = [sys.executable, "-m", "ampguard_hil.cloud.ingest", *words]
        super().__init__(name, command, folder / f"{name}.log", {})

    def begin(self) -> None:
        known = self.says().count("connected")
        self.start()
        assert wait_until(lambda: self.says().count("connected") > known, PATIENCE_S), self.says()

    def says(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def readings(self) -> int:
        """How many it has stored, after an orderly end."""
        return int(self.says().splitlines()[-1].rpartition(": ")[2].split()[0])


def test_what_a_killed_server_had_acknowledged_is_there_and_nothing_twice(server: Postgres) -> None:
    chance = random.Random(1)
    tried: set[int] = set()
    acknowledged: set[int] = set()
    failures: list[str] = []
    ended = threading.Event()

    def bring() -> None:
        store = open_store(server.address)
        number = 0
        while not ended.is_set():
            number += 1
            blocks = [received(f"AG{unit}", block(number)) for unit in range(3)]
            tried.add(number)
            try:
                store.commit(blocks, [event(number, serial="AG0")])
            except StoreError as why:
                failures.append(str(why))
                ended.wait(0.02)
            else:
                acknowledged.add(number)
        store.close()

    bringing = threading.Thread(target=bring)
    bringing.start()
    try:
        for _ in range(KILLS):
            known = len(acknowledged)
            assert wait_until(lambda known=known: len(acknowledged) > known + 5, PATIENCE_S), failures  # type: ignore[misc]  # a default binds it
            threading.Event().wait(chance.uniform(0.0, 0.3))
            server.kill()
            server.start()
    finally:
        ended.set()
        bringing.join()
    assert failures, "no commit met a server that was away"
    with psycopg.connect(server.address) as connection:
        rows = connection.execute("SELECT serial, sequence FROM reading").fetchall()
        happened = [number for (number,) in connection.execute("SELECT sequence FROM event").fetchall()]
    assert len(rows) == len(set(rows))
    of_units = [{number for serial, number in rows if serial == f"AG{unit}"} for unit in range(3)]
    assert of_units[0] == of_units[1] == of_units[2] == set(happened), "a commit is whole or it is not"
    assert acknowledged <= of_units[0] <= tried
    store = open_store(server.address)
    for number in tried:
        store.commit([received("AG0", block(number))])
    assert [(one.readings, one.missing) for one in store.completeness("AG0")] == [(len(tried), ())]
    store.close()


def test_several_share_the_work_and_none_that_is_killed_loses_anything(
    where: str, broker: Broker, tmp_path: Path
) -> None:
    several = [Ingest(f"ingest-{number}", where, broker.port, tmp_path) for number in (1, 2, 3)]
    units = [Unit(f"AG{number}", broker.port) for number in range(4)]
    sent = range(1, ROUNDS * READINGS, READINGS)
    try:
        for one in several:
            one.begin()
        for number, victim in enumerate(several):
            known = len(units[0].blocks)
            for first in sent[number :: len(several)]:
                for unit in units:
                    unit.send(first)
            # in the middle of the work
            assert wait_until(lambda known=known: len(units[0].blocks) > known, PATIENCE_S), victim.says()  # type: ignore[misc]  # bound
            victim.kill()
            victim.begin()
        for unit in units:
            assert wait_until(lambda unit=unit: unit.blocks >= set(sent) <= unit.events, PATIENCE_S), (  # type: ignore[misc]  # bound
                len(unit.blocks),
                len(unit.events),
                *(one.last_words() for one in several),
            )
    finally:
        for unit in units:
            unit.close()
        codes = [one.stop() for one in several]
    assert codes == [0, 0, 0]
    assert all(one.readings() > 0 for one in several), [one.last_words() for one in several]
    store = open_store(where)
    for unit in units:
        assert [(one.readings, one.missing) for one in store.completeness(unit.serial)] == [(ROUNDS * READINGS, ())]
        assert [one.sequence for one in store.events(unit.serial)] == list(sent)
    store.close()


def test_while_the_server_is_away_nothing_is_acknowledged(server: Postgres, broker: Broker, tmp_path: Path) -> None:
    ingest, unit = Ingest("ingest", server.address, broker.port, tmp_path), Unit("AG1", broker.port)
    server.stop()
    try:
        ingest.begin()  # it comes up without one, too
        unit.send(1)
        assert wait_until(lambda: "the store takes nothing" in ingest.says(), PATIENCE_S), ingest.says()
        server.start()
        assert wait_until(lambda: unit.blocks == unit.events == {1}, PATIENCE_S), ingest.says()
        server.kill()
        known = ingest.says().count("the store takes nothing")
        unit.send(11)
        assert wait_until(lambda: ingest.says().count("the store takes nothing") > known, PATIENCE_S), ingest.says()
        assert unit.blocks == unit.events == {1}
        server.start()
        assert wait_until(lambda: unit.blocks == unit.events == {1, 11}, PATIENCE_S), ingest.says()
    finally:
        unit.close()
        assert ingest.stop() == 0


def test_what_can_never_be_stored_is_given_up_to_the_broker_and_refused_to_the_unit(
    where: str, broker: Broker, tmp_path: Path
) -> None:
    ingest, unit = Ingest("ingest", where, broker.port, tmp_path), Unit("AG1", broker.port)
    try:
        ingest.begin()
        unit.publish("records", b"nonsense")
        unit.publish("event", b"no event")
        unit.send(1)
        assert wait_until(lambda: unit.blocks == unit.events == {1}, PATIENCE_S), ingest.says()
        assert "refused so far: 2 messages" in ingest.says()
        assert wait_until(
            lambda: unit.refused == {message.digest(b"nonsense"), message.digest(b"no event")}, PATIENCE_S
        )
        assert ingest.stop() == 0
        ingest.begin()
        unit.send(11)
        assert wait_until(lambda: unit.blocks == unit.events == {1, 11}, PATIENCE_S), ingest.says()
        assert ingest.says().count("refused so far") == 2, "it came again"
    finally:
        unit.close()
        assert ingest.stop() == 0
