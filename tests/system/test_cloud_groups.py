"""A load-balancing group from the cloud's page to the chargers: taken, refused, led from afar, and left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ampguard.uplink import message
from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker
from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, made
from ampguard_hil.cloud.place import CloudGroups
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_groups import Group
from ampguard_hil.cloud.registry_mounted import ChargerSettings, DeviceSettings
from ampguard_hil.cloud.registry_orders import Delivery
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_refusals import Conflict
from ampguard_hil.cloud.unit_words import UnitGroup
from ampguard_hil.halo.place import Parking
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import wait_until

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(400)]
FUSE_A = 63.0
BOUND_A = 7.0
"""Less than the unit would give anybody by itself."""
LEASE_S = 20.0
ALLOWS = '[commands]\nallow = ["group"]\n'
"""What the bench's installer gives each unit that may have chargers, and this owner only later."""
NO_GROUP = 'device = "gG"\nmax_offline_a = 0.0\nactive = false\nfree = true\nport = {port}\n'
"""How chargers come in is the unit's own; all else comes from the cloud."""


class Street:
    """A unit with two chargers, a broker, and a cloud in which its owner has set up a group."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.broker = Broker(folder, free_port())
        self.box = Box(folder, "steady", balancing=True)
        self.parking = Parking(
            folder,
            self.box.socket,
            f"ws://{HOST}:{port}",
            count=2,
            more=("--car", "phases=3,start_s=2,resume_s=2", "--arrive-every-s", "1"),
        )
        self.box.group.write_text(NO_GROUP.format(port=port))
        self.registry = Registry(folder / "cloud.sqlite")
        world = made(self.registry, SERIAL)
        self.owner, operator = (self.registry.people.sign_in(who, world.password).actor for who in (OWNER, OPERATOR))
        group = self.registry.groups.all(self.owner)[0]
        self.registry.groups.suspend(self.owner, group.id)
        self.registry.equipment.change_device(self.owner, SERIAL, DeviceSettings("Main switch", "", FUSE_A))
        for number, serial in enumerate(self.parking.serials, 1):
            self.registry.equipment.register_charger(operator, serial, "12345678")
            put = ChargerSettings(f"Place {number}", offline_current_a=6.0, offline_phase="L1")
            self.registry.equipment.claim_charger(self.owner, serial, "12345678", world.owner_id, put)
        self.registry.groups.choose_chargers(self.owner, group.id, self.parking.serials)
        self.group_id = group.id
        self.change(supply_max_current_a=FUSE_A, max_current_online_a=40.0, max_current_offline_a=12.0)
        self.groups = CloudGroups(folder, self.broker, folder / "cloud.sqlite")
        self._folder = folder

    def start(self) -> None:
        self.broker.start()
        self.box.settle(self.broker, generation_on_site=False)
        self.box.settings.write_text(self.box.settings.read_text().replace(ALLOWS, ""))
        self.box.power_on().close()
        self.box.boot()
        self.parking.process.start()
        self.groups.process.start()

    def stop(self) -> None:
        self.groups.process.stop()
        self.parking.process.stop()
        self.box.stop()
        self.broker.stop()
        self.registry.close()

    @property
    def group(self) -> Group:
        return self.registry.groups.one(self.owner, self.group_id)

    def change(self, **values: object) -> None:
        now = {field.name: getattr(self.group, field.name) for field in fields(GroupSettings)}
        settings = replace(GroupSettings(**now), **values)  # type: ignore[arg-type]  # by their names
        self.registry.groups.change(self.owner, self.group_id, settings)

    def allow(self) -> None:
        with self.box.settings.open("a") as settings:
            settings.write(ALLOWS)

    def answer(self) -> Delivery:
        """Of the unit, to what it was asked last."""
        assert self.until(lambda: (found := self._delivery()) is not None and found.status is not None)
        found = self._delivery()
        assert found is not None
        return found

    def _delivery(self) -> Delivery | None:
        return None if self.registry.orders.due() else self.registry.orders.on_the_unit(self.group).delivery

    def cloud_sees(self) -> UnitGroup | None:
        """As the unit told it last."""
        state = self.registry.orders.on_the_unit(self.group).state
        return None if state is None else state.told

    def unit_says(self) -> dict[str, Any]:
        """As somebody beside the unit sees it, internet or not."""
        environment = {
            **os.environ,
            "AMPGUARD_DATA": str(self.box.group.parent),
            "AMPGUARD_RUN": str(self._folder / "run"),
        }
        command = [str(Path(sys.executable).with_name("ampguard")), "balance", "show", "--json"]
        told = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout
        found: dict[str, Any] = json.loads(told)
        return found

    def leads(self, leader: str) -> bool:
        return bool(self.unit_says().get("leader") == leader)

    def draws(self, least_a: float, most_a: float) -> bool:
        """Whether each charger is limited to that, and its car takes no more."""
        chargers = self.unit_says()["chargers"]
        return all(
            least_a <= one["limit_a"] <= most_a
            and max(value or 0.0 for value in one["current_a"].values()) <= most_a + 0.5
            for one in chargers
        )

    def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
        def watched() -> bool:
            self.box.watch()
            return condition()

        return wait_until(watched, timeout_s)

    def logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in self._folder.glob("*.log"))


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Street(Path(folder))
        try:
            found.start()
            yield found
        finally:
            found.stop()


def test_a_group_that_the_owner_has_not_allowed_is_refused(street: Street) -> None:
    before = street.box.group.read_text()
    street.registry.groups.activate(street.owner, street.group_id)
    answer = street.answer()
    assert answer.status == "refused", street.logs()
    assert "allow-list" in str(answer.reason)
    assert street.box.group.read_text() == before


def test_a_group_made_in_the_cloud_reaches_the_chargers_and_its_state_the_cloud(street: Street) -> None:
    street.allow()
    log = street.box.folder / "uplink.log"
    assert street.until(lambda: log.read_text().count("connected to") > 1), "it takes up its settings"
    street.registry.orders.again(street.owner, street.group)
    answer = street.answer()
    assert (answer.status, answer.reason) == ("done", None), street.logs()

    def charges() -> bool:
        told = street.cloud_sees()
        return told is not None and told.active and [one.has_car for one in told.chargers] == [True, True]

    assert street.until(charges), street.logs()
    assert street.until(lambda: street.draws(10.0, 16.0), 120.0), street.logs()
    told = street.cloud_sees()
    assert told is not None
    assert told.leader == "unit"
    assert [one.name for one in told.chargers] == ["Place 1", "Place 2"]
    assert all(one.why for one in told.chargers), told
    assert street.registry.orders.on_the_unit(street.group).changes


def test_a_change_in_the_cloud_reaches_them_too(street: Street) -> None:
    street.change(max_current_online_a=16.0)
    assert street.answer().status == "done"
    assert street.until(lambda: street.draws(6.0, 10.1)), street.logs()
    street.change(max_current_online_a=40.0)
    assert street.answer().status == "done"


def test_the_cloud_leads_is_cut_off_and_leads_again(street: Street) -> None:
    street.change(cloud_balancing=True)
    assert street.until(lambda: street.leads("cloud")), street.logs()
    street.broker.stop()
    assert street.until(lambda: street.leads("unit"), LEASE_S + 20.0), street.logs()
    assert street.draws(6.0, 16.0), "the unit goes on"
    street.broker.start()
    assert street.until(lambda: street.leads("cloud")), street.logs()
    told = street.cloud_sees()
    assert told is not None
    assert told.leader == "cloud"


def test_limits_of_a_cloud_bound_those_of_the_unit_until_their_lease_ends(street: Street) -> None:
    street.groups.process.stop()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, street.broker.port)
    client.loop_start()

    def bound() -> bool:
        limits = dict.fromkeys(street.parking.serials, BOUND_A)
        lease = {"issued_utc": datetime.now(UTC).isoformat(), "valid_s": LEASE_S, "limits_a": limits}
        client.publish(message.topic(SERIAL, "limits"), message.limits(lease), 1)
        return street.draws(6.0, BOUND_A)

    try:
        assert street.until(bound), street.logs()
    finally:
        client.disconnect()
        client.loop_stop()
    assert street.until(lambda: street.leads("unit"), LEASE_S + 20.0)
    assert street.until(lambda: street.draws(10.0, 16.0), 120.0), street.logs()
    street.groups.process.start()
    assert street.until(lambda: street.leads("cloud")), street.logs()


def test_a_group_that_cannot_be_is_refused_with_the_sentence_and_the_old_one_stays_off(street: Street) -> None:
    with pytest.raises(Conflict, match="suspend"):
        street.registry.groups.remove(street.owner, street.group_id)
    street.registry.groups.suspend(street.owner, street.group_id)
    assert street.answer().status == "done"
    assert street.until(lambda: not street.unit_says()["active"])
    put = ChargerSettings("Place 1", offline_current_a=3.0, offline_phase="L1")
    street.registry.equipment.change_charger(street.owner, street.parking.serials[0], put)
    assert street.answer().status == "done", "it is off"
    street.registry.groups.activate(street.owner, street.group_id)
    answer = street.answer()
    assert answer.status == "refused"
    assert "the offline current of charger Place 1 is set to 3.0 A: wanted is a number from 6.0" in str(answer.reason)
    assert not street.unit_says()["active"]
