"""What the guided check says can be said in each language, with the very same numbers and names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.catalogue import LANGUAGES, Words
from ampguard.phases import Phase, Phases
from ampguard.phrase import Phrase
from ampguard.wiring import check_words
from ampguard.wiring.check_size import Size
from ampguard.wiring.check_weigh import Kind, Placing

OTHERS = [language for language in LANGUAGES if language != "en"]
PLACINGS = st.builds(
    lambda places: Placing(
        Phases.of(place for place, _ in places), Phases.of(turned and place is not None for place, turned in places)
    ),
    st.tuples(*[st.tuples(st.sampled_from([None, 0, 1, 2]), st.booleans())] * 3),
)


def facts(text: str) -> list[str]:
    """Names of phases and numbers, in whichever order."""
    return sorted(re.findall(r"L[123]|\d+(?:\.\d+)?", text.replace(",", ".").replace(". ", " ")))


def said_alike(one: str) -> None:
    assert isinstance(one, Phrase)
    for language in OTHERS:
        told = Words(language, "web").tell(one)
        assert told != one
        assert facts(told) == facts(one)


@pytest.mark.parametrize(
    ("lag_deg", "shown"), [(-0.3, "0"), (0.3, "0"), (12.4, "+12"), (-0.6, "-1"), (179.8, "180"), (-179.8, "180")]
)
def test_an_angle_has_a_sign_only_where_there_is_something_to_sign(lag_deg: float, shown: str) -> None:
    assert str(check_words.degrees(lag_deg)) == shown


@given(PLACINGS)
def test_what_must_be_changed(placing: Placing) -> None:
    said_alike(check_words.described(placing))
    said_alike(check_words.next_step(placing, []))


@given(st.sampled_from(Kind), st.none() | st.sampled_from(Phase), st.lists(st.integers(0, 2), unique=True))
def test_what_is_asked_for(kind: Kind, phase: Phase | None, left: list[int]) -> None:
    said_alike(check_words.prompt_on(kind, phase, 5.0, left))
    said_alike(check_words.prompt_off(kind))


@given(st.floats(-30.0, 30.0), st.sampled_from([-90.0, -50.0, -20.0, 3.0, 40.0, 100.0, 300.0, None]))
def test_how_far_a_clamp_is_off(lead_deg: float, error_percent: float | None) -> None:
    expected_a = None if error_percent is None else 8.7
    said_alike(check_words.measured(1, Size(8.5, lead_deg, 0.7, expected_a, error_percent, 5.0)))


@pytest.mark.parametrize("was_on", [True, False])
def test_that_nobody_did_it(was_on: bool) -> None:  # noqa: FBT001 - drawn
    said_alike(check_words.late(120.0, was_on=was_on))
    said_alike(check_words.nothing_answered(is_again=was_on))


def test_decimals_have_the_comma_of_the_language() -> None:
    one = check_words.measured(0, Size(8.5, 1.0, 0.7, 8.7, -2.3, 5.0))
    assert "8.50 A" in one
    assert "8,50 A" in Words("de", "web").tell(one)
