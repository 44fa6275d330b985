"""Profiles as the unit gives them: valid by the schema, never between 0 and 6 A, and over when the lease is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.ampguard.balancing.ocpp.held import Holder

from ampguard.balancing.ocpp import profile, schema
from ampguard.balancing.ocpp.frame import Payload
from ampguard.balancing.ocpp.profile import EARLIER_S, LEAST_A, Leased, Purpose, Rate, Step, fitted, settled_a

currents = st.floats(0.0, 100.0)
moments = st.integers(1_735_689_600_000, 2_000_000_000_000).map(lambda at: datetime.fromtimestamp(at / 1000, UTC))
leases = st.integers(10, 36000).map(lambda one: one / 10)
steps = st.lists(st.tuples(st.integers(1, 3600), currents), max_size=4, unique_by=lambda one: one[0]).map(
    lambda rest: [Step(0, 16.0), *(Step(at, limit) for at, limit in sorted(rest))]
)
INSTANT = timedelta(milliseconds=50)


@given(st.floats() | currents, currents)
def test_a_limit_is_0_or_6_and_more_and_never_above_what_was_meant(limit_a: float, most_a: float) -> None:
    found_a = settled_a(limit_a, most_a)
    assert found_a == 0.0 or found_a >= LEAST_A
    if found_a:
        assert found_a <= min(limit_a, most_a) + 1e-6
        assert found_a > min(limit_a, most_a) - 0.1


@pytest.mark.parametrize(
    ("limit_a", "kept_a"), [(13.25, 13.2), (16.1, 16.1), (32.7, 32.7), (5.99, 0.0), (6.0, 6.0), (0.3, 0.0)]
)
def test_one_decimal_rounded_down(limit_a: float, kept_a: float) -> None:
    assert settled_a(limit_a) == kept_a


@given(st.sampled_from(Purpose), currents, st.sampled_from([Rate(), Rate(230.0), Rate(690.0)]))
def test_a_safe_current_holds_at_any_time(purpose: Purpose, limit_a: float, rate: Rate) -> None:
    connector = 0 if purpose is Purpose.CHARGE_POINT_MAX else 1
    asked = profile.safe(purpose, connector, limit_a, rate)
    assert schema.violation("SetChargingProfile", asked) is None
    assert asked["csChargingProfiles"]["stackLevel"] == 0  # type: ignore[index]  # a payload
    assume(purpose is not Purpose.TX)
    holder = Holder()
    assert holder.take(connector, asked["csChargingProfiles"]) == "Accepted"  # type: ignore[arg-type]  # a payload
    holder.begin(1, datetime(2026, 1, 1, tzinfo=UTC))
    for year in (2026, 2030, 2099):
        held = holder.holds_a(datetime(year, 6, 1, tzinfo=UTC)) / (rate.watts_per_a or 1.0)
        assert held <= max(settled_a(limit_a), 0.0) + 0.06


@given(steps, leases, moments, st.none() | currents)
def test_a_leased_limit_holds_from_now_until_its_lease_is_over(
    given_steps: list[Step], lease_s: float, now: datetime, then_a: float | None
) -> None:
    asked = profile.leased(Leased(Purpose.TX, 1, 1, given_steps, lease_s, 7, then_a), now)
    assert schema.violation("SetChargingProfile", asked) is None
    holder = Holder(most_periods=99)
    holder.begin(7, now - timedelta(hours=1))
    assert holder.take(1, asked["csChargingProfiles"]) == "Accepted"  # type: ignore[arg-type]  # a payload
    for step in given_steps:
        following = [one.offset_s for one in given_steps if one.offset_s > step.offset_s]
        if step.offset_s < lease_s:
            at = now + timedelta(seconds=step.offset_s + 1)
            if min([*following, lease_s]) > step.offset_s + 1:
                assert holder.holds_a(at) == min(32.0, settled_a(step.limit_a))
    over = holder.holds_a(now + timedelta(seconds=lease_s + 2))
    assert over == (32.0 if then_a is None else min(32.0, settled_a(then_a)))


@given(moments, st.floats(-EARLIER_S + 1.1, EARLIER_S - 1.1))
def test_clocks_that_differ_a_little_leave_no_gap(now: datetime, differ_s: float) -> None:
    """The schedule has begun already, whatever the charger's clock says."""
    holder = Holder()
    holder.begin(7, now)
    asked = profile.leased(Leased(Purpose.TX, 1, 1, [Step(0, 10.0)], 30.0, 7), now)
    holder.take(1, asked["csChargingProfiles"])  # type: ignore[arg-type]  # a payload
    assert holder.holds_a(now + timedelta(seconds=differ_s)) == 10.0


@given(st.lists(st.integers(0, 32), min_size=1, max_size=9), st.integers(1, 9))
def test_steps_that_have_no_room_are_never_exceeded(limits: list[int], most: int) -> None:
    told = [Step(10 * number, float(limit)) for number, limit in enumerate(limits)]
    kept = fitted(told, most)
    assert len(kept) <= most
    for step in told:
        assert [one.limit_a for one in kept if one.offset_s <= step.offset_s][-1] <= step.limit_a


def number_of(asked: Payload) -> object:
    return cast("dict[str, object]", asked["csChargingProfiles"])["chargingProfileId"]


def test_ids_never_meet() -> None:
    places = [(purpose, connector) for purpose in Purpose for connector in range(9)]
    numbers = [number_of(profile.safe(purpose, connector, 6.0)) for purpose, connector in places]
    for purpose, connector in places:
        limit = Leased(purpose, connector, 1, [Step(0, 6.0)], 9.0)
        numbers.append(number_of(profile.leased(limit, datetime.now(UTC))))
    assert len(set(numbers)) == len(numbers)
