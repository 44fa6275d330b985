"""Languages: what is said in them, phrases within phrases, numbers as each of them writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.catalogue import LANGUAGES, Words, known
from ampguard.errors import SetupError
from ampguard.phrase import Number, Phrase, as_heard, as_told, joined, phrase

TEXTS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]))


def test_a_phrase_reads_as_english_and_is_a_text() -> None:
    one = phrase("{amperes} A on {phase}", amperes=Number(4.98, ".1f"), phase="L2")
    assert one == "5.0 A on L2"
    assert isinstance(one, str)
    assert one.message == "{amperes} A on {phase}"


def test_a_phrase_is_said_in_another_language_with_all_that_it_is_made_of() -> None:
    inner = phrase("{amperes} A, in phase with {phase}", amperes=Number(4.5, ".1f"), phase="L2")
    both = joined("; ", [phrase("A voltage is missing."), inner, "L9"])
    assert both == "A voltage is missing.; 4.5 A, in phase with L2; L9"
    assert Words("de", "wiring").tell(both) == "Eine Spannung fehlt.; 4,5 A, in Phase mit L2; L9"


def test_what_no_catalogue_knows_and_what_is_no_phrase_is_said_as_it_is() -> None:
    words = Words("fi", "web")
    assert words.tell("{this} was written by a person") == "{this} was written by a person"
    assert words.tell(phrase("of {nobody}", nobody="x")) == "of x"
    assert words.tell(joined(", ", [])) == ""


@given(st.lists(TEXTS), st.sampled_from(["", ", ", "; "]), st.sampled_from(list(LANGUAGES)))
def test_what_is_joined_is_what_python_joins(parts: list[str], separator: str, language: str) -> None:
    made = joined(separator, parts)
    assert made == separator.join(parts) == Words(language, "web").tell(made)


@given(st.floats(-1e9, 1e9), st.sampled_from([".0f", ".1f", "+.1f", ".2g"]))
def test_in_english_a_phrase_told_is_the_phrase(value: float, form: str) -> None:
    one = phrase("{n} V", n=Number(value, form))
    assert one == Words("en", "web").tell(one) == f"{format(value, form)} V"
    assert type(Words("en", "web").tell(one)) is not Phrase


def test_a_phrase_that_was_told_elsewhere_is_said_there_in_another_language() -> None:
    inner = phrase("{amperes} A, in phase with {phase}", amperes=Number(4.5, ".1f"), phase="L2")
    both = joined("; ", [phrase("A voltage is missing."), inner, "L9"])
    heard = as_heard(json.loads(json.dumps(as_told(both))))
    assert heard is not None
    assert heard == both
    assert Words("de", "wiring").tell(heard) == Words("de", "wiring").tell(both)
    assert as_heard(as_told("{no} phrase")) == "{no} phrase"


@pytest.mark.parametrize(
    "content",
    [None, "x", {}, {"message": "x"}, {"message": "{a}", "facts": {"a": None}},
     {"message": "{a}", "facts": {"a": {"value": 1.0, "form": "nothing"}}}, {"message": "{", "facts": {"a": "b"}}],
)  # fmt: skip
def test_what_is_no_phrase_is_heard_as_none(content: object) -> None:
    assert as_heard(content) is None


def test_numbers_have_the_comma_of_the_language_and_a_true_minus() -> None:
    assert Words("en", "web").number(-1.25, 1, "A") == "\N{MINUS SIGN}1.2\N{NO-BREAK SPACE}A"
    assert Words("da", "web").number(230.06, 1, "V") == "230,1\N{NO-BREAK SPACE}V"
    assert Words("de", "web").number(None, 1, "V") == "\N{EN DASH}"
    assert Words("sv", "web").number(-0.04, 1) == "0,0"


@given(st.sampled_from(list(LANGUAGES)), st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_says_what_it_is_worth(language: str, value: float, decimals: int) -> None:
    text = Words(language, "web").number(value, decimals).replace("\N{MINUS SIGN}", "-").replace(",", ".")
    assert float(text) == pytest.approx(value, abs=0.51 * 10.0**-decimals)


def test_a_language_is_known_by_its_whole_name() -> None:
    assert [known(tag) for tag in ("da", "de-AT", "nl_BE.UTF-8", "FR", " sv ")] == ["da", "de", "nl", "fr", "sv"]
    assert [known(tag) for tag in ("no", "nn-NO", "nb")] == ["nb", "nb", "nb"]
    assert [known(tag) for tag in ("fil", "pt", "", "*", "C.UTF-8")] == [None] * 5


def test_a_language_that_there_is_not_is_said() -> None:
    with pytest.raises(SetupError, match="wanted one of en, da"):
        Words("pt", "web")
