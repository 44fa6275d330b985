"""The table of joining: it ends where it should, with a reason for every failure, and loses nothing on the way."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.network.join import BEGINNING, LIMIT_S, TABLE, UNDER_WAY, Attempt, Do, Event, State, step
from ampguard.network.numbers import StateReason
from ampguard.network.reason import SENTENCES, Reason, of_failure

AT_REST = {State.IDLE, State.JOINED, State.FAILED}
COMES_OF = {
    State.LEAVING: Event.LEFT,
    State.ASSOCIATING: Event.ASSOCIATED,
    State.ADDRESSING: Event.ADDRESSED,
    State.CHECKING: Event.ANSWERED,
    State.KEEPING: Event.KEPT,
    State.RESTORING: Event.OPENED,
}
EVENTS = st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(Reason)), max_size=40)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_what_is_not_in_the_table_changes_nothing(state: State, event: Event) -> None:
    attempt = Attempt(state, Reason.TIMEOUT if state is State.FAILED else None)
    after, todo = step(attempt, event, Reason.REFUSED)
    if (state, event) in TABLE:
        assert (after.state, todo) == TABLE[state, event]
    else:
        assert (after, todo) == (attempt, ())


@given(EVENTS)
def test_a_failure_always_has_a_reason_and_a_success_never(events: list[tuple[Event, Reason]]) -> None:
    attempt = BEGINNING
    for event, reason in events:
        attempt, _ = step(attempt, event, reason)
        assert (attempt.reason is not None) == (attempt.state in {State.RESTORING, State.FAILED})


@given(EVENTS)
def test_whatever_happened_it_can_still_end_joined_or_with_the_access_point_open(
    events: list[tuple[Event, Reason]],
) -> None:
    attempt = BEGINNING
    for event, reason in events:
        attempt, _ = step(attempt, event, reason)
    steps = 0
    while attempt.state not in AT_REST:
        attempt, _ = step(attempt, COMES_OF[attempt.state])
        steps += 1
    assert steps <= len(COMES_OF)


@given(EVENTS)
def test_time_alone_ends_every_attempt_at_the_access_point(events: list[tuple[Event, Reason]]) -> None:
    attempt = BEGINNING
    for event, reason in events:
        attempt, _ = step(attempt, event, reason)
    if attempt.state in AT_REST:
        return
    attempt, todo = step(attempt, Event.LATE)
    assert attempt.state is State.RESTORING
    assert Do.OPEN_ACCESS_POINT in todo


@given(EVENTS)
def test_a_profile_is_kept_only_after_it_has_worked_and_dropped_only_before(events: list[tuple[Event, Reason]]) -> None:
    attempt, active, done = BEGINNING, False, list[Do]()
    for event, reason in events:
        before = attempt.state
        attempt, todo = step(attempt, event, reason)
        done += todo
        if Do.ACTIVATE in todo:
            active = True
        if Do.KEEP in todo:
            # never without an address and an answer of the gateway
            assert (active, before, event) == (True, State.CHECKING, Event.ANSWERED)
        if Do.DROP in todo:
            # what is dropped is the new one, and a phone can come back
            assert Do.OPEN_ACCESS_POINT in todo
            active = False
        if attempt.state is State.JOINED:
            assert active
    assert Do.KEEP not in done or Do.ACTIVATE in done


@given(EVENTS)
def test_the_first_reason_stays_until_somebody_asks_again(events: list[tuple[Event, Reason]]) -> None:
    attempt = BEGINNING
    for event, reason in events:
        before = attempt
        attempt, _ = step(attempt, event, reason)
        if before.reason is not None and not (event is Event.ASKED and attempt.state is State.LEAVING):
            assert attempt.reason is before.reason


@given(EVENTS)
def test_nobody_who_asks_meanwhile_disturbs_what_is_under_way(events: list[tuple[Event, Reason]]) -> None:
    attempt = BEGINNING
    for event, reason in events:
        attempt, _ = step(attempt, event, reason)
        if attempt.state in UNDER_WAY:
            assert step(attempt, Event.ASKED) == (attempt, ())


def test_every_state_in_which_something_is_awaited_has_a_limit() -> None:
    assert set(LIMIT_S) == UNDER_WAY == set(COMES_OF)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.LEAVING, Reason.TIMEOUT),
        (State.ASSOCIATING, Reason.TIMEOUT),
        (State.ADDRESSING, Reason.NO_DHCP),
        (State.CHECKING, Reason.NO_GATEWAY),
        (State.KEEPING, Reason.TIMEOUT),
    ],
)
def test_what_lasts_too_long_says_what_was_missing(state: State, reason: Reason) -> None:
    assert step(Attempt(state, None), Event.LATE)[0].reason is reason


def test_a_signal_that_is_missed_does_not_stop_it() -> None:
    attempt, todo = step(Attempt(State.ASSOCIATING, None), Event.ADDRESSED)
    assert (attempt.state, todo) == (State.CHECKING, (Do.ASK_GATEWAY,))


@pytest.mark.parametrize("why", list(StateReason))
@pytest.mark.parametrize("has_password", [True, False])
@pytest.mark.parametrize("has_dhcp", [True, False])
def test_a_reason_fits_how_it_was_tried(why: StateReason, has_password: bool, has_dhcp: bool) -> None:  # noqa: FBT001 - pytest calls it by name
    reason = of_failure(why, has_password=has_password, has_dhcp=has_dhcp)
    assert has_password or reason is not Reason.WRONG_PASSWORD
    assert has_dhcp or reason is not Reason.NO_DHCP


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (7, Reason.WRONG_PASSWORD),
        (8, Reason.WRONG_PASSWORD),
        (9, Reason.WRONG_PASSWORD),
        (5, Reason.NO_DHCP),
        (15, Reason.NO_DHCP),
        (16, Reason.NO_DHCP),
        (17, Reason.NO_DHCP),
        (53, Reason.NOT_FOUND),
        (11, Reason.TIMEOUT),
        (64, Reason.ADDRESS_TAKEN),
        (1, Reason.REFUSED),
    ],
)
def test_numbers_of_networkmanager_mean_what_its_header_says(number: int, reason: Reason) -> None:
    assert of_failure(StateReason(number), has_password=True, has_dhcp=True) is reason


def test_every_reason_has_one_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(Reason)
    assert len(set(SENTENCES.values())) == len(Reason)
    assert all(sentence.endswith((".", "?")) for sentence in SENTENCES.values())
