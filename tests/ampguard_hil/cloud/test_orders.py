"""What units are told of their groups follows from the groups; what they answer and tell is kept, and shown to few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from ampguard.readings import Json
from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, World, made
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_groups import Group
from ampguard_hil.cloud.registry_mounted import DeviceSettings
from ampguard_hil.cloud.registry_orders import CHANGES_KEPT, Order
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_refusals import Conflict, NotAllowed
from ampguard_hil.cloud.registry_rights import Actor, Role
from ampguard_hil.cloud.unit_words import LimitChange, UnitGroup

SERIAL, OTHER = "2611000001G", "2611000002G"
CHANGE = LimitChange(charger="Halo 1", before_a=10.0, after_a=6.0, rule="over", phase="L1", sentence="10 -> 6 A")
STATE = UnitGroup(active=True, fault=None, rung="fresh", leader="unit", chargers=())


class House:
    """The demonstration's world, and a clock that goes on with each look."""

    def __init__(self, where: str) -> None:
        self.utc = datetime(2026, 1, 1, tzinfo=UTC)
        self.registry = Registry(where, self.now)
        self.world: World = made(self.registry, SERIAL)
        self.owner = self.actor(OWNER)
        self.orders = self.registry.orders

    def now(self) -> datetime:
        self.utc += timedelta(milliseconds=1)
        return self.utc

    def actor(self, email: str) -> Actor:
        return self.registry.people.sign_in(email, self.world.password).actor

    def group(self) -> Group:
        return self.registry.groups.all(self.owner)[0]

    def change(self, **values: object) -> Group:
        group = self.group()
        settings = GroupSettings(**{field.name: getattr(group, field.name) for field in fields(GroupSettings)})
        return self.registry.groups.change(self.owner, group.id, replace(settings, **values))  # type: ignore[arg-type]  # by name

    def due(self) -> Order:
        [order] = self.orders.due()
        return order

    def take(self, order: Order) -> None:
        self.orders.answered(order.serial, order.correlation, "done", None)


@pytest.fixture
def house(where: str) -> Iterator[House]:
    found = House(where)
    yield found
    found.registry.close()


def test_an_active_group_is_told_once_and_again_when_something_of_it_changes(house: House) -> None:
    order = house.due()
    assert order.serial == SERIAL
    assert order.document is not None
    assert (order.document["active"], order.document["device"], order.document["supply_max_a"]) == (True, "gG", 25.0)
    first, second = cast("list[dict[str, Json]]", order.document["chargers"])
    assert (first["id"], first["offline_a"], first["included"]) == ("2611000001M", 6.0, True)
    assert second["offline_phase"] == "L2"
    assert house.due() == order, "until it is answered"
    house.take(order)
    assert house.orders.due() == []
    house.change(max_current_online_a=18.0)
    later = house.due()
    assert later.correlation != order.correlation
    assert later.document is not None
    assert later.document["max_online_a"] == 18.0
    house.registry.groups.choose_chargers(house.owner, house.group().id, ["2611000001M"])
    document = house.due().document
    assert document is not None
    assert len(cast("list[Json]", document["chargers"])) == 1


def test_a_group_that_ends_is_told_and_a_draft_is_not(house: House) -> None:
    house.take(house.due())
    group = house.group()
    draft = house.registry.groups.add(house.owner, house.world.owner_id, GroupSettings("Draft", device_serial=SERIAL))
    assert house.orders.due() == []
    house.registry.groups.suspend(house.owner, group.id)
    suspended = house.due()
    assert suspended.document is not None
    assert suspended.document["active"] is False
    house.take(suspended)
    house.registry.groups.remove(house.owner, group.id)
    gone = house.due()
    assert (gone.serial, gone.document) == (SERIAL, None)
    house.take(gone)
    house.registry.groups.remove(house.owner, draft.id)
    assert house.orders.due() == []


def test_a_group_that_moves_to_another_unit_ends_on_the_first(house: House) -> None:
    house.take(house.due())
    operator = house.actor(OPERATOR)
    house.registry.equipment.register_device(operator, OTHER, "12345678", "one_module")
    house.registry.equipment.claim_device(
        house.owner, OTHER, "12345678", house.world.owner_id, DeviceSettings("Other", "", 25.0)
    )
    house.change(device_serial=OTHER)
    documents = {order.serial: order.document for order in house.orders.due()}
    assert documents[SERIAL] is None
    assert documents[OTHER] is not None


