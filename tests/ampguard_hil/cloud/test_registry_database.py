"""The registry's tables: made, opened, shared by processes and by both databases, and left alone when newer."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from ampguard_hil.cloud.demonstration import OWNER, made
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_database import Database, NewerStoreError
from ampguard_hil.cloud.registry_groups import GroupState
from ampguard_hil.cloud.registry_lockout import TRIES
from ampguard_hil.cloud.registry_refusals import (
    LockedOut,
)
from ampguard_hil.cloud.registry_rights import Actor, Role
from ampguard_hil.cloud.registry_schema import STEPS

SERIAL = "2611000001G"


def test_a_store_of_an_older_version_opens_with_what_is_in_it(tmp_path: Path) -> None:
    older = Database(tmp_path / "cloud.sqlite", STEPS[:1])
    with older.writing() as connection:
        connection.execute(
            text("INSERT INTO organisation VALUES ('1', 'owner', 'Old House', '', 'a@b', '2020-01-01T00:00:00+00:00')")
        )
    older.close()
    registry = Registry(tmp_path / "cloud.sqlite")
    operator = Actor("x", "x@y", "", Role.OPERATOR, None)
    assert [one.name for one in registry.organisations.all(operator)] == ["Old House"]
    assert registry.groups.all(operator) == []
    registry.close()


def test_groups_from_before_units_were_told_of_them_open(where: str) -> None:
    older = Database(where, STEPS[:2])
    with older.writing() as connection:
        connection.execute(text("INSERT INTO organisation VALUES ('1', 'owner', 'House', '', 'a@b', '2020')"))
        connection.execute(text(
            "INSERT INTO balancing_group VALUES ('g', '1', 'draft', NULL, 'Old', '', NULL, '2', TRUE, NULL, '', NULL, "
            "NULL, NULL, NULL)"
        ))  # fmt: skip
    older.close()
    registry = Registry(where)
    [group] = registry.groups.all(Actor("x", "x@y", "", Role.OPERATOR, None))
    assert (group.name, group.fuse_kind, group.cloud_balancing) == ("Old", None, False)
    assert (group.unbalance_a, group.dimmable, group.surplus_only) == (None, False, False)
    assert registry.orders.due() == []
    registry.close()


def test_both_databases_hold_the_same_registry(where: str) -> None:
    registry = Registry(where)
    world = made(registry, SERIAL)
    owner = registry.people.sign_in(OWNER, world.password).actor
    assert registry.groups.all(owner)[0].state is GroupState.ACTIVE
    assert [one.change for one in registry.audit(owner)][:3] == ["active", "chargers chosen", "added"]
    registry.close()
    again = Registry(where)
    assert again.admits(SERIAL, world.pin)
    for _ in range(TRIES):
        assert not again.admits(SERIAL, "wrong")
    with pytest.raises(LockedOut):
        again.admits(SERIAL, world.pin)
    again.close()


def test_processes_that_open_a_new_store_at_once_find_the_same_tables(where: str) -> None:
    several = [Registry(where) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: one.organisations.partners(), several)) == [[]] * 4
    for one in several:
        one.close()


def test_many_tries_at_once_are_no_more_than_many_in_a_row(where: str) -> None:
    registry = Registry(where)

    def tried(_number: int) -> bool:
        with contextlib.suppress(LockedOut):
            return not registry.admits("NONESUCHG", "00000000")
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(16))) == TRIES
    registry.close()


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    newer = Database(tmp_path / "cloud.sqlite", [*STEPS, ["CREATE TABLE later (x TEXT)"]])
    with newer.reading():
        pass
    newer.close()
    registry = Registry(tmp_path / "cloud.sqlite")
    with pytest.raises(NewerStoreError, match=f"version {len(STEPS) + 1}"):
        registry.organisations.partners()
    registry.close()
