"""Readings by time: what is found is what a look at every single one would find, whatever the clock did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.filled import BEGIN_S, at, filled, spoiled_body

from ampguard.errors import JournalFault
from ampguard.journal.moments import ERROR_LENGTHS, LENGTH_S, Moments
from ampguard.journal.writer import JournalWriter
from ampguard.readings import Interval

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = LENGTH_S[Interval.MINUTE]
ERROR_S = ERROR_LENGTHS * MINUTE
offsets = st.floats(-0.99 * ERROR_S, 0.99 * ERROR_S)


def found(path: Path, interval: Interval, from_s: float, to_s: float) -> list[float]:
    parts = Moments(path).parts(interval, from_s, to_s, frozenset())
    return [end_s for part in parts for end_s in part.ends_s if end_s is not None and from_s <= end_s <= to_s]


@st.composite
def stories(draw: st.DrawFn) -> list[list[float | None]]:
    """Blocks of a unit that is on and off for up to weeks, with a clock that is wrong by this or that, or not set."""
    true_s, blocks = BEGIN_S, []
    for _ in range(draw(st.integers(1, 25))):
        true_s += draw(st.sampled_from((0.0, 1e4, 3e5, 2e6)))
        wrong_s = draw(st.none() | st.just(0.0) | offsets)
        block: list[float | None] = []
        for _ in range(draw(st.integers(1, 4))):
            true_s += MINUTE
            block.append(None if wrong_s is None else round(true_s + wrong_s, 3))
        blocks.append(block)
    return blocks


@settings(deadline=None, max_examples=50)
@given(stories(), st.floats(-1e6, 6e7), st.floats(0.0, 3e7))
def test_all_readings_of_a_span_are_found_though_the_clock_was_stepped(
    tmp_path_factory: pytest.TempPathFactory, story: list[list[float | None]], after_s: float, span_s: float
) -> None:
    path = tmp_path_factory.mktemp("moments") / "j"
    number = 0
    blocks = []
    for block in story:
        blocks.append([at(number + index, end_s, Interval.MINUTE) for index, end_s in enumerate(block)])
        number += len(block)
    filled(path, blocks)
    from_s, to_s = BEGIN_S + after_s, BEGIN_S + after_s + span_s
    every = [end_s for block in story for end_s in block if end_s is not None]
    assert found(path, Interval.MINUTE, from_s, to_s) == [end_s for end_s in every if from_s <= end_s <= to_s]
    dated = [[end_s for end_s in block if end_s is not None] for block in story]
    dated = [block for block in dated if block]
    spans_s = Moments(path).span_s(Interval.MINUTE)
    assert spans_s == ((min(dated[0]), max(dated[-1])) if dated else None)
    assert Moments(path).count(Interval.MINUTE) == number


def test_a_short_span_of_a_long_journal_opens_few_blocks(tmp_path: Path) -> None:
    filled(tmp_path / "j", [[at(n, BEGIN_S + 3600.0 * n, Interval.SECOND)] for n in range(1000)])
    parts = list(Moments(tmp_path / "j").parts(Interval.SECOND, BEGIN_S + 1.8e6, BEGIN_S + 1.81e6, frozenset()))
    assert len(parts) <= 3 + 2 * 2 * ERROR_LENGTHS / 3600 + 2


def test_what_is_not_sealed_yet_is_found_once(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    for n in range(130):
        writer.append([at(n + 1, BEGIN_S + n)])
    assert found(tmp_path / "j", Interval.SECOND, BEGIN_S, BEGIN_S + 1000.0) == [BEGIN_S + n for n in range(130)]
    assert Moments(tmp_path / "j").span_s(Interval.SECOND) == (BEGIN_S, BEGIN_S + 129.0)
    assert Moments(tmp_path / "j").count(Interval.SECOND) == 130
    writer.close()


def test_only_the_columns_that_are_wanted_are_opened(tmp_path: Path) -> None:
    filled(tmp_path / "j", [[at(1, BEGIN_S, current_rms_a=4.0)]])
    (part,) = Moments(tmp_path / "j").parts(Interval.SECOND, BEGIN_S, BEGIN_S, frozenset({"current_rms_a.l1"}))
    assert part.columns.keys() == {"end_utc", "current_rms_a.l1"}
    assert list(part.columns["current_rms_a.l1"]) == [4.0]


@pytest.mark.parametrize("number", range(5))
def test_a_damaged_block_is_told_and_hides_no_other(tmp_path: Path, number: int) -> None:
    filled(tmp_path / "j", [[at(2 * n, BEGIN_S + 2 * n), at(2 * n + 1, BEGIN_S + 2 * n + 1)] for n in range(5)])
    spoiled_body(tmp_path / "j", number)
    parts = list(Moments(tmp_path / "j").parts(Interval.SECOND, BEGIN_S, BEGIN_S + 9.0, frozenset()))
    assert [one.count for one in parts if not one.ends_s] == [2]
    assert found(tmp_path / "j", Interval.SECOND, BEGIN_S, BEGIN_S + 9.0) == [
        BEGIN_S + n for n in range(10) if n // 2 != number
    ]


def test_a_journal_that_is_replaced_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    filled(tmp_path / "j", [[at(n, BEGIN_S + n)] for n in range(40)])
    writer = JournalWriter(tmp_path / "j")
    parts = Moments(tmp_path / "j").parts(Interval.SECOND, BEGIN_S, BEGIN_S + 100.0, frozenset())
    ends_s = [*next(parts).ends_s]
    writer.replace()
    writer.append([at(41, BEGIN_S + 50.0)])
    ends_s += [end_s for part in parts for end_s in part.ends_s]
    assert ends_s == [BEGIN_S + n for n in range(40)]
    assert found(tmp_path / "j", Interval.SECOND, BEGIN_S, BEGIN_S + 100.0) == [BEGIN_S + 50.0]
    writer.close()


def test_without_a_journal_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match="there is no journal yet"):
        Moments(tmp_path / "j").span_s(Interval.SECOND)
