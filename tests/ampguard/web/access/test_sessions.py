"""A session is what its cookie says, for as long as it lasts, on the scheme it began with, and nothing else is."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.web.access.clocks import Clock

from ampguard.web.access.ledger import Since
from ampguard.web.access.sessions import ABSOLUTE_S, IDLE_S, MOST, Session, Sessions, is_same

NOTHING = Since((), 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock.now_s)


def begun(sessions: Sessions, scheme: str = "https") -> tuple[str, Session]:
    return sessions.begin(scheme, "192.0.2.7", NOTHING)


def test_its_name_finds_it_on_its_own_scheme_only(sessions: Sessions) -> None:
    for scheme, other in (("https", "http"), ("http", "https")):
        name, session = begun(sessions, scheme)
        assert sessions.find(scheme, name) is session
        assert sessions.find(other, name) is None


@given(st.text(max_size=200))
def test_no_other_name_finds_any(name: str) -> None:
    sessions = Sessions(Clock().now_s)
    begun(sessions)
    assert sessions.find("https", name) is None


def test_names_and_words_are_never_the_same_twice_and_256_bits_long(sessions: Sessions) -> None:
    made = [begun(sessions) for _ in range(MOST)]
    secrets = {name for name, _ in made} | {session.csrf for _, session in made}
    assert len(secrets) == 2 * MOST
    assert {len(one) for one in secrets} == {43}


def test_memory_holds_no_name(sessions: Sessions, clock: Clock) -> None:
    name, session = begun(sessions)
    kept = pickle.dumps(sessions._sessions)
    assert name.encode() not in kept
    assert session.csrf not in repr(session)
    assert clock.at_s == session.begun_s


def test_it_ends_when_nobody_uses_it(sessions: Sessions, clock: Clock) -> None:
    name, session = begun(sessions)
    clock.after(IDLE_S)
    assert sessions.find("https", name) is session
    clock.after(IDLE_S + 1)
    assert sessions.is_over(session)
    assert sessions.find("https", name) is None


def test_it_ends_at_last_however_much_it_is_used(sessions: Sessions, clock: Clock) -> None:
    name, session = begun(sessions)
    for _ in range(int(ABSOLUTE_S / IDLE_S)):
        clock.after(IDLE_S)
        assert sessions.find("https", name) is session
    clock.after(1.0)
    assert sessions.find("https", name) is None


def test_looking_whether_it_is_over_is_no_use_of_it(sessions: Sessions, clock: Clock) -> None:
    _, session = begun(sessions)
    clock.after(IDLE_S)
    assert not sessions.is_over(session)
    clock.after(1.0)
    assert sessions.is_over(session)


def test_who_signs_out_is_out_and_nobody_else(sessions: Sessions) -> None:
    (name, session), (other, stays) = begun(sessions), begun(sessions)
    sessions.end(session)
    assert sessions.find("https", name) is None
    assert sessions.find("https", other) is stays


def test_signing_out_everywhere_leaves_none(sessions: Sessions) -> None:
    names = [begun(sessions, scheme)[0] for scheme in ("https", "http", "https")]
    assert sessions.end_all() == 3
    assert all(sessions.find(scheme, name) is None for name in names for scheme in ("https", "http"))
    assert sessions.count == 0


def test_the_one_that_was_used_longest_ago_makes_room(sessions: Sessions, clock: Clock) -> None:
    made: list[str] = []
    for _ in range(MOST):
        made.append(begun(sessions)[0])
        clock.after(1.0)
    sessions.find("https", made[0])
    begun(sessions)
    assert sessions.count == MOST
    assert sessions.find("https", made[1]) is None
    assert sessions.find("https", made[0]) is not None


@given(st.text(), st.text(st.characters(codec="ascii")))
def test_secrets_are_compared_whatever_they_are(told: str, wanted: str) -> None:
    assert is_same(told, wanted) is (told == wanted)
