"""What comes over the wire is a frame or is not; nothing else ever happens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.ocpp import frame
from ampguard.balancing.ocpp.frame import Call, Error, Result, Unreadable

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
payloads = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    max_size=5,
)
ids, words = st.text(min_size=1, max_size=36), st.text(max_size=50)
frames = (
    st.builds(Call, ids, st.text(min_size=1, max_size=30), payloads)
    | st.builds(Result, ids, payloads)
    | st.builds(Error, ids, words, words)
)


@given(frames)
def test_what_is_written_is_read(one: frame.Frame) -> None:
    assert frame.read(frame.write(one)) == one


@given(st.text() | st.binary() | json_values.map(json.dumps) | st.lists(json_values, max_size=6).map(json.dumps))
def test_whatever_comes_is_a_frame_or_is_none(text: str | bytes) -> None:
    try:
        found = frame.read(text)
    except Unreadable:
        return
    assert isinstance(found, Call | Result | Error)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "{}", "[]", "[2]", '[2,"","A",{}]', '[2,5,"A",{}]', '[5,"1","A",{}]', '[true,"1",{}]',
        '[3,"1"]', '[3,"1",[]]', '[3,"1",{},{}]', '[4,"1"]', '[3,"1",{"a":NaN}]',
        "[" * 60000, '[3,"1",{"a":' + "9" * 5000 + "}]",
        '[2.5,"1","A",{}]',
    ],
)  # fmt: skip
def test_nobody_is_told_of_what_is_no_call(text: str) -> None:
    with pytest.raises(Unreadable) as met:
        frame.read(text)
    assert met.value.id is None


@pytest.mark.parametrize(
    "rest", ["{}", '"A"', '"A",[]', '"A",{},{}', "5,{}", '"",{}', '"A",null', f'"{"A" * 99}",{{}}']
)
def test_a_call_that_is_none_can_be_answered(rest: str) -> None:
    with pytest.raises(Unreadable) as met:
        frame.read(f'[2,"7",{rest}]')
    assert met.value.id == "7"


def test_an_error_may_leave_its_last_parts_out() -> None:
    assert frame.read('[4,"1","GenericError"]') == Error("1", "GenericError")
    assert frame.read('[4,"1","GenericError","why",{"a":1}]') == Error("1", "GenericError", "why")
