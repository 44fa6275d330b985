"""The canonical form: one value, one text, and no text that can be read in two ways."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from ampguard.readings import Json

from ampguard.report.canonical import canonical, parsed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_is_written_is_read_back_and_written_the_same_again(value: Json) -> None:
    assert parsed(canonical(value)) == value
    assert canonical(parsed(canonical(value))) == canonical(value)


@given(JSON)
def test_however_a_value_is_spelled_its_canonical_form_is_the_same(value: Json) -> None:
    spelled = json.dumps(value, ensure_ascii=True, indent=3)
    assert canonical(parsed(spelled.encode())) == canonical(value)


def test_keys_are_sorted_and_nothing_is_between_the_tokens() -> None:
    assert canonical({"b": [1, 2.50], "a": "ø"}) == '{"a":"ø","b":[1,2.5]}'.encode()


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '[{"x": {"a": 1, "a": 1}}]', "NaN", "[Infinity]", "1e999", "", "{"]
)
def test_what_could_be_read_in_two_ways_or_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text.encode())


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'"\\ud800"', b"[" * 100_000])
def test_bytes_that_are_no_text_half_characters_and_endless_brackets_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(raw)


def test_a_number_that_is_none_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical({"a": math.nan})
