"""Who may charge while nobody can be asked."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ampguard.balancing.ocpp.tags import MOST_LEARNT, Status, Tags

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "is_free", "status"),
    [
        ("own", False, Status.ACCEPTED), ("OWN", False, Status.ACCEPTED), ("stranger", False, Status.INVALID),
        ("stranger", True, Status.ACCEPTED), ("", False, Status.INVALID), ("friend", False, Status.ACCEPTED),
        ("blocked", True, Status.BLOCKED), ("late", True, Status.EXPIRED), ("odd", False, Status.INVALID),
    ],
)  # fmt: skip
def test_the_owners_list_then_what_the_cloud_said(tmp_path: Path, tag: str, is_free: bool, status: Status) -> None:  # noqa: FBT001 - a parameter
    tags = Tags(tmp_path / "tags", frozenset({"Own"}), is_free=is_free)
    tags.learn("Friend", {"status": "Accepted"})
    tags.learn("Blocked", {"status": "Blocked"})
    tags.learn("Late", {"status": "Accepted", "expiryDate": "2026-11-21T00:00:00Z"})
    tags.learn("Odd", {"status": "Whatever"})
    assert tags.status(tag, NOW) is status


def test_without_a_clock_nothing_expires(tmp_path: Path) -> None:
    tags = Tags(tmp_path / "tags", frozenset(), is_free=False)
    tags.learn("Late", {"status": "Accepted", "expiryDate": "2026-11-21T00:00:00Z"})
    assert tags.status("late", None) is Status.ACCEPTED


def test_somebody_who_charges_elsewhere_is_still_known(tmp_path: Path) -> None:
    tags = Tags(tmp_path / "tags", frozenset(), is_free=False)
    assert tags.learn("A", {"status": "Accepted"})
    assert not tags.learn("A", {"status": "ConcurrentTx"})
    assert not tags.learn("A", {"status": "Accepted"})
    assert tags.status("A", NOW) is Status.ACCEPTED


def test_a_list_of_the_clouds(tmp_path: Path) -> None:
    tags = Tags(tmp_path / "tags", frozenset(), is_free=False)
    entries = [{"idTag": "A", "idTagInfo": {"status": "Accepted"}}, {"idTag": "B", "idTagInfo": {"status": "Accepted"}}]
    tags.listed_by_cloud({"updateType": "Full", "localAuthorizationList": entries})
    tags.listed_by_cloud({"updateType": "Differential", "localAuthorizationList": [{"idTag": "A"}]})
    assert [tags.status(one, NOW) for one in "AB"] == [Status.INVALID, Status.ACCEPTED]
    tags.listed_by_cloud({"updateType": "Full"})
    assert tags.status("B", NOW) is Status.INVALID


def test_what_was_learnt_outlasts_a_restart_for_its_owners_eyes_only(tmp_path: Path) -> None:
    tags = Tags(tmp_path / "tags", frozenset(), is_free=False)
    tags.learn("A", {"status": "Accepted", "expiryDate": "2030-01-01T00:00:00Z"})
    asyncio.run(tags.save())
    assert Tags(tmp_path / "tags", frozenset(), is_free=False).status("a", NOW) is Status.ACCEPTED
    assert stat.S_IMODE((tmp_path / "tags").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["", "[]", '{"a": 5}', '{"a": ["x"]}'])
def test_a_damaged_file_accepts_nobody(tmp_path: Path, damage: str) -> None:
    (tmp_path / "tags").write_text(damage)
    assert Tags(tmp_path / "tags", frozenset(), is_free=False).status("a", NOW) is Status.INVALID


def test_there_is_an_end_to_learning(tmp_path: Path) -> None:
    tags = Tags(tmp_path / "tags", frozenset(), is_free=False)
    for number in range(MOST_LEARNT + 1):
        tags.learn(f"T{number}", {"status": "Accepted"})
    assert tags.status("T0", NOW) is Status.INVALID
