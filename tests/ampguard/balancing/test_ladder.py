"""The ladder: what holds at each loss, and when it is left."""

from __future__ import annotations

import pytest

from ampguard.balancing.ladder import CloudLadder, Leader, MeterLadder, Rung
from ampguard.balancing.leases import Lease, LeaseState
from ampguard.balancing.observation import CloudLimit


@pytest.mark.parametrize(
    ("age_s", "rung"),
    [(0.0, Rung.FRESH), (1.0, Rung.FRESH), (1.1, Rung.LATE), (4.0, Rung.LATE), (4.1, Rung.STALE), (15.0, Rung.STALE),
     (15.1, Rung.LOST), (9000.0, Rung.LOST)],
)  # fmt: skip
def test_the_meter_s_age_makes_the_rung(age_s: float, rung: Rung) -> None:
    ladder = MeterLadder()
    ladder.step(100.0, 100.0)
    assert ladder.step(100.0, 100.0 + age_s) is rung


def test_lost_is_left_after_three_samples_over_two_seconds() -> None:
    ladder = MeterLadder()
    ladder.step(100.0, 100.0)
    assert ladder.step(100.0, 120.0) is Rung.LOST
    found = [ladder.step(at, at + 0.1) for at in (130.0, 130.5, 131.0, 131.5, 132.0)]
    assert found == [Rung.LOST] * 4 + [Rung.FRESH]


def test_a_meter_that_comes_and_goes_stays_lost() -> None:
    ladder = MeterLadder()
    ladder.step(100.0, 100.0)
    ladder.step(100.0, 119.0)
    for now_s in range(120, 200, 3):
        assert ladder.step(float(now_s), float(now_s)) is Rung.LOST
        assert ladder.step(float(now_s), now_s + 1.5) is Rung.LOST


def test_a_start_believes_the_first_sample() -> None:
    assert MeterLadder().step(100.0, 100.2) is Rung.FRESH
    assert MeterLadder().step(None, 100.2) is Rung.LOST


def test_a_cloud_leads_after_three_renewals_in_time_and_no_longer_than_it_says() -> None:
    ladder = CloudLadder()
    found = [ladder.step([CloudLimit(16.0, now_s + 30.0)], now_s) for now_s in (0.0, 10.0, 20.0)]
    assert found == [Leader.UNIT, Leader.UNIT, Leader.CLOUD]
    assert ladder.step([CloudLimit(16.0, 50.0)], 49.0) is Leader.CLOUD
    assert ladder.step([CloudLimit(16.0, 50.0)], 50.0) is Leader.UNIT
    assert ladder.step([CloudLimit(16.0, 90.0)], 60.0) is Leader.UNIT


def test_a_lease_is_renewed_three_times_before_it_ends() -> None:
    lease = Lease(16.0, 100.0)
    assert [lease.is_due(now_s) for now_s in (109.9, 110.0)] == [False, True]
    assert lease.until_s == 130.0
    assert lease.state(500.0, is_heard=True) is LeaseState.RUNNING
    assert lease.state(129.0, is_heard=False) is LeaseState.UNHEARD
    assert lease.state(136.0, is_heard=False) is LeaseState.ENDED
