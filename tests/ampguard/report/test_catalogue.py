"""The languages: everything the code says is translated, and nothing else; numbers as each language writes them."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.report import catalogues

from ampguard.errors import SetupError
from ampguard.report.catalogue import LANGUAGES, Words, language_of, moment

SAME_EVERYWHERE = {"Software", "System", "Name", "Installer", "Variant", "Signature", "Date", "Computer", "Verdict"}
"""Words that some languages share with English."""


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_message_of_the_code_is_translated_and_no_other(language: str) -> None:
    found = catalogues.catalogue(language)
    translated = {str(one.id): str(one.string) for one in found if one.id}
    assert set(translated) == set(catalogues.said())
    assert [message for message, text in translated.items() if not text.strip()] == []
    assert [one.id for one in found if one.fuzzy and one.id] == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_translation_has_the_same_places_for_facts(language: str) -> None:
    wrong = [
        str(one.id)
        for one in catalogues.catalogue(language)
        if one.id and places(str(one.id)) != places(str(one.string))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_translation_is_no_copy_of_the_english(language: str) -> None:
    same = {str(one.id) for one in catalogues.catalogue(language) if one.id and str(one.id) == str(one.string)}
    assert same <= SAME_EVERYWHERE


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_the_compiled_catalogue_follows_the_one_that_people_edit(language: str) -> None:
    found = catalogues.catalogue(language)
    assert catalogues.place(language).with_suffix(".mo").read_bytes() == catalogues.compiled(found)
    assert Words(language).say("Main fuse") == found.get("Main fuse").string


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_the_tool_leaves_a_finished_catalogue_as_it_is(language: str) -> None:
    known = {str(one.id): str(one.string) for one in catalogues.catalogue(language) if one.id}
    assert catalogues.written(catalogues.brought_up(language, known)) == catalogues.place(language).read_bytes()


def test_a_clamp_is_called_what_electricians_call_it() -> None:
    words = {"da": "strømtransformer", "fr": "transformateur de courant", "nl": "stroomtransformator",
             "sv": "strömtransformator", "de": "Stromwandler"}  # fmt: skip
    for language, word in words.items():
        assert word in Words(language).say("Every CT clamp sits on its own phase, the right way round.")


def test_numbers_have_the_comma_of_the_language_and_a_true_minus() -> None:
    assert Words("en").number(-1.25, 1, "A") == "\N{MINUS SIGN}1.2\N{NO-BREAK SPACE}A"
    assert Words("da").number(230.06, 1, "V") == "230,1\N{NO-BREAK SPACE}V"
    assert Words("de").number(None, 1, "V") == "\N{EN DASH}"
    assert Words("sv").number(-0.04, 1) == "0,0"


@given(st.sampled_from(LANGUAGES), st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_says_what_it_is_worth(language: str, value: float, decimals: int) -> None:
    text = Words(language).number(value, decimals).replace("\N{MINUS SIGN}", "-").replace(",", ".")
    assert float(text) == pytest.approx(value, abs=0.51 * 10.0**-decimals)


@given(st.floats(0.0, 1.0))
def test_a_probability_is_never_rounded_up_to_certainty(ratio: float) -> None:
    assert float(re.sub("[^0-9.]", "", Words("en").percent(ratio))) <= min(100 * ratio + 1e-9, 99.99)


def test_the_language_is_the_environment_s_or_english() -> None:
    assert language_of({"LANG": "da_DK.UTF-8"}) == "da"
    assert language_of({"LC_ALL": "nl_BE", "LANG": "fr_BE"}) == "nl"
    assert language_of({"LANG": "C.UTF-8"}) == "en"
    assert language_of({"LANG": "xx"}) == language_of({}) == "en"


def test_a_language_that_there_is_not_is_said() -> None:
    with pytest.raises(SetupError, match="wanted one of en, da"):
        Words("pt")


def test_times_are_told_in_utc_or_as_they_came() -> None:
    assert moment("2026-11-21T14:05:09+00:00") == "2026-11-21 14:05 UTC"
    assert moment("2026-11-21T14:05:09.123Z") == "2026-11-21 14:05 UTC"
    assert moment("2026-11-21T14:05:09+01:00") == "2026-11-21T14:05:09+01:00"
    assert moment(None) == "\N{EN DASH}"