def test_a_unit_balances_one_group(house: House) -> None:
    group = house.group()
    settings = GroupSettings(**{field.name: getattr(group, field.name) for field in fields(GroupSettings)})
    second = house.registry.groups.add(house.owner, house.world.owner_id, replace(settings, name="Second"))
    house.registry.groups.choose_chargers(house.owner, group.id, ["2611000001M"])
    house.registry.groups.choose_chargers(house.owner, second.id, ["2611000002M"])
    with pytest.raises(Conflict, match="balances the group Example House already"):
        house.registry.groups.activate(house.owner, second.id)
    house.registry.groups.suspend(house.owner, group.id)
    house.registry.groups.activate(house.owner, second.id)
    document = house.due().document
    assert document is not None
    assert document["name"] == "Second", "of the group that is active"
    assert house.orders.on_the_unit(house.registry.groups.one(house.owner, group.id)).delivery is None


def test_a_refusal_stands_until_the_group_changes_or_somebody_asks_again(house: House) -> None:
    order = house.due()
    house.orders.answered(SERIAL, "another's", "done", None)
    assert house.due() == order
    house.orders.answered(SERIAL, order.correlation, "refused", "group is not on the allow-list")
    assert house.orders.due() == []
    delivery = house.orders.on_the_unit(house.group()).delivery
    assert delivery is not None
    assert (delivery.status, delivery.reason) == ("refused", "group is not on the allow-list")
    viewer = Actor("x", "x@y", "", Role.VIEWER, house.world.owner_id)
    with pytest.raises(NotAllowed):
        house.orders.again(viewer, house.group())
    house.orders.again(house.owner, house.group())
    assert house.due().document == order.document
    assert house.due().correlation != order.correlation
    assert house.registry.audit(house.owner)[0].change == "sent again"
    house.take(house.due())
    house.registry.groups.suspend(house.owner, house.group().id)
    house.take(house.due())
    house.registry.groups.remove(house.owner, house.group().id)
    draft = house.registry.groups.add(house.owner, house.world.owner_id, GroupSettings("Draft"))
    with pytest.raises(Conflict, match="is draft: no unit is told of it"):
        house.orders.again(house.owner, draft)


def test_this_cloud_leads_what_wants_it_and_was_taken_as_it_is(house: House) -> None:
    house.take(house.due())
    assert house.orders.led() == {}
    house.change(cloud_balancing=True)
    assert house.orders.due() == [], "who leads is none of the unit's parameters"
    assert set(house.orders.led()) == {SERIAL}
    house.change(cloud_balancing=True, max_current_online_a=18.0)
    assert house.orders.led() == {}, "the unit has not said yet that it takes this"
    house.take(house.due())
    assert house.orders.led()[SERIAL]["max_online_a"] == 18.0
    house.registry.groups.suspend(house.owner, house.group().id)
    assert house.orders.led() == {}


def test_what_a_unit_tells_is_kept_and_is_nothing_from_before_the_activation(house: House) -> None:
    house.orders.stands("NOBODYG", STATE)
    house.orders.changed("NOBODYG", CHANGE)
    house.orders.stands(SERIAL, STATE)
    house.orders.stands(SERIAL, STATE.model_copy(update={"leader": "cloud"}))
    for number in range(3):
        house.orders.changed(SERIAL, CHANGE.model_copy(update={"before_a": float(number)}))
    seen = house.orders.on_the_unit(house.group(), 2)
    assert seen.state is not None
    assert seen.state.told.leader == "cloud"
    assert [one.told.before_a for one in seen.changes] == [2.0, 1.0]
    house.registry.groups.suspend(house.owner, house.group().id)
    assert house.orders.on_the_unit(house.group()).state is not None
    house.registry.groups.activate(house.owner, house.group().id)
    seen = house.orders.on_the_unit(house.group())
    assert (seen.state, seen.changes) == (None, ())


def test_of_the_changes_the_latest_are_kept(house: House) -> None:
    for number in range(CHANGES_KEPT + 3):
        house.orders.changed(SERIAL, CHANGE.model_copy(update={"before_a": float(number)}))
    changes = house.orders.on_the_unit(house.group(), 2 * CHANGES_KEPT).changes
    assert len(changes) == CHANGES_KEPT
    assert changes[-1].told.before_a == 3.0
