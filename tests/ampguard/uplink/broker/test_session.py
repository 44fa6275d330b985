"""The session's table, the waits between tries, and the messages on the wire."""

from __future__ import annotations

import itertools
import json
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ampguard.uplink import message
from ampguard.uplink.backoff import FIRST_S, LONGEST_S, Backoff
from ampguard.uplink.broker.session import TABLE, Do, Event, State, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard.readings import Json

WANTED = {
    (State.IDLE, Event.START): (State.CONNECTING, Do.CONNECT),
    (State.CONNECTING, Event.ACCEPTED): (State.CONNECTED, Do.ANNOUNCE),
    (State.CONNECTING, Event.REFUSED): (State.WAITING, Do.WAIT),
    (State.CONNECTING, Event.LOST): (State.WAITING, Do.WAIT),
    (State.CONNECTED, Event.LOST): (State.WAITING, Do.WAIT),
    (State.WAITING, Event.WAITED): (State.CONNECTING, Do.CONNECT),
}
CAN_FOLLOW = {
    Do.CONNECT: (Event.ACCEPTED, Event.REFUSED, Event.LOST),
    Do.ANNOUNCE: (Event.LOST,),
    Do.WAIT: (Event.WAITED,),
}
"""What can happen once something is done."""


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_state_has_an_answer_to_every_event(state: State, event: Event) -> None:
    assert step(state, event) == WANTED.get((state, event), (state, None))


@pytest.mark.parametrize(("state", "do"), sorted(set(TABLE.values())))
def test_whatever_can_follow_keeps_the_session_going(state: State, do: Do) -> None:
    for event in CAN_FOLLOW[do]:
        assert step(state, event)[1] is not None


@settings(deadline=None)
@given(st.data())
def test_a_session_is_never_at_a_loss(data: st.DataObject) -> None:
    state, do = step(State.IDLE, Event.START)
    for _ in range(30):
        assert do is not None
        event = data.draw(st.sampled_from(CAN_FOLLOW[do]))
        before = state
        state, do = step(state, event)
        assert state is not before
        assert (state is State.CONNECTED) is (event is Event.ACCEPTED)


@settings(deadline=None)
@given(st.integers(), st.integers(1, 60), st.floats(0.01, 10.0), st.floats(10.0, 100.0))
def test_waits_lie_within_a_limit_that_grows_to_the_longest(
    seed: int, failures: int, first_s: float, longest_s: float
) -> None:
    backoff = Backoff(first_s, longest_s, random.Random(seed))
    for number in range(failures):
        assert 0.0 <= backoff.next_s() <= min(longest_s, first_s * 1.5**number)
    backoff.succeeded()
    assert backoff.next_s() <= first_s


def test_years_of_failures_are_no_defect() -> None:
    backoff = Backoff()
    backoff.failures = 10_000_000
    assert 0.0 <= backoff.next_s() <= LONGEST_S


def test_units_that_fail_together_do_not_come_back_together() -> None:
    waits = [Backoff().next_s() for _ in range(200)]
    assert len(set(waits)) == 200
    assert min(waits) < 0.2 * FIRST_S
    assert max(waits) > 0.8 * FIRST_S


def test_the_longest_wait_is_really_used() -> None:
    backoff = Backoff(random=random.Random(1))
    assert max(backoff.next_s() for _ in range(300)) > 0.9 * LONGEST_S


JSON_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=5,
)
BODIES = st.dictionaries(st.text().filter(lambda key: key not in {"schema", "serial"}), JSON_VALUES)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(BODIES)
def test_what_is_said_arrives(body: dict[str, Json]) -> None:
    head = {"schema": 1, "serial": "AG1"}
    assert json.loads(message.live("AG1", body)) == head | body
    assert json.loads(message.wiring("AG1", body)) == head | body
    assert json.loads(message.event("AG1", body)) == head | body


@pytest.mark.parametrize("online", [True, False])
def test_the_state(online: bool) -> None:  # noqa: FBT001 - pytest calls it by name
    assert json.loads(message.state("AG1", online=online)) == {"schema": 1, "serial": "AG1", "online": online}


def test_topics_lie_below_the_unit() -> None:
    lanes = ("state", "live", "records", "event", "wiring")
    assert [message.topic("AG1", lane) for lane in lanes] == [f"ampguard/AG1/{lane}" for lane in lanes]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("say", [message.live, message.wiring])
def test_what_json_does_not_know_is_never_sent(say: Callable[[str, dict[str, Json]], bytes], value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        say("AG1", {"value": value})


def test_messages_are_small() -> None:
    assert b" " not in message.live("AG1", {"a": 1, "b": [1, 2]})


@given(st.text(), st.integers(1, 2**40), st.integers(1, 2**40))
def test_an_acknowledgement_names_its_block(boot: str, first: int, last: int) -> None:
    assert message.read_acknowledged(message.acknowledged(boot, first, last)) == (boot, first, last)


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"null", b'{"boot": 1}', b"\xff", b"[" * 100_000])
def test_nonsense_acknowledges_nothing(payload: bytes) -> None:
    assert message.read_acknowledged(payload) is None
