"""What a cloud's profiles allow, as the standard has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.ocpp.cloudprofiles import MOST_KEPT, CloudProfiles, Running
from ampguard.balancing.ocpp.taken import written

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUNNING = {1: Running(7, NOW - timedelta(hours=1))}


def made(
    limit: float | list[tuple[int, float]],
    purpose: str = "TxDefaultProfile",
    level: int = 0,
    number: int = 1,
    **more: Any,
) -> dict[str, Any]:
    periods = [(0, limit)] if isinstance(limit, float) else limit
    schedule: dict[str, Any] = {
        "chargingRateUnit": more.pop("unit", "A"),
        "chargingSchedulePeriod": [
            {"startPeriod": at, "limit": one, **({"numberPhases": more["phases"]} if "phases" in more else {})}
            for at, one in periods
        ],
    }
    more.pop("phases", None)
    for name in ("duration", "startSchedule"):
        if name in more:
            schedule[name] = more.pop(name)
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
        **more,
    }


def allowed(
    *profiles: dict[str, Any], at: datetime | None = NOW, running: dict[int, Running] | None = None, connector: int = 1
) -> float | None:
    kept = CloudProfiles(230.0)
    for number, one in enumerate(profiles):
        place = 0 if one["chargingProfilePurpose"] == "ChargePointMaxProfile" else connector
        assert kept.put(place, {**one, "chargingProfileId": number}, RUNNING)
    return kept.limit_a(at, RUNNING if running is None else running)


HOUR_AGO, IN_AN_HOUR = written(NOW - timedelta(hours=1)), written(NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("profiles", "limit_a"),
    [
        ([], None),
        ([made(10.0)], 10.0),
        ([made(10.0), made(16.0, level=1)], 16.0),
        ([made(10.0), made(16.0, level=1, validTo=HOUR_AGO)], 10.0),
        ([made(10.0), made(16.0, level=1, validFrom=IN_AN_HOUR)], 10.0),
        ([made(10.0), made(16.0, "TxProfile", transactionId=7)], 16.0),
        ([made(20.0, "ChargePointMaxProfile"), made(16.0)], 16.0),
        ([made(8.0, "ChargePointMaxProfile"), made(16.0)], 8.0),
        ([made(8.0, "ChargePointMaxProfile")], 8.0),
        ([made([(0, 10.0), (3600, 12.0), (7200, 14.0)], startSchedule=HOUR_AGO)], 12.0),
        ([made(10.0, startSchedule=HOUR_AGO, duration=3600)], None),
        ([made(10.0, startSchedule=HOUR_AGO, duration=3601)], 10.0),
        ([made(10.0, startSchedule=IN_AN_HOUR)], None),
        ([made([(0, 10.0), (1800, 6.0)], chargingProfileKind="Relative")], 6.0),
        ([made([(0, 10.0), (43200, 6.0)], startSchedule="2026-01-01T00:00:00Z", chargingProfileKind="Recurring",
               recurrencyKind="Daily")], 6.0),
        ([made([(0, 10.0), (500000, 6.0)], startSchedule="2026-11-09T00:00:00Z", chargingProfileKind="Recurring",
               recurrencyKind="Weekly")], 6.0),
        ([made(6900.0, unit="W")], 10.0),
        ([made(2300.0, unit="W", phases=1)], 10.0),
    ],
)  # fmt: skip
def test_rules_of_the_standard(profiles: list[dict[str, Any]], limit_a: float | None) -> None:
    assert allowed(*profiles) == limit_a


def test_while_no_clock_is_set_the_lowest_limit_counts() -> None:
    assert allowed(made([(0, 16.0), (60, 7.0), (120, 32.0)], startSchedule=HOUR_AGO), at=None) == 7.0


def test_a_profile_of_a_connector_comes_before_one_of_all() -> None:
    kept = CloudProfiles(230.0)
    assert kept.put(0, made(16.0, number=1), RUNNING)
    assert kept.put(1, made(10.0, number=2), RUNNING)
    assert kept.limit_a(NOW, RUNNING) == 10.0
    assert kept.limit_a(NOW, {2: Running(8, NOW)}) == 16.0
    assert kept.limit_a(NOW, {1: Running(7, NOW), 2: Running(8, NOW)}) == 26.0


@pytest.mark.parametrize(
    ("connector", "profile"),
    [
        (1, made(10.0, "ChargePointMaxProfile")),
        (2, made(10.0, "TxProfile")),
        (1, made(10.0, "TxProfile", transactionId=8)),
    ],
)
def test_what_cannot_be_is_rejected(connector: int, profile: dict[str, Any]) -> None:
    assert not CloudProfiles(230.0).put(connector, profile, RUNNING)


def test_the_same_id_and_the_same_place_replace() -> None:
    kept = CloudProfiles(230.0)
    kept.put(1, made(10.0, number=1), RUNNING)
    kept.put(1, made(12.0, number=1, level=3), RUNNING)
    kept.put(1, made(14.0, number=2, level=3), RUNNING)
    assert len(kept.kept) == 1
    assert kept.limit_a(NOW, RUNNING) == 14.0


def test_profiles_of_a_transaction_go_with_it() -> None:
    kept = CloudProfiles(230.0)
    kept.put(1, made(10.0, "TxProfile", number=1), RUNNING)
    kept.put(1, made(16.0, number=2), RUNNING)
    kept.only({1})
    assert kept.limit_a(NOW, RUNNING) == 10.0
    kept.only(set())
    assert kept.limit_a(NOW, RUNNING) == 16.0


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({}, []),
        ({"id": 1}, [2, 3]),
        ({"connectorId": 0}, [1, 2]),
        ({"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}, [1, 3]),
        ({"id": 9}, [1, 2, 3]),
    ],
)
def test_clearing(asked: dict[str, Any], left: list[int]) -> None:
    kept = CloudProfiles(230.0)
    kept.put(1, made(10.0, number=1), RUNNING)
    kept.put(1, made(11.0, number=2, level=1), RUNNING)
    kept.put(0, made(12.0, "ChargePointMaxProfile", number=3), RUNNING)
    assert kept.clear(asked) == (len(left) < 3)
    assert [one.id for one in kept.kept] == left


def test_a_cloud_that_sends_more_and_more_is_refused() -> None:
    kept = CloudProfiles(230.0)
    taken = [kept.put(1, made(10.0, number=one, level=one), RUNNING) for one in range(MOST_KEPT + 5)]
    assert taken.count(True) == MOST_KEPT


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"]),
            st.integers(0, 3),
            st.integers(0, 64).map(float),
        ),
        max_size=8,
    )
)
def test_never_above_the_whole_chargers_limit_and_always_one_of_those_given(told: list[tuple[str, int, float]]) -> None:
    found = allowed(*(made(limit, purpose, level) for purpose, level, limit in told))
    latest = {(purpose, level): limit for purpose, level, limit in told}
    best = {purpose: latest[purpose, max(of for kind, of in latest if kind == purpose)] for purpose, _ in latest}
    of_it = best.get("TxProfile", best.get("TxDefaultProfile"))
    expected = [one for one in (of_it, best.get("ChargePointMaxProfile")) if one is not None]
    assert found == (min(expected) if expected else None)
