"""What outlasts a restart, and what a damaged file does: nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.ampguard.balancing.ocpp.central import configuration
from tests.ampguard.balancing.ocpp.test_cloudprofiles import NOW, RUNNING, made

from ampguard.balancing.ocpp.configuration import Cloud
from ampguard.balancing.ocpp.store import Store


def store(folder: Path) -> Store:
    return Store(folder, configuration(), datetime.now(UTC))


def test_profiles_of_a_cloud_are_kept_for_each_charger(tmp_path: Path) -> None:
    first = store(tmp_path)
    kept = first.profiles("A/../B")
    kept.put(1, made(9.0), RUNNING)
    kept.sample_s = 7
    asyncio.run(first.keep_profiles("A/../B", kept))
    assert store(tmp_path).profiles("A/../B").limit_a(NOW, RUNNING) == 9.0
    assert store(tmp_path).profiles("A/../B").sample_s == 7
    assert store(tmp_path).profiles("B").limit_a(NOW, RUNNING) is None
    assert all(one.parent == tmp_path for one in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "damage", ["", "{}", "[5]", '[{"connector":1,"profile":{}}]', '[{"connector":"x","profile":5}]']
)
def test_a_damaged_file_is_no_profile(tmp_path: Path, damage: str) -> None:
    (tmp_path / "A.cloud.json").write_text(damage)
    assert store(tmp_path).profiles("A").kept == ()


def test_chargers_of_one_cloud_know_the_same_people(tmp_path: Path) -> None:
    one = store(tmp_path)
    assert one.tags(Cloud("ws://a")) is one.tags(Cloud("ws://a"))
    assert one.tags(Cloud("ws://a")) is not one.tags(Cloud("ws://b"))
    assert one.tags(None) is not one.tags(Cloud("ws://a"))


def test_no_two_ids_have_the_same_file(tmp_path: Path) -> None:
    ids = ["A", "a", "A B", "A+B", "A%20B", "..", ".", "A.outbox", "A|B", "A/B"]
    files = {store(tmp_path)._profiles_of(one).name for one in ids}
    assert len(files) == len(ids)
