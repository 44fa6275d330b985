"""The report's words: shares, times, and the language of the environment."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ampguard.report.catalogue import Words, language_of, moment


@given(st.floats(0.0, 1.0))
def test_a_probability_is_never_rounded_up_to_certainty(ratio: float) -> None:
    assert float(re.sub("[^0-9.]", "", Words("en").percent(ratio))) <= min(100 * ratio + 1e-9, 99.99)


def test_the_language_is_the_environment_s_or_english() -> None:
    assert language_of({"LANG": "da_DK.UTF-8"}) == "da"
    assert language_of({"LC_ALL": "nl_BE", "LANG": "fr_BE"}) == "nl"
    assert language_of({"LANG": "no_NO.UTF-8"}) == language_of({"LANG": "nb_NO"}) == "nb"
    assert language_of({"LANG": "C.UTF-8"}) == "en"
    assert language_of({"LANG": "xx"}) == language_of({}) == "en"


def test_times_are_told_in_utc_or_as_they_came() -> None:
    assert moment("2026-11-21T14:05:09+00:00") == "2026-11-21 14:05 UTC"
    assert moment("2026-11-21T14:05:09.123Z") == "2026-11-21 14:05 UTC"
    assert moment("2026-11-21T14:05:09+01:00") == "2026-11-21T14:05:09+01:00"
    assert moment(None) == "\N{EN DASH}"
