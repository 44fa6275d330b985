"""The vocabulary of phases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phases import Phase, PhaseOrder, Phases


def test_there_are_exactly_three_phases() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        Phases.of([1.0, 2.0])
    with pytest.raises(ValueError, match="too many values"):
        Phases.of([1.0, 2.0, 3.0, 4.0])


@given(st.tuples(st.integers(), st.integers(), st.integers()))
def test_values_come_out_in_the_order_they_went_in(values: tuple[int, int, int]) -> None:
    phases = Phases.of(values)
    assert tuple(phases) == values
    assert tuple(phases[phase] for phase in Phase) == values
    assert tuple(phases.map(lambda value: value + 1)) == tuple(value + 1 for value in values)


def test_an_order_is_written_as_the_phases_follow() -> None:
    assert [str(order) for order in PhaseOrder] == ["L1-L2-L3", "L3-L2-L1"]
