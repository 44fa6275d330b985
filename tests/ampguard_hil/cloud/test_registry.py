"""The registry: who may see and change what, claims by PIN, groups with limits, and what is noted of it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect

from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, PARTNER, World, made
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_groups import GroupState
from ampguard_hil.cloud.registry_lockout import LOCKED_S, TRIES
from ampguard_hil.cloud.registry_mounted import ChargerSettings, DeviceSettings
from ampguard_hil.cloud.registry_organisations import OrganisationSettings
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_refusals import (
    Conflict,
    LockedOut,
    NotAllowed,
    NotThere,
    Refused,
    SignInWanted,
    Unfit,
)
from ampguard_hil.cloud.registry_rights import Actor, Role
from ampguard_hil.cloud.registry_tables import METADATA

SERIAL = "2611000001G"


class Clock:
    """A time that only tests let pass."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class House:
    """The demonstration's world, and a clock."""

    def __init__(self, where: Path, world: World) -> None:
        self.clock = Clock()
        self.where = where
        self.registry = Registry(where, self.clock)
        self.world = world

    def actor(self, email: str) -> Actor:
        return self.registry.people.sign_in(email, self.world.password).actor

    def stranger(self) -> Actor:
        """The owner of another house, who has let nobody in."""
        operator = self.actor(OPERATOR)
        settings = OrganisationSettings("Other House", "", "other@example.org")
        other = self.registry.organisations.add(operator, "owner", settings)
        self.registry.people.add(operator, ("other@example.org", "", Role.OWNER, other.id), self.world.password)
        return self.actor("other@example.org")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """Made once: hashing many secrets takes its time."""
    where = tmp_path_factory.mktemp("model") / "cloud.sqlite"
    registry = Registry(where, Clock())
    world = made(registry, SERIAL)
    registry.close()
    return where, world


@pytest.fixture
def house(tmp_path: Path, model: tuple[Path, World]) -> Iterator[House]:
    where, world = model
    found = House(Path(shutil.copy(where, tmp_path / "cloud.sqlite")), world)
    yield found
    found.registry.close()


def test_a_fresh_store_has_the_tables_that_the_queries_name(house: House) -> None:
    with house.registry.database.reading() as connection:
        known = inspect(connection)
        for table in METADATA.tables.values():
            assert {column["name"] for column in known.get_columns(table.name)} == set(table.columns.keys())


def test_everybody_sees_what_is_theirs_and_nothing_else(house: House) -> None:
    stranger = house.stranger()
    registry = house.registry
    for email, count in ((OWNER, 1), (PARTNER, 1), (OPERATOR, 1)):
        actor = house.actor(email)
        assert len(registry.equipment.devices(actor)) == len(registry.groups.all(actor)) == count
    assert registry.equipment.devices(stranger) == []
    assert registry.equipment.chargers(stranger) == []
    assert registry.groups.all(stranger) == []
    assert [one.email for one in registry.people.all(stranger)] == ["other@example.org"]
    assert {one.organisation_id for one in registry.audit(stranger)} == {stranger.organisation_id}
    group = registry.groups.all(house.actor(OWNER))[0]
    attempts = (
        lambda: registry.equipment.device(stranger, SERIAL),
        lambda: registry.equipment.change_device(stranger, SERIAL, DeviceSettings("mine")),
        lambda: registry.equipment.release_device(stranger, SERIAL),
        lambda: registry.equipment.release_charger(stranger, "2611000001M"),
        lambda: registry.groups.one(stranger, group.id),
        lambda: registry.groups.suspend(stranger, group.id),
        lambda: registry.organisations.one(stranger, house.world.owner_id),
        lambda: registry.groups.add(stranger, house.world.owner_id, GroupSettings("mine")),
    )
    for attempt in attempts:
        with pytest.raises(NotThere):
            attempt()


