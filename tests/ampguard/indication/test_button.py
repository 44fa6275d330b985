"""The button's table: every length of a press has one meaning, and each is seen while it is held."""

from __future__ import annotations

import itertools
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.indication.button import ANSWERS, ENDING, HOLDS_S, REFUSED, STAGES, Wish
from ampguard.indication.pattern import OUT, Pattern, named
from ampguard_drivers.button.press import Action, PressTable
from ampguard_drivers.lights.panel import DARK, LightColours

LOOK_S = 0.01


def held_for(duration_s: float) -> tuple[list[Pattern | None], Wish | None]:
    """What is shown one after the other while the button is held, and what comes when it is let go."""
    table = PressTable(debounce_s=0.03, hold_stages_s=HOLDS_S)
    shown: list[Pattern | None] = []
    looks = round(duration_s / LOOK_S)
    for number in range(looks + 10):
        for event in table.observe(round(number * LOOK_S * 1e9), low=number < looks):
            if event.action is Action.RELEASED:
                return shown, STAGES[event.stage].wish
            shown.append(STAGES[event.stage].shown)
    raise AssertionError("it was never let go")


@pytest.mark.parametrize(
    ("duration_s", "wish"),
    [
        (0.1, Wish.REBOOT),
        (2.9, Wish.REBOOT),
        (3.1, Wish.ACCESS_POINT),
        (9.9, Wish.ACCESS_POINT),
        (10.1, Wish.FACTORY_RESET),
        (19.9, Wish.FACTORY_RESET),
        (20.1, None),
        (60.0, None),
    ],
)
def test_how_long_decides_what(duration_s: float, wish: Wish | None) -> None:
    assert held_for(duration_s)[1] is wish


@given(st.floats(0.05, 25.0))
def test_what_comes_is_what_was_shown_last(duration_s: float) -> None:
    shown, wish = held_for(duration_s)
    last = next(stage for stage in reversed(STAGES) if stage.shown is shown[-1])
    assert last.wish is wish
    assert shown == [stage.shown for stage in STAGES[: len(shown)]]


def test_the_stages_rise_and_every_wish_has_one_and_an_answer() -> None:
    assert all(one.from_s < other.from_s for one, other in itertools.pairwise(STAGES))
    assert STAGES[0].from_s == 0.0
    assert sorted(stage.wish for stage in STAGES if stage.wish is not None) == sorted(Wish)
    assert set(ANSWERS) == set(Wish)
    assert STAGES[-1].wish is None, "there is a way out"
    assert STAGES[-1].from_s - STAGES[-2].from_s >= 5.0, "and time to see where one is"


def pictures(pattern: Pattern, over_s: float = 2.0) -> tuple[LightColours, ...]:
    """What is seen, every 50 ms."""
    return tuple(pattern.at(number * 0.05) for number in range(round(over_s / 0.05)))


def test_no_two_patterns_look_alike() -> None:
    seen = [stage.shown for stage in STAGES if stage.shown is not None]
    seen += [*(answer.shown for answer in ANSWERS.values()), REFUSED.shown]
    looks = {pictures(pattern) for pattern in seen}
    assert len(looks) == len(seen)
    assert ENDING.shown == OUT


def test_who_sees_no_tempo_still_tells_the_stages_apart() -> None:
    # somebody who looks for a moment, or does not see red and green: other lights are lit in each stage
    lit = [
        frozenset(
            light for picture in pictures(stage.shown) for light, colour in named(picture).items() if colour != "off"
        )
        for stage in STAGES
        if stage.shown is not None
    ]
    assert len(set(lit)) == len(lit)


def test_nothing_flashes_more_than_three_times_a_second() -> None:
    patterns = [stage.shown for stage in STAGES if stage.shown is not None]
    patterns += [answer.shown for answer in (*ANSWERS.values(), REFUSED, ENDING)]
    for pattern in patterns:
        seen = pictures(pattern, 1.0)
        flashes = sum(one != other for one, other in itertools.pairwise(seen)) / 2
        assert flashes <= 3.0, "WCAG 2.2, 2.3.1: whoever has photosensitive epilepsy looks at it too"


@given(
    st.builds(LightColours, **{field.name: st.sampled_from(type(getattr(DARK, field.name))) for field in fields(DARK)}),
    st.builds(LightColours, **{field.name: st.sampled_from(type(getattr(DARK, field.name))) for field in fields(DARK)}),
    st.sampled_from([0.1, 0.25, 0.5, 1.0]),
    st.integers(0, 1000),
)
def test_a_pattern_shows_its_two_pictures_by_turns(
    first: LightColours, then: LightColours, turn_s: float, turns: int
) -> None:
    pattern = Pattern(first, then, turn_s)
    assert pattern.at((turns + 0.5) * turn_s) == (then if turns % 2 else first)
    for light, colour in named(first).items():
        assert (light in pattern.words) or (colour == "off" and named(then)[light] == "off")


def test_only_the_way_out_stands_still() -> None:
    still = [stage for stage in STAGES if stage.shown is not None and len(set(pictures(stage.shown))) == 1]
    assert still == [STAGES[-1]]
