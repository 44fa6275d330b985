"""The record lane: whatever is lost, refused or doubled on the way, the position moves over what is committed only."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from ampguard.uplink.lanes.lane import LONGEST_PATIENCE_S, PATIENCE_S, WINDOW, Batch, RecordLane


def batch(number: int) -> Batch:
    return Batch("boot", 10 * number + 1, 10 * number + 10, 10 * number + 10)


def test_one_batch_first_and_a_window_once_the_other_side_speaks() -> None:
    lane = RecordLane(0)
    lane.sent(batch(0), 0.0)
    assert not lane.has_room
    assert lane.committed(batch(0).name, 1.0)
    for number in range(1, 1 + WINDOW):
        assert lane.has_room
        lane.sent(batch(number), 1.0)
    assert not lane.has_room
    assert (lane.position, lane.next_position) == (10, 10 * WINDOW + 10)


def test_a_word_out_of_order_moves_nothing_until_the_first_is_there() -> None:
    lane = RecordLane(0)
    lane.sent(batch(0), 0.0)
    lane.committed(batch(0).name, 0.0)
    lane.sent(batch(1), 0.0)
    lane.sent(batch(2), 0.0)
    assert not lane.committed(batch(2).name, 0.0)
    assert lane.position == 10
    assert lane.committed(batch(1).name, 0.0)
    assert lane.position == 30


def test_silence_sends_again_and_ever_later() -> None:
    lane, now_s, waited_s = RecordLane(0), 0.0, []
    for _ in range(8):
        lane.sent(batch(0), now_s)
        begin_s = now_s
        while not lane.give_up(now_s):
            now_s += 1.0
        waited_s.append(now_s - begin_s)
        assert lane.next_position == 0
    assert waited_s[0] == PATIENCE_S
    assert waited_s == sorted(waited_s)
    assert waited_s[-1] == LONGEST_PATIENCE_S


def test_a_new_connection_begins_with_short_patience_where_it_was() -> None:
    lane = RecordLane(0)
    lane.sent(batch(0), 0.0)
    assert lane.give_up(PATIENCE_S)
    lane.sent(batch(0), 100.0)
    lane.restart(0)
    lane.sent(batch(0), 200.0)
    assert not lane.give_up(200.0 + PATIENCE_S - 1.0)
    assert lane.give_up(200.0 + PATIENCE_S)


def test_a_batch_that_does_not_follow_is_a_defect() -> None:
    lane = RecordLane(10)
    with pytest.raises(ValueError, match="does not follow"):
        lane.sent(batch(0), 0.0)


class Line(RuleBasedStateMachine):
    """A unit, a line that loses and doubles, and a cloud."""

    on_the_line = Bundle("on_the_line")
    words = Bundle("words")

    def __init__(self) -> None:
        super().__init__()
        self.lane = RecordLane(0)
        self.now_s = 0.0
        self.committed: set[int] = set()

    @precondition(lambda self: self.lane.has_room)
    @rule(target=on_the_line, length=st.integers(1, 5))
    def send(self, length: int) -> Batch:
        first = self.lane.next_position + 1
        made = Batch("boot", first, first + length - 1, first + length - 1)
        self.lane.sent(made, self.now_s)
        return made

    @rule(target=words, arrived=on_the_line)
    def commit(self, arrived: Batch) -> Batch:
        self.committed |= set(range(arrived.first_sequence, arrived.last_sequence + 1))
        return arrived

    @rule(lost=consumes(on_the_line))
    def lose(self, lost: Batch) -> None:
        assert lost.position > 0

    @rule(word=words)
    def hear(self, word: Batch) -> None:
        self.lane.committed(word.name, self.now_s)

    @rule(passed_s=st.floats(0.0, 700.0))
    def wait(self, passed_s: float) -> None:
        self.now_s += passed_s
        self.lane.give_up(self.now_s)

    @rule()
    def reconnect(self) -> None:
        self.lane.restart(self.lane.position)

    @invariant()
    def nothing_before_the_position_is_missing(self) -> None:
        assert set(range(1, self.lane.position + 1)) <= self.committed


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
