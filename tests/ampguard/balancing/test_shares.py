"""Shares: nobody could have more without somebody losing who has relatively less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.shares import Scarce, Sharer, shared

SHARERS = st.lists(
    st.tuples(st.floats(0.0, 6.0), st.floats(0.0, 26.0), st.floats(0.5, 4.0)).map(
        lambda one: Sharer(one[0], one[0] + one[1], one[2])
    ),
    min_size=1,
    max_size=8,
)
USES = st.lists(st.tuples(*(st.booleans() for _ in range(3))), min_size=8, max_size=8)


def test_what_there_is_is_shared_alike() -> None:
    sharers = [Sharer(6.0, 32.0, 1.0), Sharer(6.0, 32.0, 1.0)]
    assert shared([Scarce(24.0, [1.0, 1.0])], sharers) == [12.0, 12.0]


def test_what_one_cannot_take_goes_to_the_others() -> None:
    sharers = [Sharer(6.0, 8.0, 1.0), Sharer(6.0, 32.0, 1.0)]
    assert shared([Scarce(24.0, [1.0, 1.0])], sharers) == [8.0, 16.0]


def test_twice_the_weight_is_twice_the_share() -> None:
    sharers = [Sharer(0.0, 32.0, 1.0), Sharer(0.0, 32.0, 2.0)]
    assert shared([Scarce(24.0, [1.0, 1.0])], sharers) == [8.0, 16.0]


def test_who_is_not_on_the_full_phase_gets_more() -> None:
    sharers = [Sharer(0.0, 32.0, 1.0), Sharer(0.0, 32.0, 1.0), Sharer(0.0, 32.0, 1.0)]
    rows = [Scarce(10.0, [1.0, 1.0, 0.0]), Scarce(25.0, [0.0, 1.0, 1.0])]
    assert shared(rows, sharers) == [5.0, 5.0, 20.0]


def test_the_least_is_given_even_where_it_is_too_much() -> None:
    assert shared([Scarce(5.0, [1.0, 1.0])], [Sharer(6.0, 32.0, 1.0)] * 2) == [6.0, 6.0]


@given(SHARERS, USES, st.lists(st.floats(0.0, 80.0), min_size=3, max_size=3))
def test_shares_are_fair_and_there_is_enough(
    sharers: list[Sharer], uses: list[tuple[bool, ...]], totals_a: list[float]
) -> None:
    rows = [
        Scarce(total_a, [float(uses[number][row]) for number in range(len(sharers))])
        for row, total_a in enumerate(totals_a)
    ]
    given_a = shared(rows, sharers)
    leasts_a = [one.least_a for one in sharers]
    taken = [sum(use * one for use, one in zip(row.uses_ratio, given_a, strict=True)) for row in rows]
    least = [sum(use * one for use, one in zip(row.uses_ratio, leasts_a, strict=True)) for row in rows]
    for row, taken_a, least_a in zip(rows, taken, least, strict=True):
        assert taken_a <= max(row.total_a, least_a) + 1e-6
    for number, (one, share_a) in enumerate(zip(sharers, given_a, strict=True)):
        assert one.least_a <= share_a <= one.most_a
        if (
            share_a < one.most_a - 1e-6
        ):  # something that he uses is used up, by nobody who has relatively more for nothing
            full = [
                row
                for row, taken_a in zip(rows, taken, strict=True)
                if row.uses_ratio[number] and taken_a >= row.total_a - 1e-6
            ]
            assert any(
                all(
                    given_a[other]
                    <= max(sharers[other].least_a, share_a / one.weight_ratio * sharers[other].weight_ratio) + 1e-6
                    for other, use in enumerate(row.uses_ratio)
                    if use
                )
                for row in full
            ) or share_a == pytest.approx(one.least_a)