def test_a_partner_sees_a_customer_only_as_long_as_the_owner_likes(house: House) -> None:
    registry, owner, partner = house.registry, house.actor(OWNER), house.actor(PARTNER)
    registry.equipment.change_device(partner, SERIAL, DeviceSettings("By the partner"))
    firm = partner.organisation_id or ""
    with pytest.raises(NotAllowed, match="only the owner"):
        registry.organisations.give_access(partner, house.world.owner_id, firm, given=True)
    registry.organisations.give_access(owner, house.world.owner_id, firm, given=False)
    assert registry.equipment.devices(partner) == []
    with pytest.raises(NotThere):
        registry.equipment.change_device(partner, SERIAL, DeviceSettings("again"))
    registry.organisations.give_access(owner, house.world.owner_id, firm, given=True)
    assert len(registry.equipment.devices(partner)) == 1


def test_a_viewer_sees_all_and_changes_nothing(house: House) -> None:
    owner = house.actor(OWNER)
    house.registry.people.add(owner, ("v@example.org", "", Role.VIEWER, house.world.owner_id), house.world.password)
    viewer = house.actor("v@example.org")
    assert len(house.registry.equipment.devices(viewer)) == 1
    with pytest.raises(NotAllowed, match="change nothing"):
        house.registry.equipment.change_device(viewer, SERIAL, DeviceSettings("mine"))
    with pytest.raises(NotAllowed):
        house.registry.people.add(viewer, ("w@example.org", "", Role.OWNER, house.world.owner_id), "long enough")


@pytest.mark.parametrize(("role", "of_owner"), [(Role.OPERATOR, True), (Role.PARTNER, True), (Role.OWNER, False)])
def test_nobody_lifts_himself_up(house: House, role: Role, of_owner: bool) -> None:  # noqa: FBT001 - pytest's way
    partner = house.actor(PARTNER)
    organisation = house.world.owner_id if of_owner else partner.organisation_id
    with pytest.raises(Refused):
        house.registry.people.add(partner, ("up@example.org", "", role, organisation), house.world.password)


def test_five_wrong_pins_lock_a_serial_for_a_quarter_of_an_hour_also_over_a_restart(house: House) -> None:
    registry = house.registry
    assert registry.admits(SERIAL, house.world.pin)
    for _ in range(TRIES):
        assert not registry.admits(SERIAL, "wrong")
    registry.close()
    again = Registry(house.where, house.clock)
    with pytest.raises(LockedOut) as locked:
        again.admits(SERIAL, house.world.pin)
    assert locked.value.retry_after_s == LOCKED_S
    house.clock.now += timedelta(seconds=LOCKED_S - 1)
    with pytest.raises(LockedOut):
        again.admits(SERIAL.lower(), house.world.pin)
    house.clock.now += timedelta(seconds=2)
    assert again.admits(f" {SERIAL.lower()} ", house.world.pin)
    again.close()


def test_a_right_pin_makes_earlier_wrong_ones_forgotten(house: House) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            assert not house.registry.admits(SERIAL, "wrong")
        assert house.registry.admits(SERIAL, house.world.pin)


def test_an_unknown_serial_is_locked_like_a_known_one(house: House) -> None:
    for _ in range(TRIES):
        assert not house.registry.admits("NONESUCHG", "00000000")
    with pytest.raises(LockedOut):
        house.registry.admits("NONESUCHG", "00000000")
    assert house.registry.admits(SERIAL, house.world.pin)


def test_a_wrong_password_locks_the_account(house: House) -> None:
    for _ in range(TRIES):
        with pytest.raises(SignInWanted):
            house.registry.people.sign_in(OWNER, "wrong")
    with pytest.raises(LockedOut):
        house.registry.people.sign_in(OWNER, house.world.password)
    house.clock.now += timedelta(seconds=LOCKED_S + 1)
    assert house.actor(OWNER).email == OWNER


def test_a_session_ends(house: House) -> None:
    people = house.registry.people
    session = people.sign_in(OWNER.upper(), house.world.password)
    assert people.who(session.token).actor == session.actor
    house.clock.now += timedelta(hours=13)
    with pytest.raises(SignInWanted):
        people.who(session.token)
    session = people.sign_in(OWNER, house.world.password)
    people.sign_out(session.token)
    with pytest.raises(SignInWanted):
        people.who(session.token)


