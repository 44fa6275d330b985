"""How long a finding has held: without a break, in the windows' own time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.chronicle.supplied import WINDOW_S, grid, window

from ampguard.chronicle.spell import Streak


@given(holds=st.lists(st.booleans(), min_size=1, max_size=40), wanted=st.integers(1, 5))
def test_a_streak_is_as_long_as_the_windows_since_the_latest_break(holds: list[bool], wanted: int) -> None:
    streak = Streak()
    for number, one in enumerate(holds):
        streak.follow(window(grid(230.0), start_s=number * WINDOW_S), holds=one)
    unbroken = next((count for count, one in enumerate(reversed(holds)) if not one), len(holds))
    assert streak.since_s == (None if unbroken == 0 else (len(holds) - unbroken) * WINDOW_S)
    assert streak.lasted((wanted - 0.5) * WINDOW_S) == (unbroken >= wanted)
