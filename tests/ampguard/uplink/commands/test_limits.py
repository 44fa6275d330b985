"""Limits are leases: taken, run out, come again, taken back; nothing that is nonsense replaces one."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.phases import Phases
from ampguard.readings import Json
from ampguard.uplink import message
from ampguard.uplink.commands.limits import Held, Limits, limit_of
from ampguard.uplink.documents import examples
from ampguard.uplink.heard import Now, Unusable

UTC_NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def at(monotonic_s: float = 0.0, *, trusted: bool = True, step_s: float = 0.0) -> Now:
    return Now(UTC_NOW + timedelta(seconds=monotonic_s + step_s), monotonic_s, trusted)


def body(issued_s: float = 0.0, each_a: float | None = 16.0, **more: Json) -> dict[str, Json]:
    issued = (UTC_NOW + timedelta(seconds=issued_s)).isoformat()
    return {"issued_utc": issued, "limit_a": {"l1": each_a, "l2": each_a, "l3": None}, "lease_s": 60.0, **more}


def put(limits: Limits, now: Now, issued_s: float = 0.0, each_a: float = 16.0, **more: Json) -> Held | None:
    return limits.heard(limit_of(message.limit(body(issued_s, each_a, **more))), now)


def in_utc(seconds: float) -> str:
    return (UTC_NOW + timedelta(seconds=seconds)).isoformat()


def test_a_limit_holds_until_its_lease_ends() -> None:
    limits = Limits()
    assert limits.holds(0.0) is None
    held = put(limits, at())
    assert held is not None
    assert held.limit.limit_a == Phases(16.0, 16.0, None)
    assert held.told(20.0)["remaining_s"] == 40.0
    assert limits.holds(59.9) is held
    assert limits.holds(60.0) is None


def test_the_time_since_it_was_issued_is_taken_off_where_the_clock_is_set() -> None:
    held = put(Limits(), at(20.0))
    assert held is not None
    assert held.ends_s == pytest.approx(60.0)


def test_where_nobody_has_set_the_clock_the_whole_lease_counts_from_the_first_arrival() -> None:
    limits = Limits()
    years = {"trusted": False, "step_s": -1e8}
    held = put(limits, at(5.0, **years))  # type: ignore[arg-type]  # bool and float by name
    assert held is not None
    assert held.ends_s == pytest.approx(65.0)
    assert put(limits, at(40.0, trusted=False)) is None, "it comes again: its lease runs on"
    assert limits.holds(66.0) is None
    with pytest.raises(Unusable, match="ended"):
        put(limits, at(70.0, trusted=False))


def test_without_a_set_clock_an_end_is_a_duration_from_its_issue() -> None:
    held = put(Limits(), at(5.0, trusted=False, step_s=1e7), lease_s=None, expires_utc=in_utc(30.0))
    assert held is not None
    assert held.ends_s == pytest.approx(35.0)


def test_a_clock_that_steps_later_changes_nothing() -> None:
    limits = Limits()
    held = put(limits, at())
    assert put(limits, at(10.0, step_s=3600.0)) is None
    assert limits.holds(10.0) is held


def test_of_both_ends_the_sooner_counts() -> None:
    for lease_s, until_s in ((10.0, 50.0), (50.0, 10.0)):
        held = put(Limits(), at(), lease_s=lease_s, expires_utc=in_utc(until_s))
        assert held is not None
        assert held.ends_s == pytest.approx(10.0)


def test_what_has_expired_is_said_and_changes_nothing() -> None:
    limits = Limits()
    held = put(limits, at())
    with pytest.raises(Unusable, match="lease ended"):
        put(limits, at(50.0), issued_s=5.0, lease_s=1.0)
    assert limits.holds(50.0) is held


def test_one_that_was_decided_earlier_does_not_replace_one_that_holds() -> None:
    limits = Limits()
    put(limits, at(10.0), issued_s=10.0)
    with pytest.raises(Unusable, match="before the one"):
        put(limits, at(11.0), issued_s=9.0, each_a=32.0)
    with pytest.raises(Unusable, match="before the one"):
        put(limits, at(11.0), issued_s=10.0, each_a=32.0)
    later = put(limits, at(12.0), issued_s=11.0, each_a=6.0)
    assert limits.holds(12.0) is later


def test_one_that_was_issued_in_the_future_is_refused() -> None:
    with pytest.raises(Unusable, match="ahead"):
        put(Limits(), at(), issued_s=61.0)
    held = put(Limits(), at(), issued_s=2.0)
    assert held is not None
    assert held.ends_s == pytest.approx(60.0), "clocks differ a little: never more than the lease"


def test_it_is_taken_back() -> None:
    limits = Limits()
    assert not limits.withdrawn()
    put(limits, at())
    assert limits.withdrawn()
    assert limits.holds(1.0) is None


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"schema": None},
        {"issued_utc": None},
        {"issued_utc": "today"},
        {"issued_utc": 1},
        {"lease_s": None},
        {"lease_s": 0},
        {"lease_s": -1.0},
        {"lease_s": 86401},
        {"lease_s": True},
        {"lease_s": "60"},
        {"expires_utc": "2026-11-21T09:00:00Z"},
        {"expires_utc": "2026-12-21T09:00:00Z", "lease_s": None},
        {"expires_utc": "2026-11-21T10:00:30"},
        {"limit_a": 16.0},
        {"limit_a": {"l1": 16.0}},
        {"limit_a": {"l1": 16.0, "l2": 16.0, "l3": 16.0, "n": 1.0}},
        {"limit_a": {"l1": -1.0, "l2": 16.0, "l3": 16.0}},
        {"limit_a": {"l1": 1001.0, "l2": 16.0, "l3": 16.0}},
        {"limit_a": {"l1": True, "l2": 16.0, "l3": 16.0}},
        {"limit_a": {"l1": None, "l2": None, "l3": None}},
        {"correlation": ""},
        {"correlation": 7},
    ],
)
def test_nonsense_is_refused_and_does_not_replace_one_that_holds(change: dict[str, Json]) -> None:
    limits = Limits()
    held = put(limits, at())
    with pytest.raises(Unusable):
        limits.heard(limit_of(json.dumps({"schema": 1} | body(1.0) | change).encode()), at(1.0))
    assert limits.holds(1.0) is held


def test_the_published_example_is_taken() -> None:
    held = Limits().heard(limit_of(examples.payload("limit")), at(1.0))
    assert held is not None
    assert held.limit.limit_a == Phases(16.0, 20.5, None)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_are_a_defect(payload: bytes) -> None:
    limits = Limits()
    with contextlib.suppress(Unusable):
        limits.heard(limit_of(payload), at())


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes().map(str)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["schema", "issued_utc", "expires_utc", "lease_s", "correlation", "limit_a"]), _VALUES
    ),
    st.booleans(),
    st.floats(-1e9, 1e9),
)
def test_no_fields_are_a_defect_and_no_lease_is_longer_than_a_day(
    change: dict[str, Json],
    trusted: bool,  # noqa: FBT001 - drawn by name
    step_s: float,
) -> None:
    limits = Limits()
    payload = json.dumps({"schema": 1} | body() | change).encode()
    try:
        held = limits.heard(limit_of(payload), at(7.0, trusted=trusted, step_s=step_s))
    except Unusable:
        return
    assert held is not None
    assert 7.0 < held.ends_s <= 7.0 + 86400.0