def test_a_new_password_ends_every_session(house: House) -> None:
    session = house.registry.people.sign_in(OWNER, house.world.password)
    with pytest.raises(Unfit, match="10 to 128"):
        house.registry.people.change_password(session.actor, house.world.password, "short")
    house.registry.people.change_password(session.actor, house.world.password, "another one")
    with pytest.raises(SignInWanted):
        house.registry.people.who(session.token)
    assert house.registry.people.sign_in(OWNER, "another one").actor == session.actor


def test_a_device_is_claimed_by_its_label_and_by_one_only(house: House) -> None:
    stranger, owner = house.stranger(), house.actor(OWNER)
    equipment = house.registry.equipment
    mine = stranger.organisation_id or ""
    with pytest.raises(Conflict, match="must release it first"):
        equipment.claim_device(stranger, SERIAL, house.world.pin, mine, DeviceSettings("x"))
    with pytest.raises(Conflict, match="measures with it"):
        equipment.release_device(owner, SERIAL)
    group = house.registry.groups.all(owner)[0]
    house.registry.groups.suspend(owner, group.id)
    house.registry.groups.remove(owner, group.id)
    equipment.release_device(owner, SERIAL)
    assert equipment.devices(owner) == []
    with pytest.raises(Unfit, match="the serial or the PIN"):
        equipment.claim_device(stranger, SERIAL, "00000000x", mine, DeviceSettings("x"))
    claimed = equipment.claim_device(stranger, SERIAL, house.world.pin, mine, DeviceSettings(" Cellar ", "", 20.0))
    assert (claimed.name, claimed.main_fuse_a, claimed.organisation_id) == ("Cellar", 20.0, mine)
    with pytest.raises(NotThere):
        equipment.claim_device(stranger, SERIAL, house.world.pin, house.world.owner_id, DeviceSettings("x"))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"min_current_a": 5.0}, "min_current_a: wanted 6 to 32 A, met 5 A"),
        ({"supply_max_current_a": 500.0}, "supply_max_current_a: wanted 6 to 400 A, met 500 A"),
        ({"max_current_online_a": 26.0}, "max_current_online_a: wanted at most supply_max_current_a, which is 25 A"),
        ({"max_current_offline_a": 21.0}, "max_current_offline_a: wanted at most max_current_online_a"),
        ({"max_current_online_a": float("nan")}, "max_current_online_a: wanted 0 to 400 A, met nan A"),
        ({"phases": ("L1", "L1")}, "phases: wanted one to three of L1, L2, L3, each once"),
        ({"phases": ("L4",)}, "met L4"),
        ({"balancer_version": "9"}, "balancer_version: wanted one of 1, 2"),
        ({"fuse_kind": "NH"}, "fuse_kind: wanted one of gG, B, C"),
        ({"name": " "}, "name: wanted 1 to 80 printable characters"),
        ({"name": "a\0b"}, "name: wanted"),
        ({"device_serial": "NONESUCHG"}, "there is no device NONESUCHG"),
    ],
)
def test_a_parameter_outside_its_limits_is_refused_in_a_sentence(
    house: House, changed: dict[str, object], sentence: str
) -> None:
    owner = house.actor(OWNER)
    group = house.registry.groups.all(owner)[0]
    settings = GroupSettings(**{key: getattr(group, key) for key in GroupSettings.__dataclass_fields__})
    with pytest.raises(Refused) as refused:
        house.registry.groups.change(owner, group.id, replace(settings, **changed))  # type: ignore[arg-type]  # one field, by its name
    assert sentence in refused.value.sentence
    assert house.registry.groups.one(owner, group.id) == group


