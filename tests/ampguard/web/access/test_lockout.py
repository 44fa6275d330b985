"""Wrong PINs cost time that no restart, no crowd and no other address gives back; the owner always has a way in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.web.access.clocks import Clock

from ampguard.web.access.ledger import NONE_YET, Failures, Ledger
from ampguard.web.access.lockout import (
    ALLOWANCE,
    FORGET_S,
    LOCKED_FROM,
    MOST_KNOWN,
    MOST_SOURCES,
    REFILL_S,
    WAITS_S,
    Attempt,
    Lockout,
    Wait,
    wait_after,
)
from ampguard.web.access.visit import Lane, Visit, source


class InMemory(Ledger):
    """One that waits for no medium."""

    def __init__(self) -> None:
        self.kept = NONE_YET

    def read(self) -> Failures:
        return self.kept

    def write(self, failures: Failures) -> None:
        self.kept = failures


OWNER = Visit("192.168.1.20", is_over_access_point=False, scheme="https")
PHONE = Visit("192.168.251.7", is_over_access_point=True, scheme="http")


def thief(number: int) -> Visit:
    return Visit(f"10.0.{number // 256}.{number % 256}", is_over_access_point=False, scheme="https")


def begun(lockout: Lockout, visit: Visit) -> Attempt:
    found = lockout.begin(visit)
    assert isinstance(found, Attempt)
    return found


def fail(lockout: Lockout, clock: Clock, visit: Visit, times: int) -> None:
    for _ in range(times):
        clock.after(lockout.wait_s(visit))
        begun(lockout, visit)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web" / "failures.json"


def started(path: Path, clock: Clock) -> Lockout:
    return Lockout(Ledger(path), clock.now_s, clock.utc)


def test_two_slips_cost_nothing_and_then_each_one_costs_more(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    waits: list[float] = []
    for _ in range(25):
        clock.after(lockout.wait_s(OWNER))
        begun(lockout, OWNER)
        waits.append(wait_after(len(waits) + 1))
        assert lockout.wait_s(OWNER) >= waits[-1]
    assert waits[:3] == [0.0, 0.0, 5.0]
    assert waits == sorted(waits)
    assert waits[LOCKED_FROM - 1] == 900.0
    assert waits[-1] == WAITS_S[-1][1]


def test_who_must_wait_is_told_how_long_and_that_it_does_not_grow_by_asking(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    fail(lockout, clock, OWNER, 3)
    clock.after(2.0)
    assert [lockout.begin(OWNER) for _ in range(5)] == [Wait(3.0)] * 5
    clock.after(3.0)
    assert begun(lockout, OWNER).failures == 4


def test_the_failure_is_on_the_medium_before_anything_is_compared(path: Path, clock: Clock) -> None:
    attempt = begun(started(path, clock), OWNER)
    assert json.loads(path.read_text())["failures"] == {OWNER.source: 1}  # a kill here has failed
    assert begun(started(path, clock), OWNER).failures == attempt.failures + 1


@given(times=st.integers(3, 12), passed_s=st.integers(0, 3600))
def test_a_restart_keeps_the_count_and_begins_the_wait_anew(times: int, passed_s: int) -> None:
    ledger, clock = InMemory(), Clock()
    fail(Lockout(ledger, clock.now_s, clock.utc), clock, OWNER, times)
    clock.after(passed_s)
    again = Lockout(ledger, clock.now_s, clock.utc)
    assert again.wait_s(OWNER) == wait_after(times)
    clock.after(wait_after(times))
    assert begun(again, OWNER).failures == times + 1


def test_the_right_pin_wipes_its_sources_slate_and_nobody_elses(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    fail(lockout, clock, OWNER, 5)
    fail(lockout, clock, thief(1), 6)
    clock.after(lockout.wait_s(OWNER))
    lockout.succeeded(begun(lockout, OWNER))
    for one in (lockout, started(path, clock)):
        assert one.wait_s(OWNER) == 0.0
        assert one.wait_s(thief(1)) > 0.0


def test_a_day_without_trying_is_a_new_beginning(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    fail(lockout, clock, OWNER, 12)
    clock.after(FORGET_S + 1)
    assert begun(lockout, OWNER).failures == 1


@settings(max_examples=20, deadline=None)
@given(sources=st.integers(1, 400), hours=st.integers(1, 48))
def test_all_sources_together_guess_no_more_than_the_allowance(sources: int, hours: int) -> None:
    clock = Clock()
    lockout = Lockout(InMemory(), clock.now_s, clock.utc)
    guesses = 0
    for _ in range(hours * 4):
        guesses += sum(isinstance(lockout.begin(thief(one)), Attempt) for one in range(sources))
        clock.after(900.0)
    assert guesses <= ALLOWANCE + hours * 3600.0 / REFILL_S


def test_a_crowd_of_strangers_closes_neither_the_access_point_nor_who_was_in_before(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    lockout.succeeded(begun(lockout, OWNER))
    for one in range(ALLOWANCE):
        begun(lockout, thief(one))
    stranger = Visit("192.168.1.99", is_over_access_point=False, scheme="https")
    for now in (lockout, started(path, clock)):
        assert 0.0 < now.wait_s(stranger) <= REFILL_S
        assert now.wait_s(OWNER) == 0.0
        assert now.wait_s(PHONE) == 0.0


def test_being_known_is_no_licence_to_guess(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    lockout.succeeded(begun(lockout, OWNER))
    fail(lockout, clock, OWNER, LOCKED_FROM)
    assert lockout.wait_s(OWNER) == 900.0
    assert lockout.locked_sources() == (OWNER.source,)


def test_failures_on_the_access_point_are_not_those_of_the_same_address_on_the_lan(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    fail(lockout, clock, PHONE, 8)
    assert lockout.wait_s(Visit(PHONE.source, is_over_access_point=False, scheme="https")) == 0.0


def test_who_signs_in_is_told_what_failed_meanwhile_and_the_next_one_is_not(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    fail(lockout, clock, thief(1), 2)
    clock.said_utc = None
    fail(lockout, clock, thief(2), 1)
    again = started(path, clock)
    since = again.succeeded(begun(again, OWNER))
    assert [(one.source, one.count, one.last_utc) for one in since.told] == [
        ("10.0.0.1", 2, "2026-11-22T10:00:00.000+00:00"),
        ("10.0.0.2", 1, None),
    ]
    assert again.succeeded(begun(again, OWNER)).count == 0


def test_however_many_sources_fail_only_so_many_are_kept_and_the_worst_stay(path: Path, clock: Clock) -> None:
    ledger = InMemory()
    lockout = Lockout(ledger, clock.now_s, clock.utc)
    fail(lockout, clock, thief(0), 12)
    for one in range(1, MOST_SOURCES + 50):
        clock.after(REFILL_S)
        begun(lockout, thief(one))
    Ledger(path).write(ledger.kept)
    assert Ledger(path).read() == ledger.kept
    kept = json.loads(path.read_text())
    assert len(kept["failures"]) == MOST_SOURCES
    assert kept["failures"][thief(0).source] == 12
    assert len(kept["told"]) + kept["more"] > 0
    assert sum(one["count"] for one in kept["told"]) + kept["more"] == 12 + MOST_SOURCES + 49
    assert path.stat().st_size < 1 << 16


def test_only_so_many_are_known_and_the_one_that_came_longest_ago_goes(path: Path, clock: Clock) -> None:
    lockout = started(path, clock)
    for one in range(MOST_KNOWN + 1):
        lockout.succeeded(begun(lockout, thief(one)))
    assert json.loads(path.read_text())["known"] == [thief(one).source for one in range(1, MOST_KNOWN + 1)]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"failures": {"x": -5}}', b"\xff" * 100])
def test_a_file_that_cannot_be_understood_is_taken_for_the_worst(path: Path, clock: Clock, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    lockout = started(path, clock)
    assert all(lockout.wait_s(one) == REFILL_S for one in (OWNER, PHONE))
    clock.after(REFILL_S)
    begun(lockout, OWNER)


def test_a_medium_that_takes_nothing_keeps_nobody_out_and_counts_all_the_same(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "web").write_text("a file where the folder should be")
    lockout = started(tmp_path / "web" / "failures.json", clock)
    fail(lockout, clock, OWNER, 4)
    assert lockout.fault is not None
    assert lockout.wait_s(OWNER) >= wait_after(4)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("testclient", "unknown"),
        ("../../etc", "unknown"),
    ],
)
def test_what_counts_as_one_source(address: str | None, wanted: str) -> None:
    assert source(address) == wanted


def test_each_lane_has_a_name_that_the_log_can_say() -> None:
    assert {str(lane) for lane in Lane} == {"access point", "known", "others"}
