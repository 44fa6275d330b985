"""The languages: everything that code and pages say is translated, and nothing else."""

from __future__ import annotations

import re
import string

import pytest
from tests.ampguard import catalogues
from tests.ampguard.catalogues import DOMAINS, TRANSLATED, catalogue, compiled, said, translated

from ampguard.catalogue import Words

EACH = [(language, domain) for language in TRANSLATED for domain in DOMAINS]
WORD = re.compile(r"[^\W\d_]{3,}")


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def test_there_is_something_to_translate_in_code_in_pages_and_in_phrases() -> None:
    assert said("report")["Main fuse"] == "report/page_values.py"
    assert said("web")["To the content"] == "web/templates/base.html"
    assert said("wiring")["The wiring is right"] == "wiring/wording.py"
    assert "The wiring is right" not in said("web")


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_every_message_is_translated_and_no_other(language: str, domain: str) -> None:
    found = translated(language, domain)
    assert set(found) ^ set(said(domain)) == set()
    assert [message for message, text in found.items() if not text.strip()] == []
    assert [one.id for one in catalogue(language, domain) if one.fuzzy and one.id] == []


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_a_translation_has_the_same_places_for_facts(language: str, domain: str) -> None:
    found = translated(language, domain)
    assert {message: text for message, text in found.items() if text and places(message) != places(text)} == {}


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_a_translation_is_no_copy_of_the_english(language: str, domain: str) -> None:
    """But for single words, which languages do share."""
    copies = {message for message, text in translated(language, domain).items() if message == text}
    assert {message for message in copies if len(WORD.findall(re.sub(r"{\w+}", "", message))) > 1} == set()


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_a_translation_ends_as_the_english_does(language: str, domain: str) -> None:
    """A sentence stays one, and a part of a sentence a part: others put them together."""
    ends = {
        message: text
        for message, text in translated(language, domain).items()
        if text and " " in text and (message[-1] in ".…:?") != (text[-1] in ".…:?")
    }
    assert ends == {}


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_the_compiled_catalogue_follows_the_one_that_people_edit(language: str, domain: str) -> None:
    found = catalogue(language, domain)
    assert catalogues.place(language, domain).with_suffix(".mo").read_bytes() == compiled(found)
    message, text = next(iter(translated(language, domain).items()))
    assert Words(language, domain).say(message) == text


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_the_tool_leaves_a_finished_catalogue_as_it_is(language: str, domain: str) -> None:
    again = catalogues.brought_up(language, domain, translated(language, domain))
    assert catalogues.written(again) == catalogues.place(language, domain).read_bytes()


def test_a_clamp_is_called_what_electricians_call_it() -> None:
    words = {"da": "strømtransformer", "fr": "transformateur de courant", "nl": "stroomtransformator",
             "sv": "strömtransformator", "de": "Stromwandler", "nb": "strømtransformator",
             "fi": "virtamuuntaja"}  # fmt: skip
    for language, word in words.items():
        said_ = Words(language, "wiring").say("Every CT clamp sits on its own phase, the right way round.")
        assert word in said_.lower() or word in said_