def test_a_group_is_activated_when_it_is_complete_and_says_what_it_lacks(house: House) -> None:
    registry, owner = house.registry, house.actor(OWNER)
    old = registry.groups.all(owner)[0]
    registry.groups.suspend(owner, old.id)
    registry.groups.choose_chargers(owner, old.id, [])
    group = registry.groups.add(owner, house.world.owner_id, GroupSettings("New"))
    with pytest.raises(Conflict) as refused:
        registry.groups.activate(owner, group.id)
    for lacking in (
        "no measurement device",
        "phases and their order",
        "main fuse",
        "kind of the main fuse",
        "no charger",
        "min current",
    ):
        assert lacking in refused.value.sentence
    complete = replace(
        GroupSettings("New"),
        device_serial=SERIAL,
        chargers_in_measurements=False,
        phases=("L3", "L2", "L1"),
        max_current_online_a=20.0,
        max_current_offline_a=6.0,
        min_current_a=6.0,
        supply_max_current_a=25.0,
        fuse_kind="B",
    )
    registry.groups.change(owner, group.id, complete)
    registry.equipment.change_charger(
        owner, "2611000002M", ChargerSettings("Halo 2", offline_current_a=6.0, offline_phase="L1")
    )
    both = registry.groups.choose_chargers(owner, group.id, ["2611000001M", "2611000002M"])
    (lacking,) = both.missing
    assert lacking.startswith("the offline current limits of the chargers on L1 sum to 12 A, and max current per phase")
    registry.groups.choose_chargers(owner, group.id, ["2611000001M"])
    active = registry.groups.activate(owner, group.id)
    assert (active.state, active.missing, active.phases) == (GroupState.ACTIVE, (), ("L3", "L2", "L1"))
    with pytest.raises(Conflict, match="would no longer be complete"):
        registry.groups.change(owner, group.id, replace(complete, min_current_a=None))
    with pytest.raises(Conflict, match="would no longer be complete"):
        registry.groups.choose_chargers(owner, group.id, [])
    with pytest.raises(Conflict, match="is active"):
        registry.equipment.release_charger(owner, "2611000001M")
    with pytest.raises(Conflict, match="suspend it first"):
        registry.groups.remove(owner, group.id)


def test_what_was_changed_is_noted_with_before_and_after_and_without_secrets(house: House) -> None:
    partner = house.actor(PARTNER)
    house.clock.now += timedelta(seconds=1)
    house.registry.equipment.change_device(partner, SERIAL, DeviceSettings("Main switch", "elsewhere", 32.0))
    entries = house.registry.audit(house.actor(OPERATOR))
    newest = entries[0]
    assert (newest.who, newest.kind, newest.subject, newest.change) == (PARTNER, "device", SERIAL, "changed")
    assert newest.before == {"place": "Example Street 1, cabinet in the garage", "main_fuse_a": 25.0}
    assert newest.after == {"place": "elsewhere", "main_fuse_a": 32.0}
    assert "hash" not in str(entries)
    assert house.world.pin not in str(entries)
    older = house.registry.audit(house.actor(OPERATOR), 3, newest.id)
    assert older == entries[1:4]


def test_a_device_whose_group_is_active_cannot_be_given_too_small_a_fuse(house: House) -> None:
    with pytest.raises(Conflict, match="no longer be complete"):
        house.registry.equipment.change_device(house.actor(PARTNER), SERIAL, DeviceSettings("Main switch", "", 10.0))
    assert house.registry.equipment.device(house.actor(PARTNER), SERIAL).main_fuse_a == 25.0


def test_an_organisation_that_something_belongs_to_is_not_removed(house: House) -> None:
    operator = house.actor(OPERATOR)
    with pytest.raises(Conflict, match="1 user still belong"):
        house.registry.organisations.remove(operator, house.world.owner_id)
    empty = house.registry.organisations.add(operator, "owner", OrganisationSettings("Empty", "", "e@example.org"))
    house.registry.organisations.remove(operator, empty.id)
    with pytest.raises(NotThere):
        house.registry.organisations.one(operator, empty.id)


@given(st.builds(GroupSettings, name=st.text(), description=st.text(), phases=st.tuples(st.text(max_size=3))))
def test_whatever_is_typed_is_taken_stripped_or_refused_in_a_sentence(settings: GroupSettings) -> None:
    with contextlib.suppress(Unfit):
        fit = settings.fit()
        assert fit.fit() == fit
