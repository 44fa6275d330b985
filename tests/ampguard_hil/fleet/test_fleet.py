"""A small fleet at a real Mosquitto: whatever happens to the broker, each block is accounted for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ampguard.block import columns
from ampguard.uplink import message
from ampguard_hil.cloud.place import Cloud
from ampguard_hil.fleet.broker import FleetBroker, two_ports
from ampguard_hil.fleet.certificates import prepare
from ampguard_hil.fleet.fleet import Fleet, FleetError, Wish
from ampguard_hil.fleet.session import Broker
from ampguard_hil.fleet.tally import Tally
from ampguard_hil.fleet.unit import serial_of
from ampguard_hil.ports import HOST
from ampguard_hil.processes import wait_until

pytestmark = pytest.mark.system
UNITS = 50
BATCH = 10
PATIENCE_S = 60.0


def quiet(_: Tally) -> None:
    pass


@contextmanager
def broker_in(folder: Path, *, tls: bool = False) -> Iterator[tuple[FleetBroker, Broker]]:
    port, tls_port = two_ports()
    made = prepare(folder / "certificates", map(serial_of, range(UNITS))) if tls else None
    broker = FleetBroker(folder, port, tls_port if tls else None, made)
    broker.start()
    authority = None if made is None else made.authority
    try:
        yield broker, Broker(HOST, tls_port if tls else port, MQTTProtocolVersion.MQTTv5, authority, made)
    finally:
        broker.stop()


@contextmanager
def fleet_of(wish: Wish, broker: Broker) -> Iterator[Fleet]:
    many = Fleet(wish, broker)
    try:
        yield many
    finally:
        many.close()


class Ear:
    """Somebody for whom the broker keeps what comes while it is away."""

    def __init__(self, port: int) -> None:
        self.blocks: set[tuple[str, int]] = set()
        """Serial and first sequence."""
        self.online: dict[str, bytes] = {}
        self.subscribed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, "ear", clean_session=False, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(message.topic("+", "#"), qos=1)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = self._heard
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert self.subscribed.wait(PATIENCE_S)

    def _heard(self, _client: paho.Client, _userdata: object, arrived: paho.MQTTMessage) -> None:
        _, serial, lane = arrived.topic.split("/")
        if lane == "records":
            first = columns(bytes(arrived.payload))["sequence"][0]
            assert isinstance(first, int)
            self.blocks.add((serial, first))
        elif lane == "state":
            self.online[serial] = bytes(arrived.payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_broker_that_is_away_costs_no_block(tmp_path: Path) -> None:
    wish = Wish(units=UNITS, every_s=0.5, batch=BATCH, connects_per_s=200.0)
    with broker_in(tmp_path) as (process, broker):
        ear = Ear(process.port)
        with fleet_of(wish, broker) as many:
            assert many.ramp(quiet)
            many.measure(2.0, quiet)
            process.stop()
            many.measure(2.0, quiet)
            process.start()
            for _ in range(round(PATIENCE_S)):
                many.measure(1.0, quiet)
                if many.tally.connected == UNITS:
                    break
            found = many.finish(quiet)
        wait_until(lambda: len(ear.blocks) == found.made, PATIENCE_S)
        ear.close()
    assert (found.units, found.connected) == (UNITS, UNITS)
    assert found.losses >= UNITS
    assert found.connects == found.losses + UNITS
    assert found.failures.total() > 0
    assert found.made > UNITS
    assert (found.acknowledged, found.refused, found.outstanding) == (found.made, 0, 0)
    assert len(ear.blocks) == found.made
    # no unit lacks a block, up to its last one
    for serial in map(serial_of, range(UNITS)):
        firsts = sorted(first for heard, first in ear.blocks if heard == serial)
        assert firsts == [1 + BATCH * number for number in range(len(firsts))]


def test_a_fleet_comes_with_a_last_will_and_leaves_nothing_retained(tmp_path: Path) -> None:
    with broker_in(tmp_path) as (process, broker):
        ear = Ear(process.port)
        with fleet_of(Wish(units=3, every_s=0.2), broker) as many:
            assert many.ramp(quiet)
            assert wait_until(lambda: len(ear.online) == 3, PATIENCE_S)
            assert set(ear.online.values()) == {message.state(serial, online=True) for serial in ear.online}
            many._processes[0].kill()
            assert wait_until(lambda: any(b'"online":false' in told for told in ear.online.values()), PATIENCE_S)
            with pytest.raises(FleetError, match="has ended"):
                many.finish(quiet)
        with fleet_of(Wish(units=3, every_s=0.2), broker) as many:
            assert many.ramp(quiet)
            many.finish(quiet)
        assert wait_until(lambda: set(ear.online.values()) == {b""}, PATIENCE_S)
        ear.close()


def test_the_clouds_word_is_waited_for_and_counted(tmp_path: Path) -> None:
    wish = Wish(units=5, every_s=0.5, batch=BATCH, committed=True, live=True)
    with broker_in(tmp_path) as (process, broker):
        cloud = Cloud(tmp_path, process)
        cloud.process.start()
        assert wait_until(lambda: "connected" in cloud.process.last_words(), PATIENCE_S)
        try:
            with fleet_of(wish, broker) as many:
                assert many.ramp(quiet)
                many.measure(3.0, quiet)
                found = many.finish(quiet)
            stored = [one for number in range(5) for one in cloud.committed(serial_of(number))]
        finally:
            cloud.process.stop()
    assert found.committed == found.acknowledged == found.made > 0
    assert found.live > 0
    assert sum(one.readings for one in stored) == BATCH * found.made
    assert [one.missing for one in stored] == [()] * 5
    assert 0 < len(found.committed_after_s) <= found.committed


def test_with_tls_each_unit_is_known_by_its_own_certificate(tmp_path: Path) -> None:
    with broker_in(tmp_path, tls=True) as (process, broker), fleet_of(Wish(units=5, every_s=0.5), broker) as many:
        assert many.ramp(quiet)
        many.measure(1.0, quiet)
        found = many.finish(quiet)
    log = process.process.log.read_text()  # the broker writes it when it ends
    assert (found.connected, found.losses, found.outstanding) == (5, 0, 0)
    assert found.acknowledged == found.made > 0
    assert all(f"u'{serial_of(number)}'" in log for number in range(5))


def test_a_certificate_of_another_authority_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    other = prepare(tmp_path / "other", [serial_of(0)])
    with broker_in(tmp_path, tls=True) as (_, broker):
        stranger = Broker(broker.host, broker.port, broker.version, broker.authority, other)
        with fleet_of(Wish(units=1, every_s=0.5), stranger) as many:
            for _ in range(round(PATIENCE_S)):
                many.measure(1.0, quiet)
                if many.tally.failures:
                    break
            told = many.tally
    assert (told.connected, told.connects) == (0, 0)
    assert told.failures.total() > 0
    assert told.outstanding == told.made
